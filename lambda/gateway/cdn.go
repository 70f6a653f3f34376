package gateway

import (
	"net/http"

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
