package gateway

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// The headers of a React Server Components request and the query parameter
// that stands for them in caches.
const (
	rscHeader             = "Rsc"
	stateTreeHeader       = "Next-Router-State-Tree"
	prefetchHeader        = "Next-Router-Prefetch"
	segmentPrefetchHeader = "Next-Router-Segment-Prefetch"
	nextURLHeader         = "Next-Url"
	rscQuery              = "_rsc"
)

// isRSC reports whether r asks for a page's RSC payload.
func isRSC(r *http.Request) bool { return r.Header.Get(rscHeader) == "1" }

// cacheBust returns what _rsc must be for r's headers: the first 96 bits of a
// SHA-256, or, for browsers without a secure context, a short hash.
// Source: next/dist/shared/lib/router/utils/cache-busting-search-param.js.
func cacheBust(h http.Header) (sum, legacy string) {
	prefetch, prefetched := value(h, prefetchHeader)
	if prefetched && prefetch != "1" && prefetch != "2" && prefetch != "3" {
		prefetch, prefetched = "", false
	}
	segment, hasSegment := value(h, segmentPrefetchHeader)
	if segment == "" {
		hasSegment = false
	}
	tree, hasTree := value(h, stateTreeHeader)
	nextURL, hasURL := value(h, nextURLHeader)
	if !prefetched && !hasSegment && !hasTree && !hasURL {
		return "", ""
	}
	or := func(value string, present bool) string {
		if present {
			return value
		}
		return "0"
	}
	input := strings.Join([]string{or(prefetch, prefetched), or(segment, hasSegment), or(tree, hasTree), or(nextURL, hasURL)}, ",")
	digest := sha256.Sum256([]byte(input))
	return base64.RawURLEncoding.EncodeToString(digest[:12]), hexHash(input)
}

func value(h http.Header, name string) (string, bool) {
	values, ok := h[name]
	return strings.Join(values, ", "), ok
}

// hexHash is Next's djb2 in base 36, five characters
// (next/dist/shared/lib/hash.js). Node reads a header byte as one code unit.
func hexHash(s string) string {
	hash := uint32(5381)
	for i := range len(s) {
		hash = hash<<5 + hash + uint32(s[i])
	}
	text := strconv.FormatUint(uint64(hash), 36)
	return text[:min(5, len(text))]
}

// redirectedRSC sends an RSC request with a wrong _rsc to the right one.
func redirectedRSC(w http.ResponseWriter, r *http.Request) bool {
	location, wrong := bustRedirect(r)
	if wrong {
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
	return wrong
}

// bustRedirect returns where an RSC request with a wrong _rsc must go, so that
// a cache which looks at addresses alone never mixes answers up.
func bustRedirect(r *http.Request) (string, bool) {
	want, legacy := cacheBust(r.Header)
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		query = r.URL.Query()
	}
	if query.Has(rscQuery) {
		if have := query.Get(rscQuery); have == want || have == legacy {
			return "", false
		}
	}
	var kept []string
	for _, pair := range strings.Split(r.URL.RawQuery, "&") {
		if pair != "" && !strings.HasPrefix(pair, rscQuery+"=") {
			kept = append(kept, pair)
		}
	}
	if want == "" {
		kept = append(kept, rscQuery)
	} else {
		kept = append(kept, rscQuery+"="+want)
	}
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.EscapedPath()
	}
	return path + "?" + strings.Join(kept, "&"), true
}
