package images

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	whatwg "github.com/nlnwa/whatwg-url/url"

	"pack/manifest"
)

// maxURLLength is how long `url` may be, in UTF-16 units as JavaScript counts.
const maxURLLength = 3072

// params is a request that the app's settings allow.
type params struct {
	// href is the address of the original: the parameter itself when it
	// starts with a slash, otherwise the URL in normal form.
	href     string
	absolute bool
	// static is set for addresses that change with their content.
	static  bool
	width   int
	quality int
	// mime is the type to encode to; empty keeps the original's.
	mime string
}

// rules are the app's settings, ready to check requests against.
type rules struct {
	sizes     []int
	qualities []int
	formats   []string
	local     []pattern
	anyLocal  bool
	remote    []pattern
	domains   []string
	media     []string
}

func newRules(images manifest.Images, basePath string) *rules {
	r := &rules{
		sizes:     append(slices.Clone(images.DeviceSizes), images.ImageSizes...),
		qualities: images.Qualities,
		formats:   images.Formats,
		anyLocal:  images.LocalPatterns == nil,
		domains:   images.Domains,
		media:     []string{basePath + "/_next/static/media", basePath + "/_next/static/immutable/media"},
	}
	for _, p := range images.LocalPatterns {
		r.local = append(r.local, newPattern(p))
	}
	for _, p := range images.RemotePatterns {
		r.remote = append(r.remote, newPattern(p))
	}
	return r
}

var (
	digits    = regexp.MustCompile(`^[0-9]+$`)
	recursive = regexp.MustCompile(`/_next/image($|/)`)
)

func bad(message string) error { return newError(400, message, nil) }

// check reads the query in the order in which Next does, so that a request
// with several mistakes is answered with the same one.
func (r *rules) check(rawQuery, accept string) (*params, error) {
	query := parseQuery(rawQuery)
	p, err := r.address(query["url"])
	if err != nil {
		return nil, err
	}
	w, err := number(query["w"], "w", "width", "greater than 0")
	if err != nil {
		return nil, err
	}
	q, err := number(query["q"], "q", "quality", "between 1 and 100")
	if err != nil {
		return nil, err
	}
	if w <= 0 {
		return nil, bad(`"w" parameter (width) must be an integer greater than 0`)
	}
	if w > 1<<30 || !slices.Contains(r.sizes, int(w)) {
		return nil, bad(`"w" parameter (width) of ` + formatNumber(w) + ` is not allowed`)
	}
	if q < 1 || q > 100 {
		return nil, bad(`"q" parameter (quality) must be an integer between 1 and 100`)
	}
	if r.qualities != nil && !slices.Contains(r.qualities, int(q)) {
		return nil, bad(`"q" parameter (quality) of ` + query["q"][0] + ` is not allowed`)
	}
	p.width, p.quality = int(w), int(q)
	p.mime, err = negotiate(accept, r.formats)
	return p, err
}

// address checks the url parameter.
func (r *rules) address(values []string) (*params, error) {
	switch {
	case len(values) > 1:
		return nil, bad(`"url" parameter cannot be an array`)
	case len(values) == 0 || values[0] == "":
		return nil, bad(`"url" parameter is required`)
	}
	raw := values[0]
	if len(utf16.Encode([]rune(raw))) > maxURLLength {
		return nil, bad(`"url" parameter is too long`)
	}
	if strings.HasPrefix(raw, "//") {
		return nil, bad(`"url" parameter cannot be a protocol-relative URL (//)`)
	}
	p := &params{href: raw}
	for _, prefix := range r.media {
		p.static = p.static || strings.HasPrefix(raw, prefix)
	}
	if strings.HasPrefix(raw, "/") {
		return p, r.localAddress(raw)
	}
	u, err := whatwg.Parse(raw)
	if err != nil || u.Protocol() != "http:" && u.Protocol() != "https:" {
		return nil, bad(`"url" parameter is invalid`)
	}
	if !r.remoteMatch(u) {
		return nil, bad(`"url" parameter is not allowed`)
	}
	p.href, p.absolute = u.Href(false), true
	return p, nil
}

// localAddress checks an address of the app's own. Those that JavaScript's URL
// or decodeURIComponent throw at are exceptions in Next and answer 500.
func (r *rules) localAddress(raw string) error {
	u, err := whatwg.ParseRef("http://n", raw)
	if err == nil {
		decoded, err := url.PathUnescape(u.Pathname())
		if err != nil || !utf8.ValidString(decoded) {
			return newError(500, "Internal Server Error", err)
		}
		if recursive.MatchString(decoded) {
			return bad(`"url" parameter cannot be recursive`)
		}
	}
	if r.anyLocal {
		return nil
	}
	if err != nil {
		return newError(500, "Internal Server Error", err)
	}
	for _, p := range r.local {
		if p.matchesLocal(u) {
			return nil
		}
	}
	return bad(`"url" parameter is not allowed`)
}

func (r *rules) remoteMatch(u *whatwg.Url) bool {
	if slices.Contains(r.domains, u.Hostname()) {
		return true
	}
	for _, p := range r.remote {
		if p.matchesRemote(u) {
			return true
		}
	}
	return false
}

// number reads w or q. It's a float64 so that absurd numbers are printed as
// JavaScript prints them.
func number(values []string, name, meaning, limit string) (float64, error) {
	what := `"` + name + `" parameter (` + meaning + `) `
	switch {
	case len(values) > 1:
		return 0, bad(what + "cannot be an array")
	case len(values) == 0 || values[0] == "":
		return 0, bad(what + "is required")
	case !digits.MatchString(values[0]):
		return 0, bad(what + "must be an integer " + limit)
	}
	// The only error is a number out of range, which is infinity then.
	n, _ := strconv.ParseFloat(values[0], 64)
	return n, nil
}

// formatNumber is JavaScript's Number::toString for integers (ECMA-262,
// section 6.1.6.1.20).
func formatNumber(n float64) string {
	switch {
	case n > 1.7976931348623157e308:
		return "Infinity"
	case n < 1e21:
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	s := strconv.FormatFloat(n, 'e', -1, 64)
	return strings.Replace(s, "e+0", "e+", 1)
}

// parseQuery reads a query as URLSearchParams does: nothing is an error, and
// bytes that aren't UTF-8 become U+FFFD.
func parseQuery(raw string) map[string][]string {
	query := map[string][]string{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name = unescape(name)
		query[name] = append(query[name], unescape(value))
	}
	return query
}

func unescape(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			out = append(out, ' ')
		case s[i] == '%' && i+2 < len(s) && hex(s[i+1]) >= 0 && hex(s[i+2]) >= 0:
			out = append(out, byte(hex(s[i+1])<<4|hex(s[i+2])))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return strings.ToValidUTF8(string(out), "\uFFFD")
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
