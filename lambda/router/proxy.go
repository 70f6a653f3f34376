package router

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// Proxy runs the app's proxy.ts. The router calls it at most once for a
// request, only when a matcher matched. The request's Target and Header are
// those that proxy.ts is to see; it must not be kept. A nil result means that
// the app has no proxy; an error ends Resolve, which returns it wrapped.
type Proxy func(ctx context.Context, r *Request) (*ProxyResult, error)

// ProxyResult is what proxy.ts decided, taken out of its response's headers
// (next/dist/server/lib/router-utils/resolve-routes.js, the "middleware" step).
type ProxyResult struct {
	// Status is the response's.
	Status int
	// Header is for the response to the visitor; what is only meant for the
	// router is taken out.
	Header http.Header
	// Overrides says that the request's headers are replaced by Request.
	Overrides bool
	Request   http.Header
	// SetCookie are cookies that the app's code is to see as if they had been
	// sent (x-middleware-set-cookie).
	SetCookie []string
	// Rewrite is the address to go on with: absolute, or a path.
	Rewrite string
	// Redirect is the address to send the visitor to; empty unless Status is
	// one of a redirect.
	Redirect string
	// Respond says that the response itself, with its body, is the answer.
	Respond bool
}

// errProxyStatus is returned for a response without a status.
var errProxyStatus = errors.New("proxy answered without a valid status")

// ParseProxyResponse reads the response of proxy.ts. It keeps no reference to h
// and does not change it.
func ParseProxyResponse(status int, h http.Header) (*ProxyResult, error) {
	if status < 100 || status > 999 {
		return nil, errProxyStatus
	}
	result := &ProxyResult{Status: status, Header: http.Header{}}
	if override := strings.Join(h[headerMiddlewareOverride], ","); override != "" {
		result.Overrides, result.Request = true, http.Header{}
		for name := range strings.SplitSeq(override, ",") {
			name = http.CanonicalHeaderKey(strings.TrimSpace(name))
			if values, found := h[headerMiddlewareRequest+name]; found {
				result.Request[name] = slices.Clone(values)
			}
		}
	}
	for name, values := range h {
		if result.keeps(name) && slices.ContainsFunc(values, func(v string) bool { return v != "" }) {
			result.Header[name] = slices.Clone(values)
		}
	}
	result.SetCookie = slices.Clone(h[headerMiddlewareSetCookie])
	result.Rewrite = h.Get(headerMiddlewareRewrite)
	location := h.Get("Location")
	switch {
	case location != "" && isProxyRedirect(status):
		result.Redirect = location
	case location != "":
		result.Respond = true
	case result.Rewrite == "" && h.Get(headerMiddlewareNext) == "":
		result.Respond = true
	}
	return result, nil
}

// keeps reports whether a response header goes on to the visitor.
func (p *ProxyResult) keeps(name string) bool {
	switch name {
	case headerMiddlewareOverride, headerMiddlewareNext, headerMiddlewareRewrite,
		headerMiddlewareRedirect, headerMiddlewareRefresh, headerMiddlewareSetCookie, "Content-Length":
		return false
	}
	if slices.Contains(forbiddenHeaders, name) {
		return false
	}
	if overridden, found := strings.CutPrefix(name, headerMiddlewareRequest); found && p.Overrides {
		_, taken := p.Request[overridden]
		return !taken
	}
	return true
}

// isProxyRedirect reports whether a Location counts under a status
// (allowedStatusCodes in next/dist/lib/redirect-status.js).
func isProxyRedirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// applyHeaders changes the request's and the response's headers as the proxy
// asked: what it sets on the response, the app's code sees on its request.
func (p *ProxyResult) applyHeaders(request, response http.Header) http.Header {
	if p.Overrides {
		request = p.Request.Clone()
	} else {
		request = request.Clone()
	}
	if request == nil {
		request = http.Header{}
	}
	if len(p.SetCookie) > 0 {
		request[headerMiddlewareSetCookie] = slices.Clone(p.SetCookie)
	}
	for name, values := range p.Header {
		response[name] = slices.Clone(values)
		request[name] = slices.Clone(values)
	}
	return request
}
