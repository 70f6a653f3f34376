package router

import (
	"net/http"
	"strings"
)

// rewrite runs a phase of rewrites. Every rule that matches changes the path
// that later rules see; with check, the first one that leads to something
// ends the phase.
func (s *resolution) rewrite(p *phase, check bool) (*Result, error) {
	var buffer [32]int32
	candidates := p.index.candidates(buffer[:0], s.path, -1)
	for len(candidates) > 0 {
		i := candidates[0]
		candidates = candidates[1:]
		r := &p.rules[i]
		found, captured, ok, err := s.matches(r)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		s.setHeaders(r, found, captured)
		if r.destination != nil {
			if result := s.rewriteBy(r, found, captured); result != nil {
				return result, nil
			}
			candidates = p.index.candidates(buffer[:0], s.path, int(i))
		}
		if !check {
			continue
		}
		if result, err := s.check(); result != nil || err != nil {
			return result, err
		}
	}
	return nil, nil
}

// rewriteBy goes on with a rule's destination; the result is one for an
// address elsewhere, which gets none of the header rules' headers.
func (s *resolution) rewriteBy(r *rule, found captures, captured []Pair) *Result {
	d := r.destination
	if len(d.origin) > 0 {
		// The query that is sent along is the merged one, written as in a
		// redirect (proxyRequest in next/dist/server/lib/router-utils/proxy-request.js).
		location, _, _ := strings.Cut(s.destination(r, found, captured, escapePath), "#")
		return s.external(strings.ReplaceAll(location, " ", "%20"), http.Header{})
	}
	path := escapePath(d.path.expand(found, captured))
	if path == "" {
		path = "/"
	}
	over := d.pairs(found, captured)
	if headerValue(s.headers, headerRSC) == "1" {
		s.announce(path, d.written(found, captured))
	}
	s.query, s.queryParsed = s.queryPairs().merge(over), true
	if len(over) > 0 {
		s.rawQuery = s.query.String()
	}
	s.path, s.rewritten = path, true
	s.takeLocale(path)
	return nil
}

// announce tells the App Router's client where a rewrite led; of the query, the
// part that the destination spells out.
func (s *resolution) announce(path string, written Query) {
	if path != s.path {
		s.response.Set(headerRewrittenPath, path)
	}
	if query := escapeSearch(withoutReserved(written).stringify(nil)); query != s.sentQuery {
		s.response.Set(headerRewrittenQuery, query)
	}
}
