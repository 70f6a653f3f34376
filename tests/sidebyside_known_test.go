package tests_test

import "regexp"

// known are requests that `pack serve` answers differently from `next start`,
// and why. What differs elsewhere fails the comparison; docs/differences.md
// tells users.
var known = []struct {
	request *regexp.Regexp
	reason  string
}{
	{regexp.MustCompile(`^GET /\S+\.rsc( |$)`), "payload addresses belong to no route of next start; the adapter API lists them as outputs"},
	{regexp.MustCompile(`^GET /index\.rsc`), "payload addresses belong to no route of next start; the adapter API lists them as outputs"},
	{regexp.MustCompile(`^GET /(categories/rugs|nowhere)\?_rsc`), "the adapter API has no prerendered payload of the not-found page: it is rendered"},
	{regexp.MustCompile(`^GET /(recommendations|cart)\?_rsc=\S+ .*Next-Router-State-Tree`), "the 500 page is the one that the build made, instead of one rendered for the request"},
	{regexp.MustCompile(`^POST /login .*(elsewhere\.example|Origin: null|multipart/form-data\])`), "the 500 page is the one that the build made, instead of one rendered for the request"},
	{regexp.MustCompile(`^(GET|HEAD) /(sitemap\.xml|robots\.txt|manifest\.webmanifest|icon\.svg|apple-icon\.png)`), "metadata routes are files: they have ranges and ETags"},
	{regexp.MustCompile(`^GET /api/echo.*X-Shop-One: second`), "function URLs join repeated headers with a comma and no space"},
	{regexp.MustCompile(`^GET /\S+ \[(Range: bytes=(5-2|900000-|abc)|If-Match: )`), "status 416 and 412 come without the app's error page around them"},
	{regexp.MustCompile(`^OPTIONS /shop/rugs`), "an address that dynamicParams = false leaves out is 404 for any method"},
	{regexp.MustCompile(`^GET (/products)?/%($|zz|E0%A4%A)`), "malformed percent-encoding is refused before it reaches the app"},
	{regexp.MustCompile(`^(GET|HEAD|POST) /_next/data/`), "data addresses of pages that have no data: next start names the page in x-nextjs-matched-path beside its 404; for proxy.ts it may word its redirect as a path"},
}

// isKnown reports whether a difference is one of the list.
func isKnown(q request) bool {
	for _, k := range known {
		if k.request.MatchString(q.String()) {
			return true
		}
	}
	return false
}
