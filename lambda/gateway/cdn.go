package gateway

import (
	"net/http"
	"strings"

	"pack/lambda/purge"
)

// tagMiss tells the CDN the tags of a page that is being rendered. Nobody knows
// them before its first byte leaves, so that it gets the one tag that every
// purge by tag is also for.
func (g *Gateway) tagMiss(w http.ResponseWriter) {
	if g.tagHeader != "" {
		w.Header().Set(g.tagHeader, purge.Many)
	}
}

// tagHit tells the CDN the tags of an entry.
func (g *Gateway) tagHit(w http.ResponseWriter, tags []string) {
	if g.tagHeader == "" {
		return
	}
	if value := purge.Header(tags); value != "" {
		w.Header().Set(g.tagHeader, value)
	}
}

// unshared keeps an answer that proxy.ts had a say in out of the CDN. Its rules
// do not keep such pages anyway, but they are those of the newest deployment,
// whose proxy.ts may match less than that of the one that answers.
func (g *Gateway) unshared(w http.ResponseWriter, run *proxyRun) http.ResponseWriter {
	if g.tagHeader == "" || run.response == nil {
		return w
	}
	return &headWriter{ResponseWriter: w, edit: func(status int, h http.Header) int {
		if control := h.Get("Cache-Control"); control != "" {
			h.Set("Cache-Control", private(control))
		}
		return status
	}}
}

// private says of a Cache-Control what it says to browsers, and nothing to
// shared caches (RFC 9111, 5.2.2.7 and 5.2.2.10).
func private(control string) string {
	kept := []string{"private"}
	shared, lasts := false, false
	for directive := range strings.SplitSeq(control, ",") {
		directive = strings.TrimSpace(directive)
		name, _, _ := strings.Cut(strings.ToLower(directive), "=")
		switch name {
		case "s-maxage", "stale-while-revalidate", "stale-if-error":
			shared = true
		case "public", "private", "":
		default:
			lasts = lasts || name == "max-age" || name == "no-store" || name == "no-cache"
			kept = append(kept, directive)
		}
	}
	if shared && !lasts {
		kept = append(kept, "max-age=0", "must-revalidate")
	}
	return strings.Join(kept, ", ")
}
