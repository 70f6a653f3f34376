package invoke

import (
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

const (
	// connectTime is how long a region may take to accept a connection before it
	// counts as unreachable; AWS's own do within 0.3 s from anywhere.
	connectTime = 2 * time.Second

	// freshTime is for how long after the last request a connection is sure to be
	// open still. AWS does not say when it closes idle ones; an instance that is
	// frozen does not notice until it writes to one
	// (https://github.com/aws/aws-sdk-js-v3/issues/1196).
	freshTime = 5 * time.Second

	// idleTime is for how long a connection is tried for what may be asked twice.
	idleTime = time.Minute
)

// repeatableMark among a request's header fields says that it may be made twice;
// without values it is not sent, and net/http understands it as well.
const repeatableMark = "Idempotency-Key"

// transport makes requests over connections that may have been closed while the
// instance was frozen: what fails on a used one is made again on a new one where
// that does no harm, and anything else does not go over one that has been idle.
type transport struct {
	*http.Transport
	fresh time.Duration
	// asked is when the last request was made, in milliseconds since 1970.
	asked atomic.Int64
}

func newTransport(fresh time.Duration) *transport {
	// The default transport keeps two connections: an instance of the gateway
	// has one call at a time, the worker several.
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 16
	t.IdleConnTimeout = idleTime
	t.DialContext = (&net.Dialer{Timeout: connectTime, KeepAlive: 30 * time.Second}).DialContext
	t.TLSHandshakeTimeout = 2 * connectTime
	return &transport{Transport: t, fresh: fresh}
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	now := time.Now().UnixMilli()
	idle := time.Duration(now-t.asked.Swap(now)) * time.Millisecond
	if _, repeatable := r.Header[repeatableMark]; !repeatable {
		if idle >= t.fresh {
			t.CloseIdleConnections()
		}
		return t.Transport.RoundTrip(r)
	}
	used := false
	trace := &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { used = c.Reused }}
	response, err := t.Transport.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	if err == nil || !used || r.Context().Err() != nil || r.GetBody == nil {
		return response, err
	}
	t.CloseIdleConnections()
	again := r.Clone(r.Context())
	if again.Body, err = r.GetBody(); err != nil {
		return nil, err
	}
	return t.Transport.RoundTrip(again)
}
