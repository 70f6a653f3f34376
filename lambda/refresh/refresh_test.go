package refresh_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pack/lambda/event"
	"pack/lambda/queue"
	"pack/lambda/queue/directory"
	"pack/lambda/refresh"
	"pack/s3cache"
)

// route is a function that renders a page.
type route struct {
	cache  *s3cache.Cache
	status int
	// silent: it stores nothing.
	silent bool
	err    error
	calls  atomic.Int64
	last   *http.Request
	call   *event.Call
	took   time.Duration
}

func (f *route) Invoke(ctx context.Context, function string, r *http.Request, call *event.Call) (*http.Response, error) {
	f.calls.Add(1)
	f.last, f.call = r, call
	time.Sleep(f.took)
	if f.err != nil {
		return nil, f.err
	}
	if !f.silent && f.status < 500 {
		if _, err := f.cache.Store(ctx, key, page(time.Now().UnixMilli())); err != nil {
			return nil, err
		}
	}
	return &http.Response{StatusCode: f.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("page"))}, nil
}

var key = s3cache.PageKey("/route-cache/APP_PAGE/x/$/mug")

func page(created int64) *s3cache.Entry {
	return &s3cache.Entry{Kind: s3cache.KindAppPage, Created: created, Revalidate: s3cache.Seconds(1), Expire: s3cache.Seconds(3600), Tags: []string{"mug"},
		Parts: []s3cache.Part{{Name: s3cache.PartHTML, Body: []byte("x")}}}
}

// stale makes a cache with one stale page, and what refreshes it.
func stale(t *testing.T, f *route) (*refresh.Refresher, refresh.Page) {
	t.Helper()
	store, tags, err := s3cache.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f.cache = s3cache.New(s3cache.Options{Store: store, Tags: tags, Prefix: "d"})
	created := time.Now().Add(-time.Minute).UnixMilli()
	if _, err := f.cache.Store(t.Context(), key, page(created)); err != nil {
		t.Fatal(err)
	}
	r := &refresh.Refresher{Cache: f.cache, Invoker: f, Token: "token", Gateway: "gateway", Limit: func(string) time.Duration { return time.Minute }}
	return r, refresh.Page{Deployment: "d", Key: key.Name, Created: created, Function: "products", Entry: "/[slug]", Path: "/a%20b", URL: "https://shop.example/a%20b"}
}

func state(t *testing.T, f *route) (*s3cache.Entry, s3cache.State) {
	t.Helper()
	entry, state, err := f.cache.Lookup(t.Context(), key, nil)
	if err != nil {
		t.Fatal(err)
	}
	return entry, state
}

func TestRefresh(t *testing.T) {
	f := &route{status: 200}
	r, p := stale(t, f)
	if err := r.Refresh(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if _, now := state(t, f); now != s3cache.Fresh {
		t.Errorf("the page is %s", now)
	}
	h := f.last.Header
	if f.last.Method != http.MethodGet || f.last.URL.EscapedPath() != "/a%20b" || f.last.Host != "shop.example" || h.Get("X-Prerender-Revalidate") != "" || f.call.Meta["refresh"] != key.Name ||
		h.Get("X-Forwarded-Proto") != "https" || f.call.Entry != "/[slug]" || f.call.InitURL != p.URL {
		t.Errorf("asked for %v %v %v, call %+v", f.last.Method, f.last.URL, h, f.call)
	}
	// What is fresh by now is left alone.
	if err := r.Refresh(t.Context(), p); err != nil || f.calls.Load() != 1 {
		t.Errorf("refreshed again: %v, %d renders", err, f.calls.Load())
	}
}

// TestRefreshByKind: what a page's function is asked for goes by its kind.
func TestRefreshByKind(t *testing.T) {
	for _, c := range []struct {
		kind                  string
		partial, absent       bool
		token, meta, prefetch bool
	}{
		{kind: s3cache.KindAppPage, meta: true},
		{kind: s3cache.KindAppRoute, meta: true},
		{kind: s3cache.KindPages, token: true},
		{kind: s3cache.KindAppPage, partial: true, meta: true, prefetch: true},
		{kind: s3cache.KindAppPage, partial: true, absent: true, meta: true, prefetch: true},
	} {
		f := &route{status: 200}
		r, p := stale(t, f)
		p.Kind, p.Partial, p.Absent = c.kind, c.partial, c.absent
		if c.absent {
			if _, err := f.cache.Drop(t.Context(), "d"); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Refresh(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		h := f.last.Header
		if token, meta, prefetch := h.Get("X-Prerender-Revalidate") == "token", f.call.Meta["refresh"] == key.Name, h.Get("Next-Router-Prefetch") == "1"; token != c.token || meta != c.meta || prefetch != c.prefetch {
			t.Errorf("%+v: asked with %v and %v", c, h, f.call.Meta)
		}
		if _, now := state(t, f); now != s3cache.Fresh {
			t.Errorf("%+v: the page is %s", c, now)
		}
	}
}

// TestReplacedPagesAreTold: a CDN forgets a page that was revalidated, and keeps
// one that has grown old to its own time.
func TestReplacedPagesAreTold(t *testing.T) {
	f := &route{status: 200}
	r, p := stale(t, f)
	var told []string
	r.Replaced = func(tags ...string) { told = append(told, tags...) }
	if err := r.Refresh(t.Context(), p); err != nil || len(told) > 0 {
		t.Errorf("an old page: told %v, %v", told, err)
	}
	lasting := page(time.Now().UnixMilli())
	lasting.Revalidate, lasting.Tags = nil, []string{"_N_T_/layout", "_N_T_/[slug]/page", "_N_T_/mug", "mug"}
	if _, err := f.cache.Store(t.Context(), key, lasting); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Millisecond) // revalidated after it was rendered
	if err := f.cache.RevalidateTags(t.Context(), []string{"mug"}, &s3cache.Durations{}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Millisecond)
	if err := r.Refresh(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if err := r.Refresh(t.Context(), refresh.Page{Path: "/a/b?c"}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"_N_T_/mug", "_N_T_/a/b"}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

func TestRefreshFails(t *testing.T) {
	for name, f := range map[string]*route{"500": {status: 500}, "unreachable": {err: errors.New("throttled")}} {
		t.Run(name, func(t *testing.T) {
			r, p := stale(t, f)
			if err := r.Refresh(t.Context(), p); err == nil {
				t.Error("no error")
			}
			if entry, now := state(t, f); now != s3cache.Stale || entry.Created != p.Created {
				t.Errorf("the old page is gone: %+v %s", entry, now)
			}
		})
	}
}

// TestGonePage: a page that answers 404 or 410 is served as such from then on,
// and looked at again in time.
func TestGonePage(t *testing.T) {
	for _, status := range []int{404, 410} {
		f := &route{status: status, silent: true}
		r, p := stale(t, f)
		if err := r.Refresh(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		entry, now := state(t, f)
		if now != s3cache.Fresh || entry.Kind != s3cache.KindNotFound || *entry.Revalidate != 1 || len(entry.Tags) != 1 {
			t.Errorf("after %d the entry is %+v, %s", status, entry, now)
		}
	}
	// Next stores the 404 of notFound() itself: that one counts.
	f := &route{status: 404}
	r, p := stale(t, f)
	if err := r.Refresh(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if entry, _ := state(t, f); entry.Kind != s3cache.KindAppPage {
		t.Errorf("the function's own entry was replaced by %+v", entry)
	}
}

// TestOneRenderOfManyRefreshers: the lease elects one, the others wait for it.
func TestOneRenderOfManyRefreshers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &route{status: 200, took: 20 * time.Second}
		r, p := stale(t, f)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := r.Refresh(t.Context(), p); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := f.calls.Load(); n != 1 {
			t.Errorf("%d renders", n)
		}
	})
}

func TestRefreshByPath(t *testing.T) {
	f := &route{status: 200, silent: true}
	r, _ := stale(t, f)
	if err := r.Refresh(t.Context(), refresh.Page{Path: "/mug?x=1"}); err != nil {
		t.Fatal(err)
	}
	if f.last.Method != http.MethodHead || f.last.URL.String() != "/mug?x=1" || f.last.Header.Get("X-Prerender-Revalidate") != "token" || !f.call.Trusted {
		t.Errorf("asked for %+v, call %+v", f.last, f.call)
	}
}

// counted counts what is sent.
type counted struct {
	queue.Queue
	sends atomic.Int64
	err   error
}

func (c *counted) Send(ctx context.Context, m ...queue.Message) error {
	c.sends.Add(1)
	if c.err != nil {
		return c.err
	}
	return c.Queue.Send(ctx, m...)
}

// TestOneSendPerGeneration: however many readers one instance has, and however
// many instances there are.
func TestOneSendPerGeneration(t *testing.T) {
	q, err := directory.Open(t.TempDir(), directory.Options{FIFO: true})
	if err != nil {
		t.Fatal(err)
	}
	one, other := &counted{Queue: q}, &counted{Queue: q}
	instances := []*refresh.Sender{{Queue: one}, {Queue: other}}
	send := func(s *refresh.Sender, p refresh.Page) {
		t.Helper()
		if err := s.Send(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	p := refresh.Page{Deployment: "d", Key: "k", Created: 1, Path: "/mug"}
	for range 50 {
		send(instances[0], p)
	}
	send(instances[1], p)
	if one.sends.Load() != 1 || other.sends.Load() != 1 {
		t.Errorf("sent %d and %d times, want once each", one.sends.Load(), other.sends.Load())
	}
	count := func() (n int) {
		for {
			found, err := q.Receive(t.Context(), queue.Receive{Max: 10})
			if err != nil {
				t.Fatal(err)
			}
			if len(found) == 0 {
				return n
			}
			for _, d := range found {
				n++
				if err := q.Delete(t.Context(), d.Receipt); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if n := count(); n != 1 {
		t.Errorf("%d messages of one generation", n)
	}
	// A second later the next generation is stale: no five minutes of blindness.
	p.Created = 1001
	send(instances[0], p)
	q2 := p
	q2.Deployment = "another"
	send(instances[1], q2)
	if n := count(); n != 2 {
		t.Errorf("%d messages of a new generation and of another deployment, want 2", n)
	}
	for range 2 {
		send(instances[0], refresh.Page{Path: "/mug"})
	}
	if n := count(); n != 2 {
		t.Errorf("%d messages for two commands", n)
	}
}

func TestFailedSendIsNotRemembered(t *testing.T) {
	q := &counted{err: errors.New("connection refused")}
	s := &refresh.Sender{Queue: q}
	for range 2 {
		if err := s.Send(t.Context(), refresh.Page{Key: "k", Created: 1}); err == nil {
			t.Error("no error")
		}
	}
	if q.sends.Load() != 2 {
		t.Errorf("%d sends", q.sends.Load())
	}
}
