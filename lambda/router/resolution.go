package router

import (
	"context"
	"net/http"
	"strings"
)

// resolution is one request on its way through the phases.
type resolution struct {
	router  *Router
	request *Request
	// headers are the request's, without Next's internal names and with what
	// the proxy changed.
	headers  http.Header
	response http.Header

	// path is the current pathname.
	path     string
	rawQuery string
	// sentQuery is rawQuery before any rule changed it.
	sentQuery   string
	query       Query
	queryParsed bool
	// initial is the query of the request.
	initial Query

	host string
	// data is set for data requests that are resolved as pages; dataHeader for
	// all requests that next start marks with x-nextjs-data.
	data, dataHeader bool
	rewritten        bool

	// proxyStatus is the status of the proxy's response.
	proxyStatus int

	locale, defaultLocale string
	// localeInPath: the visitor's address names a locale.
	localeInPath bool
}

// run takes the request through the phases in next start's order.
func (s *resolution) run(ctx context.Context, proxy Proxy) (*Result, error) {
	s.headers = withoutInternal(s.request.Header)
	if !validTarget(s.request.Target) {
		return nil, errMalformed
	}
	path, query := splitTarget(s.request.Target)
	s.rawQuery, s.sentQuery = query, query
	if result := s.redirectLocale(path); result != nil {
		return result, nil
	}
	if collapsed := collapseSlashes(path); collapsed != path {
		return s.redirect(normalizePath(collapsed)+search(escapeSearch(query)), http.StatusPermanentRedirect), nil
	}
	s.path = normalizePath(path)
	s.addLocale()
	s.takeData()

	if result, err := s.apply(s.router.beforeMiddleware); result != nil || err != nil {
		return result, err
	}
	if result, err := s.runProxy(ctx, proxy); result != nil || err != nil {
		return result, err
	}
	if result, err := s.rewrite(s.router.beforeFiles, false); result != nil || err != nil {
		return result, err
	}
	if result, err := s.checkFiles(); result != nil || err != nil {
		return result, err
	}
	if result, err := s.rewrite(s.router.afterFiles, true); result != nil || err != nil {
		return result, err
	}
	if result, err := s.check(); result != nil || err != nil {
		return result, err
	}
	if result, err := s.rewrite(s.router.fallback, true); result != nil || err != nil {
		return result, err
	}
	return s.finish(&Result{Kind: NotFound, Status: http.StatusNotFound}, s.path), nil
}

// apply runs header rules and redirects. A redirect carries no headers of
// other rules.
func (s *resolution) apply(p *phase) (*Result, error) {
	var buffer [32]int32
	for _, i := range p.index.candidates(buffer[:0], s.path, -1) {
		r := &p.rules[i]
		found, captured, ok, err := s.matches(r)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if r.redirect {
			if result := s.redirectBy(r, found, captured); result != nil {
				return result, nil
			}
			continue
		}
		s.setHeaders(r, found, captured)
	}
	return nil, nil
}

// setHeaders sets what a rule says. The rule that Next generates for its own
// hashed files yields to what the app's rules say.
func (s *resolution) setHeaders(r *rule, found captures, captured []Pair) {
	for _, h := range r.headers {
		name, value := h.key.expand(found, captured), h.value.expand(found, captured)
		if r.generated && s.response.Get(name) != "" {
			continue
		}
		setRuleHeader(s.response, name, value)
	}
}

// matches tries a rule on the current path.
func (s *resolution) matches(r *rule) (captures, []Pair, bool, error) {
	path := s.path
	if r.internal {
		path = s.withoutDefaultLocale()
	}
	found, ok, err := r.pattern.match(path)
	if err != nil || !ok {
		return captures{}, nil, false, err
	}
	if len(r.has) == 0 && len(r.missing) == 0 {
		return found, nil, true, nil
	}
	captured, ok, err := meets(s, r.has, r.missing)
	return found, captured, ok, err
}

// redirectBy answers with a rule's redirect, or nil where it does not apply:
// the app's own redirects leave /_next alone (buildCustomRoute).
func (s *resolution) redirectBy(r *rule, found captures, captured []Pair) *Result {
	if restricted := s.router.app.BasePath + "/_next"; !r.internal && len(s.path) >= len(restricted) &&
		strings.EqualFold(s.path[:len(restricted)], restricted) {
		return nil
	}
	return s.redirect(s.destination(r, found, captured, escapeLocation), r.status)
}

// destination fills a rule's destination in and merges its query over the
// request's.
func (s *resolution) destination(r *rule, found captures, captured []Pair, encode func(string) string) string {
	d := r.destination
	path := encode(collapseSlashes(d.path.expand(found, captured)))
	if path == "" || path[0] != '/' {
		// Next would send an empty Location, which means the same address again.
		path = "/" + path
	}
	query := s.queryPairs().merge(d.pairs(found, captured)).stringify(s.initialPairs())
	location := d.origin.host(found, captured) + path + search(query)
	if hash := d.hash.expand(found, captured); hash != "" {
		location += "#" + hash
	}
	return escape(location, func(byte) bool { return false })
}

// redirect answers with a redirect. Permanent ones repeat themselves in a
// Refresh header, as next start's do.
func (s *resolution) redirect(location string, status int) *Result {
	header := http.Header{}
	if status == http.StatusPermanentRedirect {
		header.Set("Refresh", "0;url="+location)
	}
	return &Result{Kind: Redirect, Status: status, Location: location, Header: header, RequestHeader: s.headers}
}

// external sends the request on to another origin.
func (s *resolution) external(location string, header http.Header) *Result {
	return s.finish(&Result{Kind: External, Location: location, Header: header}, s.path)
}

// search puts a question mark in front of a query that is there.
func search(query string) string {
	if query == "" {
		return ""
	}
	return "?" + query
}
