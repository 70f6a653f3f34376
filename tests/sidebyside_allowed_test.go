package tests_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// allowance is a header in which `pack serve` may differ from `next start`.
type allowance struct {
	header string
	// reason says why, for README.
	reason string
	// settle changes the values of both sides before they are compared; nil
	// leaves the header out of the comparison.
	settle func(values []string) []string
	// only limits the allowance to some answers; nil is all.
	only func(next, pack *answer) bool
}

// allowances is the documented list. Besides it, a header in several lines may
// come as one with commas: an answer of Lambda has one value per name. A header
// that is not here, or differs in another way than is said here, fails the
// comparison.
var allowances = []allowance{
	{"Date", "the two answers are not given at the same time", nil, nil},
	{"Connection", "Node names the default of HTTP/1.1, Go leaves it out; Lambda's function URLs set their own", nil, nil},
	{"Keep-Alive", "advice of Node's HTTP server about its own connections", nil, nil},
	{"Content-Length", "whether a body is sent with its length or in chunks is up to the server; where both give a length it is equal", nil, nil},
	{"Vary", "pack does not compress (the CDN does), so an answer does not depend on Accept-Encoding", withoutEncoding, nil},
	{"Content-Encoding", "pack does not compress: the CDN does", nil, nil},
	{"Cache-Status", "pack tells how its page store answered (RFC 9211)", nil, nil},
	{"X-Amzn-Requestid", "Lambda's function URLs number every request", nil, nil},
	{"Content-Type", "Lambda gives every body a type: where next start sends none, as with redirects, pack says plain text", nil, untyped},
	{"Content-Type", "Go's server sends none with 304, as RFC 9110 (15.4.5) advises", nil, func(next, _ *answer) bool { return next.status == http.StatusNotModified }},
	{"X-Nextjs-Prerender", "next start repeats it on pages of the build", once, nil},
	{"Location", "next start repeats it in a redirect that it has just rendered", once, nil},
	{"X-Nextjs-Cache", "a page goes stale at its own time on each server: HIT and STALE are one here, MISS is not", freshOrStale, nil},
	{"Link", "React gives the preload hints of a rendered page only where they are known when its first bytes leave", nil, oneSided("Link")},
	{"Last-Modified", "the times of files do not survive packing, and would change with every deployment", nil, nil},
	{"Etag", "of a file: next start makes it from the file's time, pack from its content; of a page: it follows the bytes of one render", given, otherContent},
	{"Set-Cookie", "preview data is sealed anew for every answer", withoutSeal, nil},
	{"Set-Cookie", "where there is a Max-Age, the date in Expires is counted from the answer", withoutExpiry, nil},
}

// settleHeader leaves of an answer's headers what has to be equal.
func settleHeader(next, pack *answer, h http.Header) http.Header {
	settled := h.Clone()
	for _, a := range allowances {
		if a.only != nil && !a.only(next, pack) {
			continue
		}
		switch values := settled[a.header]; {
		case a.settle == nil:
			delete(settled, a.header)
		case len(values) > 0:
			settled[a.header] = a.settle(values)
		}
		if len(settled[a.header]) == 0 {
			delete(settled, a.header)
		}
	}
	for name, values := range settled {
		if name != "Set-Cookie" {
			settled[name] = []string{strings.Join(values, ", ")}
		}
	}
	return settled
}

// oneSided is true where only one of the two has the header.
func oneSided(name string) func(next, pack *answer) bool {
	return func(next, pack *answer) bool { return (next.header.Get(name) == "") != (pack.header.Get(name) == "") }
}

// untyped is true where only Lambda's default stands against no type.
func untyped(next, pack *answer) bool {
	kind := pack.header.Get("Content-Type")
	return next.header.Get("Content-Type") == "" && (kind == "text/plain; charset=utf-8" || kind == "application/octet-stream")
}

// given keeps of a value that there is one.
func given([]string) []string { return []string{"(given)"} }

// otherContent is true where the ETags cannot be equal: those of files, and
// those of two renders, which differ in the time, or in the order of parts.
func otherContent(next, pack *answer) bool {
	return next.body == "" || next.body != pack.body || next.header.Get("Last-Modified") != ""
}

func withoutEncoding(values []string) []string {
	var kept []string
	for _, value := range values {
		for _, name := range strings.Split(value, ",") {
			if name = strings.TrimSpace(name); !strings.EqualFold(name, "Accept-Encoding") {
				kept = append(kept, name)
			}
		}
	}
	return kept
}

func once(values []string) []string {
	return slices.Compact(strings.Split(strings.Join(values, ", "), ", "))
}

func freshOrStale(values []string) []string {
	settled := slices.Clone(values)
	for i, value := range settled {
		if value == "STALE" {
			settled[i] = "HIT"
		}
	}
	return settled
}

var countedExpiry = regexp.MustCompile(`(?i)(expires=)[^;]+(;.*max-age=)|(max-age=[^;]+;.*expires=)[^;]+`)

func withoutExpiry(values []string) []string {
	settled := slices.Clone(values)
	for i, value := range settled {
		settled[i] = countedExpiry.ReplaceAllString(value, "$1$3(counted)$2")
	}
	return settled
}

var sealed = regexp.MustCompile(`(__next_preview_data=)[^;]+`)

func withoutSeal(values []string) []string {
	settled := slices.Clone(values)
	for i, value := range settled {
		settled[i] = sealed.ReplaceAllString(value, "$1(sealed)")
	}
	return settled
}
