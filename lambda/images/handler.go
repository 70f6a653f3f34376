// Package images answers Next's image endpoint, /_next/image?url=&w=&q=, as
// `next start` does (next/dist/server/image-optimizer.js of Next 16.4): the
// same statuses, messages and headers for every request, with pictures that
// look the same but are made without sharp or any other C library.
//
// The codecs are WebAssembly modules run by wazero. They also know how to load
// a system library instead; programs that link this package are built with
// `-tags nodynamic`, so that what runs is what was built.
//
// It's linked into the image function's program only: the codecs weigh more
// than everything else that runs in Lambda.
package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"golang.org/x/sync/singleflight"

	"pack/manifest"
)

// Source fetches one of the app's own addresses, an asset or a route, with
// GET. path starts with a slash, is percent-encoded, and has the query; header
// is what to send along, empty today as Next sends none. A redirect must be
// returned, not followed. The caller closes the body; cancelling ctx ends the
// fetch.
type Source func(ctx context.Context, path string, header http.Header) (*http.Response, error)

// Options say what app the endpoint belongs to and what it may use.
type Options struct {
	// Images is the app's `images` block.
	Images manifest.Images
	// BasePath is the app's basePath. Addresses below its _next/static/media
	// get a response that never expires.
	BasePath string
	// Local fetches the addresses that start with a slash. Without it they
	// answer 500.
	Local Source
	// Client fetches from other hosts; its redirect policy and timeout are
	// not used. Nil is a client that refuses every address that isn't public,
	// unless Images.DangerouslyAllowLocalIP says otherwise.
	Client *http.Client
	// Store keeps encoded pictures between requests. Nil keeps none, and
	// every response is a MISS.
	Store Cache
	// Background runs work that no response waits for: writing to Store and
	// refreshing a stale picture. It's called after the response has been
	// written, with the request's context. Nil runs the work at the end of
	// ServeHTTP.
	Background func(ctx context.Context, work func(context.Context))
	// Concurrency is how many pictures may be decoded and encoded at the same
	// time; it bounds memory. 0 is the number of processors.
	Concurrency int
	// MaxInputPixels is the largest picture that is decoded, width times
	// height; a larger one is answered as it is. 0 is sharp's limit, 268402689,
	// which takes about 1.5 GB.
	MaxInputPixels int
	// Timeout ends one fetch from another host, body included. 0 is Next's,
	// 7 seconds.
	Timeout time.Duration
	// Log receives what Next would log: why a picture was refused. Nil
	// discards it.
	Log *slog.Logger
	// Now is the clock that ages stored pictures. Nil is time.Now.
	Now func() time.Time
}

// Handler answers image requests. Its methods may be called concurrently.
type Handler struct {
	options  Options
	rules    *rules
	upstream *upstream
	slots    chan struct{}
	flights  singleflight.Group
	log      *slog.Logger
}

// New prepares a handler. It never fails: a pattern of the app that can't be
// read allows nothing.
func New(o Options) *Handler {
	if o.Concurrency <= 0 {
		o.Concurrency = runtime.GOMAXPROCS(0)
	}
	if o.MaxInputPixels <= 0 {
		o.MaxInputPixels = 0x3FFF * 0x3FFF
	}
	if o.Timeout <= 0 {
		o.Timeout = 7 * time.Second
	}
	if o.Background == nil {
		o.Background = func(ctx context.Context, work func(context.Context)) { work(context.WithoutCancel(ctx)) }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	client := o.Client
	if client == nil {
		client = guardedClient(o.Images.DangerouslyAllowLocalIP)
	}
	return &Handler{
		options:  o,
		rules:    newRules(o.Images, o.BasePath),
		upstream: newUpstream(client, o),
		slots:    make(chan struct{}, o.Concurrency),
		log:      o.Log,
	}
}

// ServeHTTP answers one request. The path isn't looked at: routing is done.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	settings := h.options.Images
	if settings.Loader != "" && settings.Loader != "default" || settings.Unoptimized {
		refuse(w, r, &Error{Status: http.StatusNotFound, Message: "Not Found"})
		return
	}
	p, err := h.rules.check(r.URL.RawQuery, r.Header.Get("Accept"))
	if err != nil {
		h.fail(w, r, err)
		return
	}
	key := p.key()
	stored := h.read(r.Context(), key)
	if stored == nil {
		made, err := h.fresh(r.Context(), key, p, r.Method)
		if err != nil {
			h.fail(w, r, err)
			return
		}
		h.send(w, r, p, made, "MISS")
		h.keep(r.Context(), w, key, made)
		return
	}
	if !stored.stale(h.options.Now(), settings.MinimumCacheTTL) {
		h.send(w, r, p, stored, "HIT")
		return
	}
	h.send(w, r, p, stored, "STALE")
	flush(w)
	h.options.Background(r.Context(), func(ctx context.Context) { h.refresh(ctx, key, p, stored) })
}

// fresh makes the picture, once for all requests that want it now. The work
// goes on when the request that started it is cancelled, as others wait.
func (h *Handler) fresh(ctx context.Context, key string, p *params, method string) (*Entry, error) {
	done := h.flights.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return h.make(ctx, p, method, nil)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-done:
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.(*Entry), nil
	}
}

// make fetches the original and turns it into what was asked for. previous is
// the stored picture that is being refreshed, or nil.
func (h *Handler) make(ctx context.Context, p *params, method string, previous *Entry) (*Entry, error) {
	var o *original
	var err error
	if p.absolute {
		o, err = h.upstream.remote(ctx, p.href)
	} else {
		o, err = h.upstream.local(ctx, p.href, method)
	}
	if err != nil {
		return nil, err
	}
	return h.optimize(ctx, p, o, previous)
}

// fail answers with the status and message of err; what isn't an *Error is
// the answer that Next gives to an exception.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	var known *Error
	if !errors.As(err, &known) {
		known = &Error{Status: http.StatusInternalServerError, Message: "Internal Server Error", Err: err}
	}
	h.log.Error("refuse image", "url", r.URL.RawQuery, "status", known.Status, "error", err)
	refuse(w, r, known)
}

// Error is a request that can't be answered with a picture.
type Error struct {
	// Status is the HTTP status, at least 400.
	Status int
	// Message is the response's body, in Next's words.
	Message string
	// Err is why, for the log; it may be nil.
	Err error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%d %s", e.Status, e.Message)
	}
	return fmt.Sprintf("%d %s: %v", e.Status, e.Message, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// newError keeps statuses in the range of errors, as Next's ImageError does:
// an upstream's 304 becomes 500.
func newError(status int, message string, err error) *Error {
	if status < 400 {
		status = http.StatusInternalServerError
	}
	return &Error{Status: status, Message: message, Err: err}
}

// refuse writes a plain-text answer without a Content-Type, as Next does.
func refuse(w http.ResponseWriter, r *http.Request, e *Error) {
	w.Header()["Content-Type"] = nil
	w.WriteHeader(e.Status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, e.Message)
	}
}

// flush sends what has been written, so that work after it delays nobody.
func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }
