package event

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
)

type contextKey struct{}

// scope is what belongs to one invocation.
type scope struct {
	call  *Call
	after *After
}

// CallOf returns what another of pack's functions said beside the request, or
// nil for a request from outside.
func CallOf(ctx context.Context) *Call {
	if s, ok := ctx.Value(contextKey{}).(*scope); ok {
		return s.call
	}
	return nil
}

// After holds the post-response work of one invocation, in the order given.
type After struct {
	mu   sync.Mutex
	work []func()
}

// AfterResponse has work run when the caller has the whole response: inside
// the invocation, before the next one is asked for. Outside of an invocation,
// behind an ordinary HTTP server, it runs at once in a goroutine of its own.
func AfterResponse(ctx context.Context, work func()) {
	s, ok := ctx.Value(contextKey{}).(*scope)
	if !ok || s.after == nil {
		go work()
		return
	}
	s.after.mu.Lock()
	defer s.after.mu.Unlock()
	s.after.work = append(s.after.work, work)
}

// run does the work one by one, including what the work itself adds.
func (a *After) run() {
	for {
		a.mu.Lock()
		if len(a.work) == 0 {
			a.mu.Unlock()
			return
		}
		next := a.work[0]
		a.work = a.work[1:]
		a.mu.Unlock()
		guard(next)
	}
}

func (a *After) empty() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.work) == 0
}

// guard keeps a panic in one piece of work from taking the instance along:
// nothing above Close recovers.
func guard(work func()) {
	defer func() {
		if problem := recover(); problem != nil {
			slog.Error("post-response work panicked", "panic", fmt.Sprint(problem), "stack", string(debug.Stack()))
		}
	}()
	work()
}

// WithCall returns r as if another of pack's functions had sent it.
func WithCall(r *http.Request, call *Call) *http.Request {
	var after *After
	if s, ok := r.Context().Value(contextKey{}).(*scope); ok {
		after = s.after
	}
	return r.WithContext(context.WithValue(r.Context(), contextKey{}, &scope{call: call, after: after}))
}
