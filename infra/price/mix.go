package price

import "pack/manifest"

// Invocation is one call of a function.
type Invocation struct {
	// Seconds are billed, post-response work and, of a cold start, initialisation
	// included.
	Seconds float64
	// Memory is in MB (2^20 bytes).
	Memory       int
	Architecture manifest.Architecture
	// Bytes of a streamed answer.
	Bytes float64
}

// freeStream is what of a streamed answer costs nothing, in bytes.
const freeStream = 6 << 20

// Request is what one request of a kind uses, on the average.
type Request struct {
	// CDN: a CDN is asked first; Bytes are what the viewer gets.
	CDN   bool
	Bytes float64
	// Invocations are the gateway's and those that it causes; none for what the
	// CDN answers itself.
	Invocations []Invocation
	// BucketReads and BucketWrites, TableReads and TableWrites are requests and
	// request units, as of Use.
	BucketReads, BucketWrites float64
	TableReads, TableWrites   float64
	// QueueMessages are sent, received and deleted; those of FIFO queues are
	// counted apart.
	QueueMessages, FIFOMessages float64
	LogBytes                    float64
}

// requestsOfMessage: it is sent, received and deleted.
const requestsOfMessage = 3

// Use is what the request uses.
func (r Request) Use() Use {
	u := Use{
		BucketReads: r.BucketReads, BucketWrites: r.BucketWrites, TableReads: r.TableReads, TableWrites: r.TableWrites,
		QueueRequests: r.QueueMessages * requestsOfMessage, FIFORequests: r.FIFOMessages * requestsOfMessage,
		LogBytes: r.LogBytes,
	}
	if r.CDN {
		u[CDNRequests], u[CDNBytes] = 1, r.Bytes
		if len(r.Invocations) > 0 {
			// The function that notes the viewer's host runs for what the gateway
			// may answer.
			u[CDNFunctions] = 1
		}
	}
	for _, i := range r.Invocations {
		kind := LambdaARM64
		if i.Architecture == manifest.X8664 {
			kind = LambdaX8664
		}
		u[LambdaRequests]++
		u[kind] += i.Seconds * float64(i.Memory) / 1024
		u[LambdaStreamed] += max(0, i.Bytes-freeStream)
	}
	return u
}

// Part is a kind of requests and how many of them come in a month.
type Part struct {
	Request Request
	Count   float64
}

// Mix is a month's traffic.
type Mix []Part

// Use is what the whole mix uses.
func (m Mix) Use() Use {
	sum := Use{}
	for _, p := range m {
		sum = sum.Plus(p.Request.Use().Times(p.Count))
	}
	return sum
}
