package event

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
)

// ContentType marks a streamed body that starts with the JSON prelude.
const ContentType = "application/vnd.awslambda.http-integration-response"

const (
	// commitAt: a response is held back until the handler returns, flushes, or
	// has written this many bytes, so that a small one leaves in one piece.
	commitAt = 32 << 10
	// holdAt: a handler waits while this many bytes are unread.
	holdAt = 256 << 10
)

// Response is what an invocation answers. The invocation loop takes it to the
// end, then calls Close, and asks for the next invocation when Close returns.
// It is an io.ReadCloser with a content type as well, so that aws-lambda-go's
// loop can do the same.
type Response struct {
	cancel context.CancelFunc
	after  *After

	mu        sync.Mutex
	changed   sync.Cond
	pending   []byte
	committed bool
	done      bool
	err       error
}

// Handle makes a Lambda handler of h: one goroutine per invocation, its answer
// streamed. A panic in h is a 500, or a broken stream when part of an answer is
// out; http.ErrAbortHandler, of who relays what broke off elsewhere, is a 502 or a
// broken stream.
func Handle(h http.Handler) func(context.Context, []byte) (*Response, error) {
	return func(ctx context.Context, raw []byte) (*Response, error) {
		request, call, direct, err := parse(raw)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithCancel(ctx)
		response := &Response{cancel: cancel, after: &After{}}
		response.changed.L = &response.mu
		ctx = context.WithValue(ctx, contextKey{}, &scope{call: call, after: response.after})
		go response.run(h, request.WithContext(ctx), direct)
		return response, nil
	}
}

func (r *Response) run(h http.Handler, request *http.Request, direct bool) {
	w := &writer{response: r, header: make(http.Header), head: request.Method == http.MethodHead, filled: direct}
	defer func() {
		problem := recover()
		if problem != nil && problem != http.ErrAbortHandler {
			slog.Error("handler panicked", "method", request.Method, "path", request.URL.Path, "panic", fmt.Sprint(problem), "stack", string(debug.Stack()))
		}
		w.finish(problem)
	}()
	h.ServeHTTP(w, request)
}

// Read implements io.Reader over prelude and body.
func (r *Response) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.done && (!r.committed || len(r.pending) == 0) {
		r.changed.Wait()
	}
	if len(r.pending) > 0 {
		n := copy(p, r.pending)
		r.pending = r.pending[n:]
		r.changed.Broadcast()
		return n, nil
	}
	if r.err != nil {
		return 0, r.err
	}
	return 0, io.EOF
}

// Next waits for the next piece of prelude and body. done comes with the last
// piece, which may be empty; p is the caller's. An error breaks the stream off.
func (r *Response) Next() (p []byte, done bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.done && (!r.committed || len(r.pending) == 0) {
		r.changed.Wait()
	}
	p, r.pending = r.pending, nil
	if r.done {
		return p, true, r.err
	}
	r.changed.Broadcast()
	return p, false, nil
}

// Idle reports whether Close would have nothing to wait for. It is right once
// the last piece has been taken.
func (r *Response) Idle() bool { return r.after.empty() }

// ContentType implements aws-lambda-go's contract for streamed responses.
func (r *Response) ContentType() string { return ContentType }

// Close waits for the handler and for all post-response work. The caller has
// the whole answer by then.
func (r *Response) Close() error {
	r.mu.Lock()
	for !r.done {
		// The caller stopped reading: nobody needs the rest.
		r.cancel()
		r.pending = nil
		r.err = errAbandoned
		r.changed.Broadcast()
		r.changed.Wait()
	}
	r.mu.Unlock()
	r.after.run()
	r.cancel()
	return nil
}

var (
	errAbandoned = errors.New("response abandoned by the caller")
	errBroken    = errors.New("response broken off")
)

// writer is the http.ResponseWriter of one invocation.
type writer struct {
	response *Response
	header   http.Header
	wrote    bool
	bodyless bool
	head     bool
	// filled: an answer without a body gets one. Function URLs that stream leave the
	// connection open behind an empty one, in many accounts until somebody gives up,
	// whatever the runtime that sent it. HEAD, 204 and 304 are no exception: of a body
	// theirs gets no further than the function URL.
	// https://github.com/aws/aws-lambda-web-adapter/issues/499
	// https://github.com/aws/aws-lambda-go/issues/593
	// https://github.com/opennextjs/opennextjs-aws/pull/443
	filled bool
	// body: part of one was written.
	body bool
}

// filling is the body of an answer that has none.
const filling = "\n"

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	if w.wrote || status < 200 {
		return
	}
	w.wrote = true
	w.bodyless = w.head || status == http.StatusNoContent || status == http.StatusNotModified
	if w.filled && w.header.Get("Content-Length") == "0" {
		w.header.Del("Content-Length")
	}
	r := w.response
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending = appendPrelude(r.pending, status, w.header)
}

func (w *writer) Write(p []byte) (int, error) {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	if w.bodyless {
		return len(p), nil
	}
	r := w.response
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.err == nil && len(r.pending) > holdAt {
		r.changed.Wait()
	}
	if r.err != nil {
		return 0, r.err
	}
	w.body = w.body || len(p) > 0
	r.pending = append(r.pending, p...)
	if !r.committed && len(r.pending) >= commitAt {
		r.committed = true
	}
	if r.committed {
		r.changed.Broadcast()
	}
	return len(p), nil
}

// Flush lets everything written so far leave.
func (w *writer) Flush() {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	r := w.response
	r.mu.Lock()
	defer r.mu.Unlock()
	r.committed = true
	r.changed.Broadcast()
}

func (w *writer) finish(problem any) {
	r := w.response
	r.mu.Lock()
	if problem != nil && r.committed {
		r.err = errBroken
	}
	fresh := problem != nil && !r.committed
	if fresh {
		r.pending = nil
	}
	r.mu.Unlock()
	if fresh {
		w.header, w.wrote = http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, false
		status := http.StatusInternalServerError
		if problem == http.ErrAbortHandler {
			status = http.StatusBadGateway
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(http.StatusText(status)))
	} else if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	r.mu.Lock()
	if w.filled && !w.body && r.err == nil {
		r.pending = append(r.pending, filling...)
	}
	r.committed, r.done = true, true
	r.changed.Broadcast()
	r.mu.Unlock()
}
