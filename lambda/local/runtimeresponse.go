package local

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"time"
)

// next waits for work. AWS's Node client asks for it on one connection while its answer
// is still under way on another, so an answer that is due gets time to come.
func (c *runtimeConn) next(req *http.Request) bool {
	late := time.Now().Add(answerGrace)
	for {
		parked, settled, begun := c.in.park(c)
		if parked {
			return true
		}
		if settled == nil || (!begun && time.Now().After(late)) {
			return c.reject(req, http.StatusForbidden, "InvalidStateTransition", "Work was asked for before the last was answered")
		}
		wait := time.NewTimer(answerGrace)
		select {
		case <-settled:
		case <-wait.C:
		case <-c.in.gone:
		}
		wait.Stop()
	}
}

// answerGrace is how much later than the request for more work an answer may begin.
const answerGrace = 500 * time.Millisecond

// claim makes the answer to the current invocation this connection's.
func (c *runtimeConn) claim(id string) (inv *invocation, status int, kind, message string) {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	inv = c.in.current
	switch {
	case c.in.state == stateStarting || inv == nil:
		return nil, http.StatusForbidden, "InvalidStateTransition", "No invocation is waiting for an answer"
	case inv.id != id:
		return nil, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID"
	case inv.responded:
		return nil, http.StatusBadRequest, "InvalidRequestID", "The invocation has its answer already"
	}
	inv.responded = true
	return inv, 0, "", ""
}

// response takes an answer, streamed or whole.
func (c *runtimeConn) response(req *http.Request, id string) bool {
	inv, status, kind, message := c.claim(id)
	if inv == nil {
		return c.reject(req, status, kind, message)
	}
	st := &Stream{RequestID: inv.id, ContentType: req.Header.Get("Content-Type"), in: c.in}
	mode := req.Header.Get(headerResponseMode)
	if mode != "" && mode != "streaming" {
		c.in.settle(inv)
		c.in.fail(inv, newFunctionError(inv.id, "Runtime.InvalidResponseModeHeader", "Invalid function response mode"))
		return c.reject(req, http.StatusBadRequest, "InvalidFunctionResponseMode", "Invalid function response mode")
	}
	media, _, _ := mime.ParseMediaType(st.ContentType)
	if !inv.raw && mode == "" && media != httpIntegration {
		return c.wholeResponse(req, inv, st)
	}
	st.Streamed, st.conn, st.req, st.done = true, c, req, make(chan struct{})
	if !inv.deliver(answer{stream: st}) {
		_, _ = io.Copy(io.Discard, st) // nobody waits; the function isn't told
	}
	select {
	case <-st.done:
	case <-c.in.gone: // the reader has the rest of the connection
		return false
	}
	c.in.settle(inv)
	switch err := st.err.(type) {
	case *FunctionError:
		switch err.Type {
		case errTooLarge:
			return c.tooLarge(req, maxStreamed)
		case errTruncated:
			return false
		}
	}
	return c.accepted()
}

// wholeResponse reads an answer that isn't streamed before anybody sees it.
func (c *runtimeConn) wholeResponse(req *http.Request, inv *invocation, st *Stream) bool {
	limited := io.LimitReader(req.Body, maxBuffered+1)
	whole := make([]byte, 0, max(512, min(req.ContentLength, maxBuffered)+1))
	whole, err := appendAll(whole, limited)
	switch {
	case err != nil:
		c.in.settle(inv)
		if inv.state.Load() == invocationPending {
			if failed := c.in.broken(inv.id); failed != nil {
				c.in.fail(inv, failed)
			}
		}
		return false
	case len(whole) > maxBuffered:
		c.in.settle(inv)
		c.in.fail(inv, newFunctionError(inv.id, errTooLarge,
			"Response payload size exceeded maximum allowed payload size (%d bytes).", maxBuffered))
		return c.tooLarge(req, maxBuffered)
	}
	c.in.settle(inv)
	st.whole = whole
	if kind := req.Trailer.Get(headerErrorType); kind != "" {
		st.req = req
		inv.deliver(answer{err: st.trailer()})
	} else {
		inv.deliver(answer{stream: st})
	}
	return c.accepted()
}

// appendAll is io.ReadAll into a slice that is there.
func appendAll(b []byte, r io.Reader) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

// invocationError takes the function's own report that it failed.
func (c *runtimeConn) invocationError(req *http.Request, id string) bool {
	inv, status, kind, message := c.claim(id)
	if inv == nil {
		return c.reject(req, status, kind, message)
	}
	failed := c.reported(req, inv.id)
	c.in.settle(inv)
	c.in.fn.stats.errors.Add(1)
	inv.deliver(answer{err: failed})
	return c.accepted()
}

// initError takes the report of a function that could not start. Its process has to
// end; AWS ends one that doesn't.
func (c *runtimeConn) initError(req *http.Request) bool {
	c.in.mu.Lock()
	starting := c.in.state == stateStarting
	c.in.mu.Unlock()
	if !starting {
		return c.reject(req, http.StatusForbidden, "InvalidStateTransition", "The init is over")
	}
	failed := c.reported(req, "init")
	c.in.mu.Lock()
	c.in.initDoc = failed
	c.in.mu.Unlock()
	c.in.svc.wg.Go(func() {
		select {
		case <-c.in.gone:
		case <-time.After(initErrorGrace):
			c.in.kill(nil)
		}
	})
	return c.accepted()
}

// initErrorGrace is time to write last log lines.
const initErrorGrace = 500 * time.Millisecond

// reported reads an error that the runtime sends, a JSON document by contract.
func (c *runtimeConn) reported(req *http.Request, requestID string) *FunctionError {
	doc, _ := io.ReadAll(io.LimitReader(req.Body, maxErrorBody))
	_, _ = io.Copy(io.Discard, req.Body)
	kind := req.Header.Get(headerErrorType)
	if !json.Valid(doc) || len(doc) == 0 {
		return newFunctionError(requestID, defaulted(kind, "Runtime.Unknown"), "%s", doc)
	}
	if kind == "" {
		var shape struct {
			Type string `json:"errorType"`
		}
		_ = json.Unmarshal(doc, &shape) // any JSON document is passed on
		kind = shape.Type
	}
	return &FunctionError{Type: kind, Payload: doc}
}
