package traffic

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"

	"pack/lambda/event"
	"pack/lambda/gateway"
	"pack/lambda/invoke"
	"pack/manifest"
)

// Invoker calls the gateway of another release.
type Invoker interface {
	Invoke(ctx context.Context, function string, r *http.Request, call *event.Call) (*http.Response, error)
}

// Handler gives requests to the release that they belong to.
type Handler struct {
	// Own is the release of this instance, which Next answers for. Its Gateway
	// and Worker are not needed.
	Own  manifest.TrafficRelease
	Next http.Handler
	// Gateway is the function's name, Invoker calls its versions.
	Gateway string
	Invoker Invoker
	Watch   *Watch
	// BasePath is the app's.
	BasePath string
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if event.CallOf(r.Context()) != nil || h.everyones(r.URL.Path) {
		// Who calls by name wants this release; or it was handed over.
		h.Next.ServeHTTP(w, r)
		return
	}
	id, query, isNamed := named(r)
	pinned, hasCookie := readCookie(r)
	if query && navigation(r) {
		h.pin(w, r, id, hasCookie)
		return
	}
	pins := hasCookie && (!pinned.canary || pinned.taken)
	if isNamed && !pins && names(&h.Own, id) {
		isNamed = false // as from most of Next's clients
	}
	if !isNamed && !pins {
		h.unpinned(w, r, pinned, hasCookie)
		return
	}
	t, err := h.Watch.Now(r.Context(), memory)
	if err != nil {
		slog.Error("traffic could not be read, production answers", "error", err)
	}
	var target *manifest.TrafficRelease
	if pins {
		target = h.belongs(t, pinned)
	}
	if isNamed && (target == nil || !names(target, id)) {
		if target = h.find(r.Context(), t, id); target == nil && names(&h.Own, id) {
			target = &h.Own
		}
	}
	switch {
	case target == nil:
		// Should the release come later, no cache may have this in its place.
		h.Next.ServeHTTP(&writer{ResponseWriter: w, private: true}, r)
	case target.ID == h.Own.ID && pinned.canary && navigation(r):
		h.Next.ServeHTTP(&writer{ResponseWriter: w, private: true, forget: true}, r) // The canary is over.
	case target.ID == h.Own.ID:
		h.Next.ServeHTTP(w, r)
	case !h.handOver(w, r, target):
		h.Next.ServeHTTP(&writer{ResponseWriter: w, private: true}, r)
	}
}

// everyones reports whether a path is no release's in particular: pack's own
// addresses, and Next's files, those of all kept deployments being there.
func (h *Handler) everyones(path string) bool {
	return strings.HasPrefix(strings.TrimPrefix(path, h.BasePath), "/_pack/") || strings.Contains(path, manifest.StaticFolder)
}

// belongs is the release that a cookie means; nil for production. A canary that
// has ended has no visitors any more: it is production now, or was withdrawn.
func (h *Handler) belongs(t *manifest.Traffic, c cookie) *manifest.TrafficRelease {
	if !c.canary {
		return Find(t, c.release)
	}
	if t != nil && t.Canary != nil && t.Canary.ID == c.release {
		return Find(t, c.release)
	}
	return &h.Own
}

// find looks an id up, anew where what is known does not have it: it may have
// been deployed this second.
func (h *Handler) find(ctx context.Context, t *manifest.Traffic, id string) *manifest.TrafficRelease {
	if found := Find(t, id); found != nil || t == nil {
		return found
	}
	t, _ = h.Watch.Now(ctx, failedTime)
	return Find(t, id)
}

// production leaves a release that was pinned.
const production = "production"

// pin answers a navigation that names a release: the browser gets a cookie, and
// comes again without the name in its address. An empty name, and "production",
// take the cookie away.
func (h *Handler) pin(w http.ResponseWriter, r *http.Request, id string, hasCookie bool) {
	value, age := "", -1
	if id != "" && id != production {
		t, err := h.Watch.Now(r.Context(), memory)
		if err != nil {
			slog.Error("traffic could not be read, production answers", "error", err)
		}
		found := h.find(r.Context(), t, id)
		if found == nil {
			h.Next.ServeHTTP(&writer{ResponseWriter: w, private: true}, r)
			return
		}
		value, age = found.ID, 0
	}
	if value != "" || hasCookie {
		setCookie(w.Header(), value, age)
	}
	w.Header().Set("Cache-Control", noStore)
	w.Header().Set("Location", withoutName(r))
	w.WriteHeader(http.StatusTemporaryRedirect)
}

const noStore = "private, no-cache, no-store, max-age=0, must-revalidate"

// unpinned answers a visitor who belongs to no release: from production, or
// from the canary that takes them. Nothing is read before.
func (h *Handler) unpinned(w http.ResponseWriter, r *http.Request, old cookie, hasCookie bool) {
	h.Watch.Refresh(r.Context())
	t, current := h.Watch.Known()
	var canary *manifest.TrafficRelease
	weight := 0
	if t != nil && t.Canary != nil && t.Canary.ID != h.Own.ID {
		canary, weight = Find(t, t.Canary.ID), t.Canary.Weight
	}
	switch {
	case canary == nil && hasCookie && current && navigation(r):
		// What was chosen for a canary that is over.
		h.Next.ServeHTTP(&writer{ResponseWriter: w, private: true, forget: true}, r)
	case canary == nil || hasCookie && old.release == canary.ID:
		h.Next.ServeHTTP(&writer{ResponseWriter: w, brief: !current && !hasCookie}, r)
	case !navigation(r):
		h.Next.ServeHTTP(&writer{ResponseWriter: w, uncached: true}, r)
	default:
		chosen := &writer{ResponseWriter: w, private: true, cookie: canary.ID + markLeft}
		if rand.IntN(100) < weight {
			chosen.cookie = canary.ID + markTaken
			if h.handOver(chosen, r, canary) {
				return
			}
			chosen.cookie = ""
		}
		h.Next.ServeHTTP(chosen, r)
	}
}

// handOver has another release's gateway answer. It returns false, having
// written nothing, where that release is gone.
func (h *Handler) handOver(w http.ResponseWriter, r *http.Request, to *manifest.TrafficRelease) bool {
	out := r.Clone(r.Context())
	gateway.Strip(out.Header)
	response, err := h.Invoker.Invoke(r.Context(), h.Gateway+":"+to.Gateway, out, &event.Call{Pinned: true})
	var refusal *invoke.Error
	switch {
	case err == nil:
	case errors.As(err, &refusal) && refusal.Absent():
		slog.Error("release is gone, production answers", "release", to.ID, "version", to.Gateway)
		return false
	default:
		slog.Error("release could not be asked", "release", to.ID, "version", to.Gateway, "error", err)
		w.Header().Set("Cache-Control", noStore)
		status := http.StatusBadGateway
		if refusal != nil && refusal.Throttled() {
			status = http.StatusServiceUnavailable
			w.Header().Set("Retry-After", "1")
		}
		http.Error(w, http.StatusText(status), status)
		return true
	}
	defer response.Body.Close()
	for name, values := range response.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(response.StatusCode)
	if err := event.Stream(w, response.Body); err != nil {
		slog.Error("answer of another release broken off", "release", to.ID, "error", err)
		panic(http.ErrAbortHandler)
	}
	return true
}
