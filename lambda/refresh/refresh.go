// Package refresh renders cached pages anew: in the instance that found one
// stale, or in the worker, for a message of the refresh queue.
package refresh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"pack/lambda/event"
	"pack/s3cache"
)

// Page is one page to be rendered anew, and what a message of the refresh queue
// holds under "refresh".
type Page struct {
	// Deployment is the id of the deployment whose page it is; empty for a path
	// that whichever is served refreshes.
	Deployment string `json:"deployment,omitempty"`
	// Key is the page's cache key, Created the time of the entry that was found
	// stale (its generation), in milliseconds since 1970.
	Key     string `json:"key,omitempty"`
	Created int64  `json:"created,omitempty"`
	// Function and Entry are what renders it.
	Function string `json:"function,omitempty"`
	Entry    string `json:"entry,omitempty"`
	// Path is the concrete one, encoded. A page without a Key is asked of the
	// gateway by its path, and rendered anew however fresh it is.
	Path string `json:"path"`
	// URL is the address that the viewer asked for, with origin.
	URL string `json:"url,omitempty"`
}

// Invoker calls functions.
type Invoker interface {
	Invoke(ctx context.Context, function string, r *http.Request, call *event.Call) (*http.Response, error)
}

// Refresher renders pages of one deployment. All fields are needed.
type Refresher struct {
	Cache   *s3cache.Cache
	Invoker Invoker
	// Token is the app's secret for on-demand refreshes (manifest.App.BypassToken).
	Token string
	// Gateway is the function that is asked for pages known by path alone.
	Gateway string
	// Limit is how long a function may take for a page.
	Limit func(function string) time.Duration
}

// Try renders a page anew unless it is fresh by now or somebody else is at it:
// done is false then. A page that answers 404 or 410 gets an entry that says
// so. The error says that the old page stays.
func (f *Refresher) Try(ctx context.Context, p Page) (done bool, err error) {
	key := s3cache.PageKey(p.Key)
	ctx, cancel := context.WithTimeout(ctx, f.Limit(p.Function))
	defer cancel()
	release, held, err := Hold(ctx, f.Cache, key)
	if err != nil || !held {
		return false, err
	}
	defer release()
	old, state, err := f.Cache.Lookup(ctx, key, nil)
	if err != nil {
		return false, err
	}
	if state == s3cache.Fresh || state == s3cache.Missing {
		// Refreshed since it was looked at, or dropped: the next reader's miss
		// renders it.
		return true, nil
	}
	began := time.Now().UnixMilli()
	status, err := f.render(ctx, p)
	if err != nil {
		return false, err
	}
	if status != http.StatusNotFound && status != http.StatusGone {
		return true, nil
	}
	return true, f.forget(ctx, key, old, began)
}

// Refresh does what Try does, and waits where somebody else is at it.
func (f *Refresher) Refresh(ctx context.Context, p Page) error {
	if p.Key == "" {
		return f.ask(ctx, p.Path)
	}
	for {
		done, err := f.Try(ctx, p)
		if err != nil || done {
			return err
		}
		_, err = f.Cache.WaitFor(ctx, s3cache.PageKey(p.Key), p.Created, f.Limit(p.Function))
		if !errors.Is(err, s3cache.ErrLeaseEnded) {
			return err
		}
	}
}

// render has the function render a page and store it.
func (f *Refresher) render(ctx context.Context, p Page) (status int, err error) {
	shown, err := url.Parse(p.URL)
	if err != nil {
		return 0, err
	}
	r := (&http.Request{
		Method: http.MethodGet,
		URL:    &url.URL{RawPath: p.Path},
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Host: shown.Host,
		Header: http.Header{
			"X-Prerender-Revalidate": {f.Token},
			"X-Forwarded-Host":       {shown.Host},
			"X-Forwarded-Proto":      {shown.Scheme},
		},
	}).WithContext(ctx)
	r.URL.Path, _ = url.PathUnescape(p.Path)
	return f.send(r, p.Function, &event.Call{Entry: p.Entry, InitURL: p.URL})
}

// ask has the gateway render a path, as res.revalidate does.
func (f *Refresher) ask(ctx context.Context, path string) error {
	target, err := url.ParseRequestURI(path)
	if err != nil {
		return err
	}
	r := &http.Request{
		Method: http.MethodHead, URL: target, Host: "localhost",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"X-Prerender-Revalidate": {f.Token}},
	}
	status, err := f.send(r.WithContext(ctx), f.Gateway, &event.Call{Trusted: true})
	if err == nil && status >= 400 {
		slog.Warn("page refreshed by path answers with an error", "path", path, "status", status)
	}
	return err
}

func (f *Refresher) send(r *http.Request, function string, call *event.Call) (status int, err error) {
	response, err := f.Invoker.Invoke(r.Context(), function, r, call)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, err
	}
	if response.StatusCode >= 500 {
		return 0, fmt.Errorf("status %d", response.StatusCode)
	}
	return response.StatusCode, nil
}

// forgottenFor is after how many seconds a page that was found gone, and said
// nothing about its age, is looked at again.
const forgottenFor = 60

// forget stores that a page is gone, unless its function has stored an answer
// of its own.
func (f *Refresher) forget(ctx context.Context, key s3cache.Key, old *s3cache.Entry, began int64) error {
	now, _, err := f.Cache.Lookup(ctx, key, nil)
	if err != nil {
		return err
	}
	if now != nil && now.Created != old.Created {
		return nil
	}
	gone := &s3cache.Entry{
		Kind: s3cache.KindNotFound, Status: http.StatusNotFound, Tags: old.Tags, Created: began,
		Revalidate: s3cache.Seconds(forgottenFor), Expire: old.Expire,
	}
	if old.Revalidate != nil && *old.Revalidate > 0 {
		gone.Revalidate = old.Revalidate
	}
	_, err = f.Cache.Store(ctx, key, gone)
	return err
}
