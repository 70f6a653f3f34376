package gateway

import (
	"net/http"
	"slices"
)

// repeatable are the headers that a route handler adds to those of header rules
// and of proxy.ts; of others the first counts (next/dist/server/send-response.js).
var repeatable = []string{"Set-Cookie", "Www-Authenticate", "Proxy-Authenticate"}

// keeps reports whether an answer, whose headers so far are those of header rules
// and of proxy.ts, has the last word on one that a route handler set.
func (t target) keeps(header http.Header, name string) bool {
	return t.handler && len(header[name]) > 0 && !slices.Contains(repeatable, name)
}

// merge sets a header of a function's answer, or of a stored one, beside those
// that are there.
func merge(header http.Header, name string, values []string, t target) {
	switch {
	case t.keeps(header, name):
	case t.handler && slices.Contains(repeatable, name), t.page && name == "Link":
		// React's hints stand beside proxy.ts's own, as next-intl's of languages.
		header[name] = append(header[name], values...)
	default:
		header[name] = slices.Clone(values)
	}
}
