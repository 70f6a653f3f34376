package local

import (
	"encoding/hex"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// invocation is one event on its way through an instance.
type invocation struct {
	name          string // of the function
	id            string // the request id, a UUID
	trace         string // X-Ray trace header
	clientContext string // JSON, from the Invoke API
	payload       *buffer
	raw           bool          // pass an answer on as it comes, whatever its content type
	maxWait       time.Duration // for an instance, when the limits are reached

	answer chan answer // gets at most one
	state  atomic.Int32

	// Guarded by the instance's mutex.
	responded bool // the function began its answer
	ended     bool // and completed it
}

// answer is what an invocation comes to: the beginning of a stream or an error.
type answer struct {
	stream *Stream
	err    error
}

const (
	invocationPending = iota
	invocationAnswered
	invocationAbandoned
)

// prepare fills in what the caller left open.
func (inv *invocation) prepare() {
	if inv.id == "" {
		inv.id = newRequestID()
	}
	if inv.trace == "" {
		inv.trace = newTrace()
	}
	inv.answer = make(chan answer, 1)
}

// deliver gives the caller its answer; false if it has one or does not want it.
func (inv *invocation) deliver(a answer) bool {
	if !inv.state.CompareAndSwap(invocationPending, invocationAnswered) {
		return false
	}
	inv.answer <- a
	return true
}

// abandon says that nobody waits any more; false if the answer is there already.
func (inv *invocation) abandon() bool {
	return inv.state.CompareAndSwap(invocationPending, invocationAbandoned)
}

// newRequestID is a random UUID (RFC 9562, version 4); it needs no secrecy.
func newRequestID() string {
	var raw [16]byte
	hi, lo := rand.Uint64(), rand.Uint64()
	for i := range 8 {
		raw[i], raw[8+i] = byte(hi>>(8*i)), byte(lo>>(8*i))
	}
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[0:], raw[0:4])
	hex.Encode(text[9:], raw[4:6])
	hex.Encode(text[14:], raw[6:8])
	hex.Encode(text[19:], raw[8:10])
	hex.Encode(text[24:], raw[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// newTrace is a tracing header that nobody samples. See
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
func newTrace() string {
	const shape = "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0"
	text := []byte(shape)
	putHex(text[7:15], uint64(time.Now().Unix()))
	putHex(text[16:32], rand.Uint64())
	putHex(text[32:40], rand.Uint64())
	putHex(text[48:64], rand.Uint64())
	return string(text)
}

func putHex(dst []byte, v uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = "0123456789abcdef"[v&15]
		v >>= 4
	}
}

// buffer is a byte slice that is used again.
type buffer struct{ bytes []byte }

// maxPooled keeps a rare large event from staying in memory, in bytes.
const maxPooled = 1 << 20

var buffers = sync.Pool{New: func() any { return &buffer{bytes: make([]byte, 0, 16<<10)} }}

func getBuffer() *buffer { return buffers.Get().(*buffer) }

func (b *buffer) free() {
	if cap(b.bytes) <= maxPooled {
		b.bytes = b.bytes[:0]
		buffers.Put(b)
	}
}
