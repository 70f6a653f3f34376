package gateway

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"pack/lambda/event"
	"pack/lambda/node"
	"pack/manifest"
	"pack/s3cache"
)

// longestPostponed is the largest postponed state that is sent to a function,
// in bytes: an invocation's payload is at most 6 MB, and holds it in base64.
const longestPostponed = 4 << 20

// servePartial answers for a page of partial prerendering. Its entry holds a
// shell and the state to resume from, both of one render: the shell goes out at
// once, and the function's render of the rest into the same response
// (ppr-platform-guide.md in Next's documentation). What no entry can answer is
// rendered as a whole by the function, which does the same by itself.
func (g *Gateway) servePartial(w http.ResponseWriter, r *http.Request, t target, ref partRef) {
	part := partOf(r, ref)
	read := r.Method == http.MethodGet || r.Method == http.MethodHead
	if !read || part == s3cache.PartRSC && r.Header.Get(prefetchHeader) != "1" && !ref.page.HasRSC() {
		// A navigation's payload has the viewer's data in it.
		g.renderDynamic(w, r, t)
		return
	}
	found := g.findShell(r.Context(), ref.page, t)
	h := hit{page: ref.page, entry: found.entry, part: part, partial: true}
	switch found.state {
	case s3cache.Fresh:
		h.cache = "HIT"
	case s3cache.Stale:
		h.cache = "STALE"
	default:
		g.renderPage(w, r, t, h, found.key)
		return
	}
	h.general = found.general
	if found.general && ref.page.Completable {
		h.cache = "MISS"
	}
	if !g.writePartial(w, r, t, h) {
		g.renderDynamic(w, r, t)
		return
	}
	if found.state == s3cache.Stale {
		g.refreshLater(r, t, ref.page, found.key, found.entry)
	}
	if found.missing != (s3cache.Key{}) {
		g.refreshLater(r, t, ref.page, found.missing, nil)
	}
}

// renderDynamic has the function answer for itself.
func (g *Gateway) renderDynamic(w http.ResponseWriter, r *http.Request, t target) {
	response, err := g.invoke(r, t)
	w.Header().Set("Cache-Status", "pack; fwd=bypass")
	g.relay(w, r, t, response, err)
}

// forForm has the function render the whole page for a plain form that calls an
// action. Next resumes the page's postponed state after an action, whose answer
// then lacks the shell: right for its client, which has the shell, and a broken
// document for a browser that posted a form.
func (g *Gateway) forForm(r *http.Request, page *manifest.Page, t target) target {
	if r.Header.Get("Next-Action") != "" {
		return t
	}
	return t.with(node.RefreshMeta, g.shellKey(page, t.path).Name)
}

// shell is the entry that answers for an address of a partially static page.
type shell struct {
	key   s3cache.Key
	entry *s3cache.Entry
	state s3cache.State
	// general: it is the template's, which stands in for the address's own.
	general bool
	// missing is the key of the address's own entry where the template's shell
	// stands in for it and Next would make one (partialFallback).
	missing s3cache.Key
}

// findShell looks for the address's own entry and then for its template's.
func (g *Gateway) findShell(ctx context.Context, page *manifest.Page, t target) shell {
	found := g.lookShell(ctx, g.shellKey(page, t.path))
	if !page.HasShell() || found.state != s3cache.Missing && found.key.Name != page.SeedKey(g.app.BasePath) {
		return found
	}
	own := found.key
	if general := s3cache.PageKey(page.SeedKey(g.app.BasePath)); general != own {
		found = g.lookShell(ctx, general)
		if page.PartialFallback {
			found.missing = own
		}
	}
	found.general = true
	return found
}

func (g *Gateway) lookShell(ctx context.Context, key s3cache.Key) shell {
	entry, state, err := g.cache.Lookup(ctx, key, nil)
	if err != nil {
		slog.Error("cache lookup failed", "key", key.Name, "error", err)
	}
	return shell{key: key, entry: entry, state: state}
}

// shellKey is the cache key of an address's own entry: the page's, or the
// template's with the parameters filled in by which its entries differ
// (next/dist/build/templates/app-page-runtime.js, ssgCacheKey).
func (g *Gateway) shellKey(page *manifest.Page, path string) s3cache.Key {
	if !page.Template {
		return s3cache.PageKey(page.Key)
	}
	path = strings.TrimPrefix(trimPart(path), g.app.BasePath)
	var segments []string
	for _, segment := range strings.Split(path, "/") {
		if decoded, err := url.PathUnescape(segment); err == nil {
			segment = decoded
		}
		if segment != "" {
			segments = append(segments, segment)
		}
	}
	completed := page.CompletedPath(g.app.BasePath, segments, encodeComponent)
	own := page.Key + normalizePagePath(completed)
	if page.Completable && own == page.SeedKey(g.app.BasePath) {
		// Nothing to fill in, as in an optional catch-all: the address itself.
		own = page.Key + normalizePagePath(strings.TrimSuffix(decodePath(path), "/"))
	}
	return s3cache.PageKey(own)
}

// encodeComponent is JavaScript's encodeURIComponent.
func encodeComponent(s string) string {
	return componentMarks.Replace(url.QueryEscape(s))
}

var componentMarks = strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*")

// writePartial answers from an entry; false, with nothing written, when that
// cannot be done.
func (g *Gateway) writePartial(w http.ResponseWriter, r *http.Request, t target, h hit) bool {
	postponed := h.entry.Part(s3cache.PartPostponed)
	if h.part != s3cache.PartHTML || postponed == nil {
		return g.writeHit(w, r, h)
	}
	html := h.entry.Part(s3cache.PartHTML)
	if html == nil || len(postponed.Body) == 0 || len(postponed.Body) > longestPostponed || looksOpen(t.path) {
		return false
	}
	g.writeShell(w, r, t, h, html.Body, postponed.Body)
	return true
}

// looksOpen reports whether an address looks like a template: a resumed render
// would take such values for parameters that are not known yet.
func looksOpen(path string) bool {
	decoded, err := url.PathUnescape(path)
	return err != nil || strings.ContainsAny(decoded, "[]")
}

// writeShell sends the shell and the resumed render. The function is called
// before the first byte leaves, so that neither waits for the other.
func (g *Gateway) writeShell(w http.ResponseWriter, r *http.Request, t target, h hit, html, postponed []byte) {
	var resumed <-chan resumption
	if r.Method != http.MethodHead {
		resumed = g.resume(r, t, postponed)
	}
	header := w.Header()
	status := h.entry.Status
	if status == 0 {
		status = http.StatusOK
	}
	storedHeaders(header, h.entry)
	header.Set("X-Nextjs-Postponed", "1")
	header.Set("Content-Type", contentType(h.entry.Kind, s3cache.PartHTML))
	if g.app.PoweredBy {
		header.Set("X-Powered-By", "Next.js")
	}
	header.Set("Cache-Control", noStore)
	header.Set("Cache-Status", cacheStatus(h))
	w.WriteHeader(status)
	if resumed == nil {
		return
	}
	_, _ = w.Write(html)
	if flusher, ok := w.(http.Flusher); ok {
		flusher.Flush()
	}
	rest := <-resumed
	if rest.err != nil {
		slog.Error("page could not be resumed", "path", r.URL.Path, "error", rest.err)
		panic(http.ErrAbortHandler)
	}
	defer rest.response.Body.Close()
	if outcome := rest.response.Header.Get(node.OutcomeHeader); outcome != "" {
		slog.Error("page could not be resumed", "path", r.URL.Path, "outcome", outcome)
		panic(http.ErrAbortHandler)
	}
	if err := event.Stream(w, rest.response.Body); err != nil {
		slog.Error("answer broken off", "path", r.URL.Path, "error", err)
		panic(http.ErrAbortHandler)
	}
}

// resumption is what a function made of a postponed state.
type resumption struct {
	response *http.Response
	err      error
}

// resume has the function render what a shell left out: a POST with the
// postponed state, by Next's resume protocol. minimalMode is Next's name for a
// platform that sends the shell itself.
func (g *Gateway) resume(r *http.Request, t target, postponed []byte) <-chan resumption {
	done := make(chan resumption, 1)
	out := r.Clone(r.Context())
	out.Method = http.MethodPost
	out.Header.Set("Next-Resume", "1")
	out.Header.Del("Content-Length")
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(postponed)), int64(len(postponed))
	t = t.with("minimalMode", true)
	go func() {
		response, err := g.invoke(out, t)
		done <- resumption{response, err}
	}()
	return done
}
