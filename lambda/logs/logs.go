// Package logs has a function write what CloudWatch can be searched by: one JSON
// object a line, with the id of the request and the route, of the program as of
// the app.
package logs

import (
	"context"
	"io"
	"log/slog"
	"sync/atomic"
)

// The fields of a line, besides slog's own time, level and msg. The request id is
// the one in Lambda's own lines.
const (
	RequestField = "requestId"
	RouteField   = "route"
)

// An instance has one invocation at a time.
var request, route atomic.Pointer[string]

// Begin says which invocation runs from now on; "" is none.
func Begin(id string) {
	request.Store(&id)
	route.Store(nil)
}

// On says which route answers it; the text must not change.
func On(pathname *string) { route.Store(pathname) }

func current(p *atomic.Pointer[string]) string {
	if text := p.Load(); text != nil {
		return *text
	}
	return ""
}

// Handler returns a handler of slog that writes JSON lines to w.
func Handler(w io.Writer) slog.Handler { return handler{slog.NewJSONHandler(w, nil), false} }

type handler struct {
	slog.Handler
	// routed: the route is an attribute already.
	routed bool
}

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if id := current(&request); id != "" {
		r.AddAttrs(slog.String(RequestField, id))
	}
	routed := h.routed
	r.Attrs(func(a slog.Attr) bool {
		routed = routed || a.Key == RouteField
		return !routed
	})
	if at := current(&route); at != "" && !routed {
		r.AddAttrs(slog.String(RouteField, at))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		h.routed = h.routed || a.Key == RouteField
	}
	h.Handler = h.Handler.WithAttrs(attrs)
	return h
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler {
	h.Handler = h.Handler.WithGroup(name)
	return h
}
