package gateway

import (
	"net"
	"net/http"
	"strings"

	"pack/manifest"
)

// reserved are the request headers that Next keeps for its host; from outside
// they would steer routing, caching or rendering.
// Sources: next/dist/server/lib/server-ipc/utils.js, CVE-2025-29927,
// CVE-2024-46982.
var reserved = []string{
	"X-Middleware-Rewrite", "X-Middleware-Redirect", "X-Middleware-Set-Cookie", "X-Middleware-Skip",
	"X-Middleware-Override-Headers", "X-Middleware-Next", "X-Middleware-Subrequest", "X-Middleware-Subrequest-Id",
	"X-Middleware-Invoke", "X-Middleware-Request-Cookie",
	"X-Now-Route-Matches", "X-Matched-Path", "X-Nextjs-Data", "X-Next-Resume-State-Length", "Next-Resume",
	"X-Prerender-Revalidate", "X-Prerender-Revalidate-If-Generated",
	"X-Next-Revalidated-Tags", "X-Next-Revalidate-Tag-Token", "X-Next-Cache-Tags",
	"X-Invoke-Path", "X-Invoke-Query", "X-Invoke-Output", "X-Invoke-Status", "X-Invoke-Error", "X-Invocation-Id",
	"X-Nextjs-Rewritten-Path", "X-Nextjs-Rewritten-Query",
	// Next takes a page's nonces from them; only proxy.ts may set them
	// (CVE-2026-44581).
	"Content-Security-Policy", "Content-Security-Policy-Report-Only",
}

// Strip removes what nobody outside may say.
func Strip(h http.Header) {
	for _, name := range reserved {
		delete(h, name)
	}
	for name := range h {
		if strings.HasPrefix(name, "X-Pack-") || strings.HasPrefix(name, "X-Middleware-Request-") {
			delete(h, name)
		}
	}
}

// forward completes the X-Forwarded headers as `next start` does, for code of
// the app that reads them.
func forward(r *http.Request) {
	setDefault(r.Header, "X-Forwarded-Host", r.Host)
	proto := "http"
	if r.TLS != nil {
		proto = "https"
	}
	setDefault(r.Header, "X-Forwarded-Proto", proto)
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		setDefault(r.Header, "X-Forwarded-Port", port)
	} else if r.Header.Get("X-Forwarded-Proto") == "https" {
		setDefault(r.Header, "X-Forwarded-Port", "443")
	} else {
		setDefault(r.Header, "X-Forwarded-Port", "80")
	}
	if client, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		setDefault(r.Header, "X-Forwarded-For", client)
	} else if r.RemoteAddr != "" {
		setDefault(r.Header, "X-Forwarded-For", r.RemoteAddr)
	}
}

func setDefault(h http.Header, name, value string) {
	if h.Get(name) == "" && value != "" {
		h.Set(name, value)
	}
}

// origin is the scheme and host that the viewer used.
func origin(r *http.Request) string {
	proto, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	if proto != "https" {
		proto = "http"
	}
	return proto + "://" + r.Host
}

// meets reports whether r fulfils a condition of a page's bypassFor list.
func meets(r *http.Request, c manifest.Condition, match func(pattern, value string) bool) bool {
	var value string
	var present bool
	switch c.Type {
	case "header":
		values, ok := r.Header[http.CanonicalHeaderKey(c.Key)]
		value, present = strings.Join(values, ", "), ok
	case "cookie":
		if cookie, err := r.Cookie(c.Key); err == nil {
			value, present = cookie.Value, true
		}
	case "query":
		query := r.URL.Query()
		value, present = query.Get(c.Key), query.Has(c.Key)
	case "host":
		value, present = r.Host, true
	}
	return present && (c.Value == "" || match(c.Value, value))
}
