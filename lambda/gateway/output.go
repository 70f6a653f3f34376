package gateway

import (
	"maps"
	"net/http"
	"strings"
	"time"

	"pack/lambda/logs"
	"pack/lambda/router"
	"pack/manifest"
	"pack/s3cache"
)

// target is where a resolved request goes.
type target struct {
	function, entry string
	// path is the concrete one after rewrites, encoded; query is raw.
	path, query string
	// address is the path and query that the function sees, where they are not
	// those above.
	address string
	// handler is a route handler in Node.js, page a page of the App Router.
	handler, page bool
	meta          map[string]any
}

// with gives the target with one thing more for Next's handler to know.
func (t target) with(name string, value any) target {
	meta := make(map[string]any, len(t.meta)+1)
	maps.Copy(meta, t.meta)
	meta[name] = value
	t.meta = meta
	return t
}

// serveOutput answers from the page store or from the output's function.
func (g *Gateway) serveOutput(w http.ResponseWriter, r *http.Request, resolved *router.Result) {
	r.Header = resolved.RequestHeader
	ref, isPage := g.pages.find(resolved)
	output := g.outputFor(resolved.Pathname, ref)
	if output == nil {
		g.notFound(w, r)
		return
	}
	logs.On(&output.Entry)
	t := target{
		function: output.Function, entry: output.Entry,
		path: resolved.Path, query: resolved.RawQuery,
		handler: output.Type == "APP_ROUTE" && output.Runtime != manifest.EdgeRuntime, page: output.Type == "APP_PAGE",
	}
	if g.acceptJob(w, r, t) {
		return
	}
	api := output.Type == "PAGES_API"
	edge := output.Runtime == manifest.EdgeRuntime
	switch {
	case api || output.Type == "PAGES" || output.Type == "APP_ROUTE" && resolved.Rewritten && !isPage:
		g.addressFor(&t, r, resolved, isPage, output.Type != "PAGES")
	case resolved.Rewritten && output.Type == "APP_PAGE":
		route := output.Pathname
		if isPage {
			route = ref.page.Route
		}
		t.meta = g.rewrittenMeta(resolved, route)
		if !isPage && !edge {
			t.address = r.RequestURI // What usePathname gives; nobody else is shown it.
		}
	}
	// A route of the edge runtime sees these requests, under Next's own server.
	if !api && !edge && isRSC(r) && redirectedRSC(w, r) {
		return
	}
	if !edge && (strings.HasPrefix(output.Type, "APP_") || isRSC(r) && !api) {
		w.Header().Add("Vary", g.intercepted.vary(g.vary, t.path))
	}
	action := possibleAction(r)
	if isPage && !action && static(ref.page) && r.Method != http.MethodGet && r.Method != http.MethodHead {
		methodNotAllowed(w)
		return
	}
	if r.Method == http.MethodOptions && !edge && (output.Type == "APP_PAGE" || output.Type == "PAGES") {
		w.WriteHeader(http.StatusBadRequest) // As Next's own server says to a page's OPTIONS.
		return
	}
	if r.Header.Get("X-Middleware-Prefetch") != "" && !api && !(isPage && ref.page.Kind == s3cache.KindPages) {
		g.skipPrefetch(w, output.Pathname, resolved)
		return
	}
	if isPage && ref.page.Template && ref.page.NotFound && !action && !g.drafts(r) {
		g.notFound(w, r)
		return
	}
	if isPage && action && ref.page.PartiallyStatic {
		t = g.forForm(r, ref.page, t)
	}
	if !isPage || g.bypasses(r, ref.page, action) {
		response, err := g.invoke(r, t)
		w.Header().Set("Cache-Status", "pack; fwd=bypass")
		g.relay(w, r, t, response, err)
		return
	}
	if ref.page.PartiallyStatic {
		g.servePartial(w, r, t, ref)
		return
	}
	g.servePage(w, r, t, ref)
}

// outputFor finds the output of a resolved pathname, which may be a
// prerendered address of a template.
func (g *Gateway) outputFor(pathname string, ref partRef) *manifest.Output {
	if output := g.outputs[pathname]; output != nil {
		return output
	}
	if ref.page == nil {
		return nil
	}
	for _, route := range []string{g.app.BasePath + ref.page.Route, ref.page.Route} {
		if output := g.outputs[route]; output != nil {
			return output
		}
	}
	return g.outputs[ref.page.Pathname]
}

// bypasses reports whether a request to a cached page must be rendered for
// itself: draft mode, a refresh, an action, or what the build lists.
func (g *Gateway) bypasses(r *http.Request, page *manifest.Page, action bool) bool {
	if action {
		return true
	}
	if g.app.BypassToken != "" {
		if r.Header.Get("X-Prerender-Revalidate") == g.app.BypassToken {
			return true
		}
		if g.drafts(r) {
			return true
		}
	}
	for _, c := range page.BypassFor {
		if meets(r, c, func(pattern, value string) bool { return g.patterns[pattern].MatchString(value) }) {
			return true
		}
	}
	return false
}

// partOf says which representation of a page r asks for.
func partOf(r *http.Request, ref partRef) string {
	if ref.page.Kind != s3cache.KindAppPage || !isRSC(r) || ref.part != s3cache.PartHTML {
		return ref.part
	}
	if segment := r.Header.Get(segmentPrefetchHeader); segment != "" && r.Header.Get(prefetchHeader) == "1" {
		return s3cache.PartSegment + segment
	}
	return s3cache.PartRSC
}

// possibleAction reports whether r may call a server action
// (next/dist/server/lib/server-action-request-meta.js).
func possibleAction(r *http.Request) bool {
	if r.Method != http.MethodPost {
		return false
	}
	kind := r.Header.Get("Content-Type")
	return r.Header.Get("Next-Action") != "" || kind == "application/x-www-form-urlencoded" || strings.HasPrefix(kind, "multipart/form-data")
}

func (g *Gateway) maxDuration(function string) time.Duration {
	if f := g.functions[function]; f != nil {
		return time.Duration(f.MaxDuration) * time.Second
	}
	return time.Minute
}
