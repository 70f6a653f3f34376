package gateway

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"pack/lambda/event"
	"pack/lambda/invoke"
	"pack/lambda/router"
	"pack/manifest"
	"pack/s3cache"
)

// serveMissing answers for an address that nothing answers, the error pages'
// own included.
func (g *Gateway) serveMissing(w http.ResponseWriter, r *http.Request, resolved *router.Result) {
	path := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, g.app.BasePath), "/")
	if asset := g.assets.list[r.URL.Path]; path == "/404" && asset != nil && asset.Source == "page" {
		if g.appOnly() {
			g.markNotFound(w.Header())
			w.Header().Set("Cache-Control", cacheControl(nil, nil))
		}
		g.serveStaticPage(w, r, asset, http.StatusNotFound)
		return
	}
	if g.assets.below(r.URL.Path) {
		if g.serveRetained(w, r) {
			return
		}
		w.Header().Set("Cache-Control", noStore)
		plainNotFound(w)
		return
	}
	// Whatever the app's rules say: tomorrow there may be something.
	w.Header().Set("Cache-Control", noStore)
	if path == notFoundPage || path == "/500" && g.appOnly() {
		w.Header().Set("Cache-Control", cacheControl(nil, nil))
	}
	// next start looks for the App Router's not-found page without basePath, and
	// answers by it where it finds it.
	if resolved.Data && g.proxy != nil && g.outputs[notFoundPage] == nil {
		missingData(w, r, resolved)
		return
	}
	if missing := g.outputs[g.app.BasePath+notFoundPage]; missing != nil && possibleAction(r) {
		// Next looks there for the action, and says that it knows none.
		t := target{
			function: missing.Function, entry: missing.Entry, path: missing.Pathname,
			meta: map[string]any{"invokeStatus": http.StatusNotFound},
		}
		response, err := g.invoke(r, t)
		g.relay(w, r, t, response, err)
		return
	}
	g.notFound(w, r)
}

// notFoundPage is the App Router's not-found page.
const notFoundPage = "/_not-found"

// appOnly reports whether the app has no Pages Router: its /404 and /500 are
// prerendered pages then, otherwise pages of the Pages Router.
func (g *Gateway) appOnly() bool {
	return g.outputs[g.app.BasePath+notFoundPage] != nil && g.outputs[g.app.BasePath+"/_error"] == nil
}

func plainNotFound(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte("Not Found"))
}

// pageNotFound answers for a page that exists and has nothing under this
// address.
func (g *Gateway) pageNotFound(w http.ResponseWriter, r *http.Request) {
	if g.outputs[g.app.BasePath+notFoundPage] != nil {
		addVary(w.Header(), []string{g.vary})
	}
	g.notFound(w, r)
}

// notFound answers with the app's own 404 page. Headers that are set already,
// as by a page that answered notFound, stay.
func (g *Gateway) notFound(w http.ResponseWriter, r *http.Request) {
	setDefault(w.Header(), "Cache-Control", noStore)
	if notHTML[r.Header.Get("Sec-Fetch-Dest")] && !isRSC(r) && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		w.Header().Set("Cache-Control", noStore)
		plainNotFound(w)
		return
	}
	g.errorPage(w, r, http.StatusNotFound)
}

// serverError answers with the app's own 500 page.
func (g *Gateway) serverError(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", noStore)
	g.errorPage(w, r, http.StatusInternalServerError)
}

// errorPage renders an error status: from the page that the build made of it,
// by the function that renders it, or in plain text.
func (g *Gateway) errorPage(w http.ResponseWriter, r *http.Request, status int) {
	missing := g.outputs[g.app.BasePath+notFoundPage]
	app := status == http.StatusNotFound && missing != nil
	if app && isRSC(r) && g.renderedError(w, r, missing, status) {
		return
	}
	pathname := g.errorPathname(r, "/"+strconv.Itoa(status))
	if ref, ok := g.pages.parts[pathname]; ok && g.storedError(w, r, ref, status) {
		return
	}
	if asset := g.assets.list[pathname]; asset != nil && asset.Source == "page" {
		if app {
			g.markNotFound(w.Header())
		}
		g.serveStaticPage(w, r, asset, status)
		return
	}
	if app && g.renderedError(w, r, missing, status) {
		return
	}
	for _, name := range []string{"/" + strconv.Itoa(status), "/_error"} {
		if output := g.errorOutput(r, name); output != nil && g.renderedError(w, r, output, status) {
			return
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(http.StatusText(status)))
}

// markNotFound sets what Next says of the App Router's not-found page, of which
// the build made a file.
func (g *Gateway) markNotFound(h http.Header) {
	addVary(h, []string{g.vary})
	h.Set("X-Nextjs-Cache", "HIT")
	h.Set("X-Nextjs-Prerender", "1")
	if g.app.StaleTime > 0 {
		h.Set("X-Nextjs-Stale-Time", strconv.Itoa(g.app.StaleTime))
	}
}

// errorOutput is what renders an error page, or nil.
func (g *Gateway) errorOutput(r *http.Request, name string) *manifest.Output {
	if output := g.outputs[g.errorPathname(r, name)]; output != nil {
		return output
	}
	return g.outputs[g.app.BasePath+name]
}

// storedError answers with an error page that has data of its own
// (getStaticProps in pages/404), and renews it as any other page.
func (g *Gateway) storedError(w http.ResponseWriter, r *http.Request, ref partRef, status int) bool {
	page := ref.page
	t := target{path: page.Pathname}
	if output := g.outputFor(page.Pathname, ref); output != nil {
		t.function, t.entry = output.Function, output.Entry
	}
	key := s3cache.PageKey(entryKey(page, g.keyPath(t.path)))
	entry, state, err := g.cache.Lookup(r.Context(), key, nil)
	if err != nil {
		slog.Error("cache lookup failed", "key", key.Name, "error", err)
	}
	if state != s3cache.Fresh && state != s3cache.Stale {
		return false
	}
	h := hit{page: page, entry: entry, part: ref.part, cache: "HIT", status: status}
	if r.Header.Get("X-Prerender-Revalidate") == g.app.BypassToken && g.app.BypassToken != "" {
		h.cache = "REVALIDATED" // What res.revalidate looks for: there is nothing, which is known now.
	}
	if !g.writeHit(w, r, h) {
		return false
	}
	if state == s3cache.Stale {
		g.refreshLater(r, t, page, key, entry)
	}
	return true
}

// renderedError has a function render the error page.
func (g *Gateway) renderedError(w http.ResponseWriter, r *http.Request, output *manifest.Output, status int) bool {
	t := target{
		function: output.Function, entry: output.Entry, path: output.Pathname,
		meta: map[string]any{"invokeStatus": status},
	}
	if locale := localeOf(r); locale != "" {
		t.meta["locale"], t.address = locale, g.withoutLocale(output.Pathname, locale)
	}
	if strings.HasSuffix(output.Pathname, "/_error") {
		// Its getInitialProps sees the viewer's address, and that there is an error.
		t.address = g.withoutLocale(r.RequestURI, localeOf(r))
		if status >= http.StatusInternalServerError {
			t.meta["invokeError"] = map[string]any{"name": "Error", "message": http.StatusText(status)}
		}
	}
	// The body was the page's that failed, and may be read already.
	out := r.Clone(r.Context())
	out.Body, out.ContentLength = http.NoBody, 0
	out.Header.Del("Content-Length")
	response, err := g.invoke(out, t)
	if err != nil {
		slog.Error("error page could not be rendered", "page", output.Pathname, "error", err)
		return false
	}
	defer response.Body.Close()
	for name, values := range response.Header {
		if w.Header().Get(name) == "" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_ = event.Stream(w, response.Body)
	}
	return true
}

// invocationFailed answers for a function that could not be called.
func (g *Gateway) invocationFailed(w http.ResponseWriter, r *http.Request, err error) {
	slog.Error("function could not be invoked", "path", r.URL.Path, "error", err)
	w.Header().Set("Cache-Control", noStore)
	var refusal *invoke.Error
	switch {
	case errors.As(err, &refusal) && refusal.Throttled():
		w.Header().Set("Retry-After", "1")
		http.Error(w, "Too many requests at the moment", http.StatusServiceUnavailable)
	case invoke.TimedOut(err):
		http.Error(w, "The function did not answer in time", http.StatusGatewayTimeout)
	default:
		http.Error(w, "The function could not be run", http.StatusBadGateway)
	}
}

// notHTML are the Sec-Fetch-Dest values of requests that cannot show a page
// (next/dist/server/lib/is-non-html-sec-fetch-dest.js).
var notHTML = map[string]bool{
	"audio": true, "audioworklet": true, "font": true, "image": true, "json": true, "manifest": true,
	"paintworklet": true, "report": true, "script": true, "serviceworker": true, "sharedworker": true,
	"style": true, "track": true, "video": true, "webidentity": true, "worker": true, "xslt": true,
}
