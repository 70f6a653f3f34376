package gateway

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"pack/lambda/event"
	"pack/lambda/router"
	"pack/manifest"
)

// proxyRun is one request's run of proxy.ts.
type proxyRun struct {
	gateway  *Gateway
	request  *http.Request
	response *http.Response
}

// proxy is what the router calls when a matcher of proxy.ts fits; nil for an
// app without.
func (p *proxyRun) proxy() router.Proxy {
	if p.gateway.proxy == nil {
		return nil
	}
	return func(ctx context.Context, matched *router.Request) (*router.ProxyResult, error) {
		// proxy.ts and the route both read the body.
		body, err := io.ReadAll(p.request.Body)
		if err != nil {
			return nil, fmt.Errorf("read request body: %w", err)
		}
		p.request.Body = io.NopCloser(bytes.NewReader(body))
		out := p.request.Clone(ctx)
		out.Body = io.NopCloser(bytes.NewReader(body))
		if mark := matched.Header.Get("X-Nextjs-Data"); mark != "" {
			out.Header.Set("X-Nextjs-Data", mark)
		}
		p.response, err = p.gateway.proxy(out, origin(p.request)+matched.Target)
		if err != nil {
			return nil, fmt.Errorf("run proxy.ts: %w", err)
		}
		relocate(p.response.Header, p.request)
		return router.ParseProxyResponse(p.response.StatusCode, p.response.Header)
	}
}

// relay passes on an answer that proxy.ts gave itself.
func (p *proxyRun) relay(w http.ResponseWriter, r *http.Request, resolved *router.Result) {
	w.WriteHeader(resolved.Status)
	if r.Method == http.MethodHead {
		return
	}
	if err := event.Stream(w, p.response.Body); err != nil {
		slog.Error("answer of proxy.ts broken off", "path", r.URL.Path, "error", err)
		panic(http.ErrAbortHandler)
	}
}

// relocate undoes what Next's URL class does to loopback addresses: it calls
// them all localhost, and a rewrite to the app itself would look like one to
// another host (next/dist/server/web/next-url.js).
func relocate(h http.Header, r *http.Request) {
	name, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		name, port = r.Host, ""
	}
	if address, err := netip.ParseAddr(strings.Trim(name, "[]")); err != nil || !address.IsLoopback() {
		return
	}
	alias := "localhost"
	if port != "" {
		alias += ":" + port
	}
	from := strings.TrimSuffix(origin(r), r.Host) + alias
	for _, key := range []string{"Location", "X-Middleware-Rewrite", "X-Middleware-Redirect"} {
		value := h.Get(key)
		if rest, ok := strings.CutPrefix(value, from); ok && (rest == "" || rest[0] == '/' || rest[0] == '?') {
			h.Set(key, origin(r)+rest)
		}
	}
}

// withProxyStatus gives a page or file the status of a proxy.ts that let the
// request pass (`NextResponse.next({ status })`) or rewrote it. Handlers have
// one of their own.
func withProxyStatus(w http.ResponseWriter, resolved *router.Result, output *manifest.Output) http.ResponseWriter {
	status := resolved.ProxyStatus
	if status == 0 || status == http.StatusOK || resolved.Kind != router.Output && resolved.Kind != router.Asset ||
		output != nil && (output.Type == "APP_ROUTE" || output.Type == "PAGES_API") {
		return w
	}
	return &headWriter{ResponseWriter: w, edit: func(answered int, _ http.Header) int {
		if answered == http.StatusOK {
			return status
		}
		return answered
	}}
}
