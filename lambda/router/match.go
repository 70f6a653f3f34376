package router

import "strings"

// checkFiles looks for something at exactly the current path.
func (s *resolution) checkFiles() (*Result, error) {
	if s.isLocalizedAPI() {
		return nil, nil
	}
	if s.isImage() {
		return s.matched(&Result{Kind: Image, Pathname: s.path}, s.path)
	}
	if s.data {
		if target, _ := s.find(s.router.dataOfPage(s.path)); target != nil {
			return s.answer(target, s.router.dataOfPage(s.path))
		}
	}
	target, malformed := s.find(s.path)
	if target == nil {
		return nil, nil
	}
	if malformed {
		return nil, errMalformed
	}
	return s.answer(target, s.path)
}

// answer matches a file, an output or a page. A path that spells a template
// out, /blog/[slug], has the placeholders for parameters.
func (s *resolution) answer(target *address, path string) (*Result, error) {
	result := &Result{Kind: target.kind, Pathname: target.pathname}
	if target.template {
		match, err := s.matchDynamic(path, target)
		if err != nil {
			return nil, err
		}
		if match != nil {
			result.Params = match.params
		}
	}
	return s.matched(result, s.invoked(target, path))
}

// check looks at the current path for files and then for dynamic routes
// (checkTrue in resolve-routes.js).
func (s *resolution) check() (*Result, error) {
	if result, err := s.checkFiles(); result != nil || err != nil || s.isLocalizedAPI() {
		return result, err
	}
	if s.data {
		path := s.router.dataOfPage(s.path)
		match, err := s.matchDynamic(path, nil)
		if err != nil {
			return nil, err
		}
		if match != nil {
			return s.dynamicAnswer(match, path)
		}
	}
	path := s.underLocale(s.spelled(s.path))
	match, err := s.matchDynamic(path, nil)
	if match == nil || err != nil {
		return nil, err
	}
	return s.dynamicAnswer(match, path)
}

func (s *resolution) dynamicAnswer(match *dynamicMatch, path string) (*Result, error) {
	result := &Result{Kind: match.target.kind, Pathname: match.target.pathname, Params: match.params}
	return s.matched(result, s.invoked(match.target, path))
}

// invoked is the path to invoke a target with. Only the Pages Router's pages
// know locales.
func (s *resolution) invoked(target *address, path string) string {
	if rest, ok := s.withoutLocale(path); ok && target.kind == Output &&
		(target.app || underPrefix(cutPrefix(rest, s.router.app.BasePath), "/api")) {
		return rest
	}
	return path
}

// matched applies the headers that go with a match and completes the result.
func (s *resolution) matched(result *Result, path string) (*Result, error) {
	p := s.router.onMatch
	var buffer [32]int32
	for _, i := range p.index.candidates(buffer[:0], s.path, -1) {
		r := &p.rules[i]
		found, captured, ok, err := s.matches(r)
		if err != nil {
			return nil, err
		}
		if ok {
			s.setHeaders(r, found, captured)
		}
	}
	return s.finish(result, path), nil
}

// finish fills in what all results have.
func (s *resolution) finish(result *Result, path string) *Result {
	result.Path = path
	result.Query, result.RawQuery = s.queryPairs(), s.rawQuery
	if visible := withoutReserved(result.Query); len(visible) != len(result.Query) {
		result.Query, result.RawQuery = visible, visible.String()
	}
	result.Part = partOf(s.router.addresses.parts, path)
	result.Rewritten = s.rewritten
	result.Data = s.dataHeader || result.Kind == Output && s.router.isData(path)
	result.Locale, result.DefaultLocale = s.locale, s.defaultLocale
	result.ProxyStatus = s.proxyStatus
	if result.Header == nil {
		result.Header = s.response
	}
	result.RequestHeader = s.headers
	return result
}

// withoutReserved takes out the names that Next reserves for the parameters of
// routes: from a visitor they mean nothing (normalizeNextQueryParam).
func withoutReserved(q Query) Query {
	reserved := func(key string) bool {
		return strings.HasPrefix(key, "nxtP") || strings.HasPrefix(key, "nxtI")
	}
	for i, pair := range q {
		if !reserved(pair.Key) {
			continue
		}
		visible := append(Query(nil), q[:i]...)
		for _, pair := range q[i:] {
			if !reserved(pair.Key) {
				visible = append(visible, pair)
			}
		}
		return visible
	}
	return q
}
