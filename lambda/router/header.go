package router

import (
	"net/http"
	"strings"
)

// Headers of the protocol between Next's router and what it calls
// (next/dist/server/lib/server-ipc/utils.js, client/components/app-router-headers.js).
const (
	headerMiddlewareNext      = "X-Middleware-Next"
	headerMiddlewareRewrite   = "X-Middleware-Rewrite"
	headerMiddlewareRedirect  = "X-Middleware-Redirect"
	headerMiddlewareRefresh   = "X-Middleware-Refresh"
	headerMiddlewareOverride  = "X-Middleware-Override-Headers"
	headerMiddlewareRequest   = "X-Middleware-Request-"
	headerMiddlewareSetCookie = "X-Middleware-Set-Cookie"
	headerData                = "X-Nextjs-Data"
	headerRSC                 = "Rsc"
	headerRewrittenPath       = "X-Nextjs-Rewritten-Path"
	headerRewrittenQuery      = "X-Nextjs-Rewritten-Query"
)

// internalHeaders are the request headers that Next reserves for itself: an
// outsider's are dropped before anything looks at them (filterinternalHeaders).
var internalHeaders = []string{
	headerMiddlewareRewrite,
	headerMiddlewareRedirect,
	headerMiddlewareSetCookie,
	"X-Middleware-Skip",
	headerMiddlewareOverride,
	headerMiddlewareNext,
	"X-Now-Route-Matches",
	"X-Matched-Path",
	headerData,
	"X-Next-Resume-State-Length",
	"Next-Resume",
}

// forbiddenHeaders are the response headers of a proxy that belong to the
// connection between the two programs (ipcForbiddenHeaders).
var forbiddenHeaders = []string{
	"Accept-Encoding", "Keepalive", "Keep-Alive", "Content-Encoding",
	"Transfer-Encoding", "Connection", "Expect",
}

// withoutInternal returns the header without Next's own names; the same map
// when there are none.
func withoutInternal(h http.Header) http.Header {
	for _, name := range internalHeaders {
		if _, found := h[name]; !found {
			continue
		}
		h = h.Clone()
		for _, name := range internalHeaders {
			delete(h, name)
		}
		return h
	}
	return h
}

// setRuleHeader sets what a rule says: a later rule's value replaces an
// earlier one's, cookies are added. Names and values that HTTP cannot carry
// are left out.
func setRuleHeader(h http.Header, name, value string) {
	if !validHeader(name, value) {
		return
	}
	if strings.EqualFold(name, "set-cookie") {
		h.Add(name, value)
		return
	}
	h.Set(name, value)
}

func validHeader(name, value string) bool {
	if name == "" {
		return false
	}
	for i := 0; i < len(name); i++ {
		if !isWord(name[i]) && strings.IndexByte("!#$%&'*+-.^`|~", name[i]) < 0 {
			return false
		}
	}
	for i := 0; i < len(value); i++ {
		if value[i] < ' ' && value[i] != '\t' || value[i] == 0x7f {
			return false
		}
	}
	return true
}
