package router

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
)

// ErrProxyAddress is what Resolve's error wraps when the proxy rewrote or
// redirected to something that is no address.
var ErrProxyAddress = errors.New("proxy named an invalid address")

// runProxy calls the proxy when a matcher matches the path or its decoded form,
// and does what it says.
func (s *resolution) runProxy(ctx context.Context, proxy Proxy) (*Result, error) {
	if proxy == nil || len(s.router.matchers.rules) == 0 {
		return nil, nil
	}
	wanted, err := s.wantsProxy()
	if err != nil || !wanted {
		return nil, err
	}
	answer, err := proxy(ctx, s.proxyRequest())
	if err != nil {
		return nil, fmt.Errorf("run proxy: %w", err)
	}
	if answer == nil {
		return nil, nil
	}
	s.headers = answer.applyHeaders(s.headers, s.response)
	s.proxyStatus = answer.Status
	if answer.Rewrite != "" {
		origin, location, err := s.relative(answer.Rewrite)
		if err != nil {
			return nil, err
		}
		s.response.Set(headerMiddlewareRewrite, origin+location)
		if origin != "" {
			if location == "" {
				return nil, fmt.Errorf("%w: %q", ErrProxyAddress, answer.Rewrite)
			}
			return s.external(origin+location, s.response), nil
		}
		s.replace(location)
	}
	if answer.Redirect != "" {
		origin, location, err := s.relative(answer.Redirect)
		if err != nil {
			return nil, err
		}
		result := s.redirect(origin+location, answer.Status)
		s.response.Del("Location")
		maps.Copy(s.response, result.Header)
		result.Header = s.response
		return result, nil
	}
	if answer.Respond {
		return s.finish(&Result{Kind: Responded, Status: answer.Status}, s.path), nil
	}
	return nil, nil
}

// wantsProxy reports whether a matcher matches. The decoded form is tried as
// well, and the app's own spelling of the locale: neither /%61dmin nor /FR/admin
// must get around a matcher for /admin.
func (s *resolution) wantsProxy() (bool, error) {
	for _, path := range s.matcherPaths() {
		for i := range s.router.matchers.rules {
			r := &s.router.matchers.rules[i]
			ok, err := r.pattern.test(path)
			if err == nil && ok {
				_, ok, err = meets(s, r.has, r.missing)
			}
			if err != nil || ok {
				return ok, err
			}
		}
	}
	return false, nil
}

func (s *resolution) matcherPaths() []string {
	paths := []string{s.path}
	if decoded, ok := decodeComponent(s.path); ok && decoded != s.path {
		paths = append(paths, decoded)
	}
	for _, path := range paths {
		if spelled := s.spelled(path); spelled != path {
			paths = append(paths, spelled)
		}
	}
	return paths
}

// proxyRequest is the request as the proxy is to see it.
func (s *resolution) proxyRequest() *Request {
	r := *s.request
	r.Header = s.headers
	if !s.router.app.SkipProxyURLNormalize {
		// A request for data looks like one for its page.
		r.Target = s.path + search(s.rawQuery)
	}
	return &r
}

// relative resolves an address that the proxy named against the request's and
// splits it into its origin, empty when it is the app's own, and the rest
// (getRelativeURL). Addresses that are not of HTTP are all origin.
func (s *resolution) relative(address string) (origin, rest string, err error) {
	rest = address
	if end := strings.IndexAny(address, "?#"); end >= 0 {
		rest = address[:end]
	}
	rest = strings.ReplaceAll(rest, "\\", "/") + address[len(rest):]
	if strings.HasPrefix(rest, "//") {
		rest = s.scheme() + ":" + rest
	}
	origin, rest, absolute := cutOrigin(rest)
	path, query := splitTarget(s.request.Target)
	switch {
	case absolute && !validHost(origin):
		return "", "", fmt.Errorf("%w: %q", ErrProxyAddress, address)
	case absolute && sameOrigin(origin, s.scheme()+"://"+s.request.Host):
		origin = ""
	case absolute:
	case hasScheme(rest):
		return escapeSearch(rest), "", nil
	case rest == "" || rest[0] == '#':
		rest = path + search(query) + rest
	case rest[0] == '?':
		rest = path + rest
	case rest[0] != '/':
		rest = path[:strings.LastIndexByte(path, '/')+1] + rest
	}
	rest, hash, hashed := strings.Cut(rest, "#")
	path, query, queried := strings.Cut(rest, "?")
	if path == "" || path[0] != '/' {
		path = "/" + path
	}
	rest = normalizePath(path)
	if queried {
		rest += "?" + escapeSearch(query)
	}
	if hashed {
		rest += "#" + escapeSearch(hash)
	}
	return origin, rest, nil
}

// validHost reports whether an origin can be written in a header.
func validHost(origin string) bool {
	_, host, _ := strings.Cut(origin, "//")
	return host != "" && escapeSearch(host) == host
}

// hasScheme reports whether an address starts with the name of a scheme.
func hasScheme(address string) bool {
	name, _, found := strings.Cut(address, ":")
	if !found || name == "" || name[0] < 'A' {
		return false
	}
	for i := 0; i < len(name); i++ {
		if !isWord(name[i]) && strings.IndexByte("+-.", name[i]) < 0 || name[i] == '_' {
			return false
		}
	}
	return true
}

func (s *resolution) scheme() string {
	if s.request.HTTPS {
		return "https"
	}
	return "http"
}

// replace goes on with another path and query of the app.
func (s *resolution) replace(target string) {
	path, query := splitTarget(target)
	s.path, s.rawQuery, s.sentQuery = normalizePath(path), query, query
	s.queryParsed, s.rewritten = false, true
	if s.data {
		if page, ok := s.router.pageOfData(s.path); ok {
			s.path = s.router.addBase(page)
		}
	}
	s.takeLocale(s.path)
}
