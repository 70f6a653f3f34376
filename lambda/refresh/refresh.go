// Package refresh renders cached pages anew: in the instance that found one
// stale, or in the worker, for a message of the refresh queue.
package refresh

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"pack/lambda/event"
	"pack/lambda/node"
	"pack/manifest"
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
	// Address is the path that the page's code sees, where it is another, and
	// Locale that of the page in apps with languages.
	Address       string `json:"address,omitempty"`
	Locale        string `json:"locale,omitempty"`
	DefaultLocale string `json:"defaultLocale,omitempty"`
	// URL is the address that the viewer asked for, with origin.
	URL string `json:"url,omitempty"`
	// Kind is the entry's (s3cache.KindAppPage …); Partial is set for pages of
	// partial prerendering.
	Kind    string `json:"kind,omitempty"`
	Partial bool   `json:"partial,omitempty"`
	// Absent: there is no entry yet, and the page gets its first.
	Absent bool `json:"absent,omitempty"`
}

// Invoker calls functions.
type Invoker interface {
	Invoke(ctx context.Context, function string, r *http.Request, call *event.Call) (*http.Response, error)
}

// Refresher renders pages of one deployment. All fields but Replaced are needed.
type Refresher struct {
	Cache   *s3cache.Cache
	Invoker Invoker
	// Token is the app's secret for on-demand refreshes (manifest.App.BypassToken).
	Token string
	// Gateway is the function that is asked for pages known by path alone.
	Gateway string
	// Limit is how long a function may take for a page.
	Limit func(function string) time.Duration
	// Replaced is told the tags by which a CDN knows a page that was rendered anew
	// before its time, because something of it was revalidated: the CDN may have
	// got the old page once more meanwhile. It must not wait.
	Replaced func(tags ...string)
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
	if state == s3cache.Fresh || state == s3cache.Missing && !p.Absent {
		// Refreshed since it was looked at, or dropped: the next reader's miss
		// renders it.
		return true, nil
	}
	began := time.Now().UnixMilli()
	status, err := f.render(ctx, p)
	if err != nil {
		return false, err
	}
	// The function stores the page beside its answer, or after it.
	gone := status == http.StatusNotFound || status == http.StatusGone
	patience := storeTime
	if gone {
		patience = goneTime
	}
	if _, err = f.Cache.WaitFor(ctx, key, created(old), patience); err != nil && gone && old != nil {
		err = f.forget(ctx, key, old, began)
	} else {
		err = nil
	}
	if old != nil && (old.Revalidate == nil || old.Created+*old.Revalidate*1000 >= began) {
		f.replaced(pathTags(old.Tags)...)
	}
	return true, err
}

// How long after its answer a function may take to store a page, and that a
// page is gone, which not every function does.
const (
	storeTime = 5 * time.Second
	goneTime  = 500 * time.Millisecond
)

func (f *Refresher) replaced(tags ...string) {
	if f.Replaced != nil && len(tags) > 0 {
		f.Replaced(tags...)
	}
}

// pathTags are those of an entry's tags that stand for its path alone.
func pathTags(tags []string) []string {
	var own []string
	for _, tag := range tags {
		if strings.HasPrefix(tag, manifest.PathTag("/")) && !strings.HasSuffix(tag, "/layout") && !strings.HasSuffix(tag, "/page") {
			own = append(own, tag)
		}
	}
	return own
}

// created is the time of an entry, and 0 where there is none.
func created(e *s3cache.Entry) int64 {
	if e == nil {
		return 0
	}
	return e.Created
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

// render has the function render a page and store it, by the rules of a page
// that has grown old: cached functions and fetches that are still fresh stay,
// where a revalidation on demand would make them anew. The function's cache
// handler hides the page's entry, so that it is rendered before the answer. Of
// a partially static page what a prefetch gets is asked for: nothing is
// rendered for a viewer then. The Pages Router caches nothing but pages.
func (f *Refresher) render(ctx context.Context, p Page) (status int, err error) {
	shown, err := url.Parse(p.URL)
	if err != nil {
		return 0, err
	}
	r := (&http.Request{
		Method: http.MethodGet,
		URL:    &url.URL{RawPath: cmp.Or(p.Address, p.Path)},
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Host: shown.Host,
		Header: http.Header{
			"X-Forwarded-Host":  {shown.Host},
			"X-Forwarded-Proto": {shown.Scheme},
		},
	}).WithContext(ctx)
	r.URL.Path, _ = url.PathUnescape(r.URL.RawPath)
	call := &event.Call{Entry: p.Entry, InitURL: p.URL, Meta: map[string]any{}}
	if p.Kind == s3cache.KindPages {
		r.Header.Set("X-Prerender-Revalidate", f.Token)
	} else {
		call.Meta[node.RefreshMeta] = p.Key
	}
	if p.Locale != "" {
		call.Meta["locale"], call.Meta["defaultLocale"] = p.Locale, p.DefaultLocale
	}
	if p.Partial {
		r.Header.Set("Rsc", "1")
		r.Header.Set("Next-Router-Prefetch", "1")
		r.Header.Set("Next-Router-Segment-Prefetch", "/_tree")
	}
	return f.send(r, p.Function, call)
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
	if err == nil {
		f.replaced(manifest.PathTag(target.Path))
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
