package gateway

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"pack/lambda/event"
	"pack/lambda/node"
	"pack/manifest"
	"pack/s3cache"
)

// leaseGrace is how much longer than the function's maxDuration others wait for
// a page that is being rendered.
const leaseGrace = 5 * time.Second

// A lease is short and renewed while the page renders, so that the others need
// not wait long for a holder that was killed.
const (
	leaseTime  = 6 * time.Second
	leaseRenew = 1500 * time.Millisecond
)

// take leases a page for as long as it takes: the holder calls release.
func (g *Gateway) take(ctx context.Context, key s3cache.Key) (release func(), held bool, err error) {
	lease, held, err := g.cache.Lease(ctx, key, leaseTime)
	if err != nil || !held {
		return nil, held, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(leaseRenew)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			// A lost lease means a second render, which does no harm.
			if err := lease.Renew(ctx, leaseTime); err != nil {
				return
			}
		}
	}()
	return func() {
		cancel()
		<-ended
		if err := lease.Release(context.WithoutCancel(ctx)); err != nil && !errors.Is(err, s3cache.ErrLeaseLost) {
			slog.Error("lease not released", "key", key.Name, "error", err)
		}
	}, true, nil
}

// servePage answers a request for a prerendered or ISR page: from the store
// where it can, from the page's function where it must.
func (g *Gateway) servePage(w http.ResponseWriter, r *http.Request, t target, ref partRef) {
	page := ref.page
	key := s3cache.PageKey(entryKey(page, t.path))
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
			g.refreshLater(r, t, page, key)
			return
		}
	}
	g.renderPage(w, r, t, h, key)
}

// writeEntry answers from an entry if Go can: a redirect of getStaticProps is
// for the function to word.
func (g *Gateway) writeEntry(w http.ResponseWriter, r *http.Request, t target, h hit) bool {
	switch h.entry.Kind {
	case s3cache.KindNotFound:
		if g.outputs["/_not-found"] != nil {
			addVary(w.Header(), []string{g.vary})
		}
		w.Header().Set("X-Nextjs-Cache", h.cache)
		w.Header().Set("Cache-Control", cacheControl(h.entry.Revalidate, h.entry.Expire))
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
	for {
		release, held, err := g.take(ctx, key)
		if err != nil {
			// Without leases a page may be rendered twice; it is never refused.
			slog.Error("lease failed", "key", key.Name, "error", err)
			break
		}
		if held {
			defer release()
			break
		}
		entry, err := g.cache.WaitFor(ctx, key, newerThan, limit)
		if err == nil {
			fresh := hit{page: h.page, entry: entry, part: h.part, cache: "HIT", partial: h.partial}
			if g.writeEntry(w, r, t, fresh) {
				return
			}
			break
		}
		if !errors.Is(err, s3cache.ErrLeaseEnded) {
			break
		}
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
	g.relay(w, r, response, err)
}

// refreshLater renders a stale page anew after the viewer has the old one. One
// instance does, the others see its lease. A render that fails leaves the old
// page where it is.
func (g *Gateway) refreshLater(r *http.Request, t target, page *manifest.Page, key s3cache.Key) {
	ctx := context.WithoutCancel(r.Context())
	source := r.Clone(ctx)
	event.AfterResponse(r.Context(), func() {
		limit := g.maxDuration(page.Function) + leaseGrace
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		release, held, err := g.take(ctx, key)
		if err != nil {
			slog.Error("lease failed", "key", key.Name, "error", err)
			return
		}
		if !held {
			return
		}
		defer release()
		// Another instance may have refreshed it since this one looked.
		old, state, _ := g.cache.Lookup(ctx, key, nil)
		if state == s3cache.Fresh {
			return
		}
		if err := g.refresh(ctx, source, t, page, key); err != nil {
			slog.Error("refresh failed, the old page stays", "key", key.Name, "error", err)
			return
		}
		if !page.PartiallyStatic {
			return
		}
		// A template's shell is completed after the answer.
		var newerThan int64
		if old != nil {
			newerThan = old.Created
		}
		if _, err := g.cache.WaitFor(ctx, key, newerThan, limit); err != nil {
			slog.Error("refresh brought nothing new, the old page stays", "key", key.Name, "error", err)
		}
	})
}

// refresh has the function render a page anew and store it. Next's cache handler
// there hides the entry, so that Next renders as for the first time: by its own
// rules, which leave cached functions and fetches alone that are still fresh. (A
// revalidation on demand would make them all anew.) Of the Pages Router, which
// has neither, it is a revalidation on demand: the first time of a page there may
// be its fallback.
//
// Of a partially static page it asks for what a prefetch would get: nothing is
// rendered for a viewer then.
func (g *Gateway) refresh(ctx context.Context, source *http.Request, t target, page *manifest.Page, key s3cache.Key) error {
	r := (&http.Request{
		Method: http.MethodGet,
		URL:    &url.URL{Path: source.URL.Path, RawPath: source.URL.RawPath},
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Host: source.Host,
		Header: http.Header{
			"X-Forwarded-Host":  source.Header["X-Forwarded-Host"],
			"X-Forwarded-Proto": source.Header["X-Forwarded-Proto"],
		},
	}).WithContext(ctx)
	if page.Kind == s3cache.KindPages {
		r.Header.Set("X-Prerender-Revalidate", g.app.BypassToken)
	} else {
		t.meta = map[string]any{node.RefreshMeta: key.Name}
	}
	if page.PartiallyStatic {
		r.Header.Set(rscHeader, "1")
		r.Header.Set(prefetchHeader, "1")
		r.Header.Set(segmentPrefetchHeader, "/_tree")
	}
	t.path, t.query = trimPart(t.path), ""
	response, err := g.invoke(r, t)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode >= 500 {
		return errors.New("status " + response.Status)
	}
	return nil
}

// invoke sends r to the function of a target.
func (g *Gateway) invoke(r *http.Request, t target) (*http.Response, error) {
	out := r.Clone(r.Context())
	out.URL = &url.URL{RawPath: t.path, RawQuery: t.query}
	out.URL.Path, _ = url.PathUnescape(t.path)
	return g.invoker.Invoke(r.Context(), t.function, out, &event.Call{
		Entry:   t.entry,
		InitURL: origin(r) + r.URL.RequestURI(),
		Meta:    t.meta,
	})
}

// relay passes a function's answer on, piece by piece, or the app's own error
// page where the function asks for it.
func (g *Gateway) relay(w http.ResponseWriter, r *http.Request, response *http.Response, err error) {
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
		default:
			w.Header()[name] = values
		}
	}
	switch outcome {
	case "not-found":
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
