package tests_test

import (
	"regexp"
	"slices"
	"testing"
)

// difference are requests that `pack serve` answers differently from
// `next start`, in what, and why.
type difference struct {
	request *regexp.Regexp
	// differs matches the parts of the answer that may differ.
	differs *regexp.Regexp
	reason  string
}

// known are those of any app. What differs elsewhere, or in another way, fails
// the comparison; docs/differences.md tells users.
var known = []difference{
	{regexp.MustCompile(`^GET /\S+\.rsc( |$)`), anyPart, "payload addresses belong to no route of next start; the adapter API lists them as outputs"},
	{regexp.MustCompile(`^GET /categories/rugs\?_rsc`), anyPart, "the adapter API has no prerendered payload of the not-found page: it is rendered"},
	{regexp.MustCompile(`^GET /(recommendations|cart)\?_rsc=\S+ .*Next-Router-State-Tree`), regexp.MustCompile(`^body`), "the 500 page is the one that the build made, instead of one rendered for the request"},
	{regexp.MustCompile(`^POST /login .*(elsewhere\.example|Origin: null|multipart/form-data\])`), regexp.MustCompile(`^(body|header Cache-Control)`), "the 500 page is the one that the build made, instead of one rendered for the request"},
	{regexp.MustCompile(`^(GET|HEAD) /(sitemap\.xml|robots\.txt|manifest\.webmanifest|icon\.svg|apple-icon\.png)`), regexp.MustCompile(`^header (Accept-Ranges|Etag)`), "metadata routes are files: they have ranges and ETags"},
	{regexp.MustCompile(`^GET /api/echo.*X-Shop-One: second`), regexp.MustCompile(`^body`), "function URLs join repeated headers with a comma and no space"},
	{regexp.MustCompile(`^GET /\S+ \[(Range: bytes=(5-2|900000-|abc)|If-Match: )`), regexp.MustCompile(`^(body|header (X-Powered-By|Cache-Control|Content-Length))`), "status 416 and 412 come without the app's error page around them"},
	{regexp.MustCompile(`^OPTIONS /shop/rugs`), anyPart, "an address that dynamicParams = false leaves out is 404 for any method"},
	{regexp.MustCompile(`^GET (/products)?/%($|zz|E0%A4%A)`), anyPart, "malformed percent-encoding is refused before it reaches the app"},
}

var anyPart = regexp.MustCompile(``)

// met are the patterns of the entries that a request has met.
var met = make(map[string]bool)

// isKnown reports whether all differences of a request are on the list of any
// app or on that of the pair's own.
func (p *pair) isKnown(q request, lines []string) bool {
	left := len(lines)
	for _, line := range lines {
		for _, k := range slices.Concat(known, p.known) {
			if k.request.MatchString(q.String()) && k.differs.MatchString(line) {
				met[k.request.String()] = true
				left--
				break
			}
		}
	}
	return left == 0
}

// stillKnown fails for entries of a list that no request needs.
func stillKnown(t *testing.T, list []difference) {
	t.Helper()
	for _, k := range list {
		if !met[k.request.String()] {
			t.Errorf("%s is answered as by next start: take it from the list (%s)", k.request, k.reason)
		}
	}
}
