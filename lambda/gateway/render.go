package gateway

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"pack/lambda/event"
	"pack/lambda/node"
	"pack/lambda/refresh"
	"pack/s3cache"
)

// leaseGrace is how much longer than the function's maxDuration others wait for
// a page that is being rendered.
const leaseGrace = 5 * time.Second

// servePage answers a request for a prerendered or ISR page: from the store
// where it can, from the page's function where it must.
func (g *Gateway) servePage(w http.ResponseWriter, r *http.Request, t target, ref partRef) {
	page := ref.page
	g.clearPreview(w, r)
	key := s3cache.PageKey(entryKey(page, g.keyPath(t.path)))
	entry, state, err := g.cache.Lookup(r.Context(), key, nil)
	if err != nil {
		slog.Error("cache lookup failed", "key", key.Name, "error", err)
	}
	h := hit{page: page, entry: entry, part: partOf(r, ref)}
	switch state {
	case s3cache.Fresh:
		h.cache = "HIT"
		if g.writeEntry(w, r, t, h) {
			return
		}
	case s3cache.Stale:
		h.cache = "STALE"
		if g.writeEntry(w, r, t, h) {
			g.refreshLater(r, t, page, key, entry)
			return
		}
	}
	if page.Kind == s3cache.KindAppPage {
		r, t = withoutQuery(r, t)
	}
	g.renderPage(w, r, t, h, key)
}

// withoutQuery takes the viewer's query off a request for a page that is kept
// for everybody: Next writes it into the page, as the address that its client
// starts from, and knows no query while it renders such a page.
func withoutQuery(r *http.Request, t target) (*http.Request, target) {
	asked, shown := *r, *r.URL
	shown.RawQuery, asked.URL = "", &shown
	t.query = ""
	t.address, _, _ = strings.Cut(t.address, "?")
	return &asked, t
}

// writeEntry answers from an entry if Go can: a redirect of getStaticProps is
// for the function to word.
func (g *Gateway) writeEntry(w http.ResponseWriter, r *http.Request, t target, h hit) bool {
	g.tagHit(w, h.entry.Tags)
	switch h.entry.Kind {
	case s3cache.KindNotFound:
		w.Header().Set("X-Nextjs-Cache", h.cache)
		w.Header().Set("Cache-Control", cacheControl(h.entry.Revalidate, h.entry.Expire))
		if h.part == s3cache.PartData {
			g.nameDeployment(w.Header())
			w.Header().Set("Cache-Status", cacheStatus(h))
			notFoundData(w, r, `{"notFound":true}`)
			return true
		}
		g.pageNotFound(w, r)
		return true
	case s3cache.KindAppPage, s3cache.KindAppRoute, s3cache.KindPages:
		if h.partial {
			return g.writePartial(w, r, t, h)
		}
		return g.writeHit(w, r, h)
	}
	return false
}

// renderPage has the page's function render what the store does not have.
// However many requests miss at once, one renders and the others wait for its
// entry.
func (g *Gateway) renderPage(w http.ResponseWriter, r *http.Request, t target, h hit, key s3cache.Key) {
	ctx := r.Context()
	limit := g.maxDuration(h.page.Function) + leaseGrace
	var newerThan int64
	if h.entry != nil {
		newerThan = h.entry.Created
	}
	// fromOthers answers with what another has rendered meanwhile.
	fromOthers := func(entry *s3cache.Entry, state s3cache.State) bool {
		theirs := h
		theirs.entry, theirs.cache = entry, "HIT"
		if state == s3cache.Stale {
			theirs.cache = "STALE"
		}
		if !g.writeEntry(w, r, t, theirs) {
			return false
		}
		if state == s3cache.Stale {
			g.refreshLater(r, t, h.page, key, entry)
		}
		return true
	}
	for waited := 1; ; {
		release, held, err := refresh.Hold(ctx, g.cache, key)
		if err != nil {
			// Without leases a page may be rendered twice; it is never refused.
			slog.Error("lease failed", "key", key.Name, "error", err)
			break
		}
		if held {
			defer release()
			// Another may have rendered it between the look and the lease.
			now, state, err := g.cache.Lookup(ctx, key, nil)
			if err == nil && usable(state) && now.Created > newerThan && fromOthers(now, state) {
				return
			}
			break
		}
		if _, err := g.cache.WaitFor(ctx, key, newerThan, limit); errors.Is(err, s3cache.ErrLeaseEnded) {
			continue
		} else if err != nil {
			break
		}
		now, state, err := g.cache.Lookup(ctx, key, nil)
		if err == nil && state == s3cache.Expired && waited == 1 {
			// It was revalidated while it was rendered, maybe before this viewer
			// asked. The next render has begun after he did: that one will do.
			newerThan = now.Created
			waited++
			continue
		}
		if now != nil && fromOthers(now, state) {
			return
		}
		break
	}
	response, err := g.invoke(r, t)
	if failed := err != nil || response.StatusCode >= 500; failed && h.entry != nil {
		// RFC 5861, stale-if-error: an old page is better than none.
		h.cache = "STALE"
		if response != nil {
			response.Body.Close()
		}
		slog.Error("render failed, stale page served", "key", key.Name, "error", err)
		if g.writeEntry(w, r, t, h) {
			return
		}
	}
	status := "pack; fwd=uri-miss; stored"
	if h.entry != nil {
		status = "pack; fwd=stale; stored"
	}
	w.Header().Set("Cache-Status", status)
	g.tagMiss(w)
	g.relay(w, r, t, response, err)
}

// usable reports whether an entry may be served without rendering it first.
func usable(state s3cache.State) bool { return state == s3cache.Fresh || state == s3cache.Stale }

// invoke sends r to the function of a target.
func (g *Gateway) invoke(r *http.Request, t target) (*http.Response, error) {
	out := r.Clone(r.Context())
	path, query := t.path, t.query
	if t.address != "" {
		path, query, _ = strings.Cut(t.address, "?")
	}
	out.URL = &url.URL{RawPath: path, RawQuery: query}
	out.URL.Path, _ = url.PathUnescape(path)
	return g.invoker.Invoke(r.Context(), t.function, out, &event.Call{
		Entry:   t.entry,
		InitURL: origin(r) + r.URL.RequestURI(),
		Meta:    t.meta,
	})
}

// relay passes a function's answer on, piece by piece, or the app's own error
// page where the function asks for it.
func (g *Gateway) relay(w http.ResponseWriter, r *http.Request, t target, response *http.Response, err error) {
	if err != nil {
		g.invocationFailed(w, r, err)
		return
	}
	defer response.Body.Close()
	outcome := response.Header.Get(node.OutcomeHeader)
	for name, values := range response.Header {
		switch name {
		case node.OutcomeHeader, "Content-Length", "Transfer-Encoding", "Connection":
		case "Set-Cookie":
			for _, cookie := range values {
				// Next repeats those that proxy.ts has set.
				if !slices.Contains(w.Header()[name], cookie) {
					w.Header().Add(name, cookie)
				}
			}
		case "Vary":
			addVary(w.Header(), values)
		case "Cache-Control":
			if !g.ruled(w, r, response) && !t.keeps(w.Header(), name) {
				w.Header()[name] = values
			}
		default:
			merge(w.Header(), name, values, t)
		}
	}
	switch outcome {
	case "not-found":
		if g.drafts(r) {
			w.Header().Set("Cache-Control", noStore)
		}
		g.pageNotFound(w, r)
		return
	case "error":
		g.serverError(w, r)
		return
	}
	if length := response.Header.Get("Content-Length"); length != "" {
		w.Header().Set("Content-Length", length)
	}
	w.WriteHeader(response.StatusCode)
	if err := event.Stream(w, response.Body); err != nil {
		slog.Error("answer broken off", "path", r.URL.Path, "error", err)
		panic(http.ErrAbortHandler)
	}
}

// actionControl is what Next says of every answer to a server action
// (next/dist/server/app-render/action-handler.js).
const actionControl = "no-cache, no-store, max-age=0, must-revalidate"

// ruled reports whether a header rule of the app says how an answer may be
// cached: Next's own word, unlike the code's, yields to it, except in draft mode
// (next/dist/server/route-modules/pages/pages-handler.js).
func (g *Gateway) ruled(w http.ResponseWriter, r *http.Request, response *http.Response) bool {
	value := response.Header.Get("Cache-Control")
	if response.StatusCode >= http.StatusInternalServerError || value == actionControl {
		return false // Nobody keeps an error or what a server action answered.
	}
	return w.Header().Get("Cache-Control") != "" && !g.drafts(r) && (value == noStore || response.Header.Get("X-Nextjs-Cache") != "")
}

// addVary adds the fields that are not named yet: the gateway and Next both
// name those of RSC requests.
func addVary(h http.Header, values []string) {
	have := strings.ToLower(strings.Join(h["Vary"], ","))
	for _, value := range values {
		for _, field := range strings.Split(value, ",") {
			field = strings.TrimSpace(field)
			if field != "" && !strings.Contains(","+strings.ReplaceAll(have, " ", "")+",", ","+strings.ToLower(field)+",") {
				h.Add("Vary", field)
			}
		}
	}
}
