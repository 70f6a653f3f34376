package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"pack/lambda/router"
)

// runProxy lets the router run proxy.ts when a matcher asks for it.
func (g *Gateway) runProxy(r *http.Request) router.Proxy {
	if g.proxy == nil {
		return nil
	}
	return func(ctx context.Context, matched *router.Request) (*router.ProxyResult, error) {
		// proxy.ts and the route both read the body.
		var body []byte
		if r.Body != nil {
			var err error
			if body, err = io.ReadAll(r.Body); err != nil {
				return nil, fmt.Errorf("read request body: %w", err)
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		out := r.Clone(ctx)
		out.Body = io.NopCloser(bytes.NewReader(body))
		response, err := g.proxy(out, origin(r)+r.URL.RequestURI())
		if err != nil {
			return nil, fmt.Errorf("run proxy.ts: %w", err)
		}
		return router.ParseProxyResponse(response)
	}
}

// relayProxy passes on an answer that proxy.ts gave itself.
func (g *Gateway) relayProxy(w http.ResponseWriter, r *http.Request, resolved *router.Result) {
	w.WriteHeader(resolved.Status)
	if resolved.Body == nil {
		return
	}
	defer resolved.Body.Close()
	if r.Method == http.MethodHead {
		return
	}
	if err := stream(w, resolved.Body); err != nil {
		slog.Error("answer of proxy.ts broken off", "path", r.URL.Path, "error", err)
		panic(http.ErrAbortHandler)
	}
}

// overrideHeaders gives the route the request headers that proxy.ts set.
func overrideHeaders(r *http.Request, resolved *router.Result) {
	if resolved.RequestHeader != nil {
		r.Header = resolved.RequestHeader
	}
}
