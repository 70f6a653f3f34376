package gateway_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"pack/lambda/event"
	"pack/lambda/gateway"
	"pack/manifest"
	"pack/s3cache"
)

// functions stands for the Lambda service: it answers for route functions.
type functions struct {
	calls  atomic.Int64
	answer func(r *http.Request, call *event.Call) (*http.Response, error)
}

func (f *functions) Invoke(_ context.Context, _ string, r *http.Request, call *event.Call) (*http.Response, error) {
	f.calls.Add(1)
	return f.answer(r, call)
}

func respond(status int, header http.Header, body string) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: header, Body: io.NopCloser(strings.NewReader(body))}
}

const token = "0123456789abcdef"

// shop is a deployment with one cached page of each sort.
func shop() *manifest.Deployment {
	return &manifest.Deployment{
		Schema: manifest.DeploymentSchema, ID: "d1", BuildID: "b1",
		App: manifest.App{ProjectDir: ".", DistDir: ".next", PoweredBy: true, GenerateETags: true, BypassToken: token},
		Routing: manifest.Routing{
			RSC: manifest.RSC{Header: "rsc", VaryHeader: "rsc, next-router-state-tree", Suffix: ".rsc"},
			DynamicRoutes: []manifest.Route{{
				Source:      "/blog/[slug]",
				SourceRegex: `^[/]?/blog/(?<nxtPslug>[^/]+?)(\.rsc|\.segments/.+\.segment\.rsc|)(?:/)?$`,
				Destination: "/blog/[slug]$2?nxtPslug=$nxtPslug",
			}},
		},
		Functions: []manifest.Function{
			{Name: "blog-slug", Kind: manifest.RouteFunction, MaxDuration: 10},
			{Name: "api", Kind: manifest.RouteFunction, MaxDuration: 10},
		},
		Outputs: []manifest.Output{
			{Pathname: "/api", Type: "APP_ROUTE", Function: "api", Entry: "/api"},
			{Pathname: "/blog/[slug]", Type: "APP_PAGE", Function: "blog-slug", Entry: "/blog/[slug]"},
			{Pathname: "/blog/[slug].rsc", Type: "APP_PAGE", Function: "blog-slug", Entry: "/blog/[slug]"},
			{Pathname: "/about", Type: "APP_PAGE", Function: "about", Entry: "/about"},
		},
		Pages: []manifest.Page{{
			Pathname: "/blog/[slug]", Route: "/blog/[slug]", Kind: "APP_PAGE", Function: "blog-slug",
			Key: "/route-cache/APP_PAGE/aa/$", Template: true,
			Parts: []manifest.Part{{Pathname: "/blog/[slug]", Name: "html"}, {Pathname: "/blog/[slug].rsc", Name: "rsc"}},
		}, {
			Pathname: "/about", Route: "/about", Kind: "APP_PAGE", Function: "about", Key: "/route-cache/APP_PAGE/aa/$/about",
			Parts: []manifest.Part{{Pathname: "/about", Name: "html"}},
		}},
		Assets: []manifest.Asset{
			{Pathname: "/size guide.txt", File: "size", Size: 10, Digest: strings.Repeat("ab", 32), Source: "public"},
			{Pathname: "/_next/static/immutable/a.js", File: "js", Size: 3, Digest: strings.Repeat("cd", 32), Source: "static", Immutable: true},
		},
	}
}

type site struct {
	http.Handler
	cache *s3cache.Cache
	*functions
}

func open(t testing.TB, answer func(r *http.Request, call *event.Call) (*http.Response, error)) *site {
	t.Helper()
	store, tags, err := s3cache.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tags.Close() })
	s := &site{cache: s3cache.New(s3cache.Options{Store: store, Tags: tags, Prefix: "d1"}), functions: &functions{answer: answer}}
	g, err := gateway.New(gateway.Options{
		Deployment: shop(), Cache: s.cache, Invoker: s.functions,
		Assets: fstest.MapFS{"size": {Data: []byte("S, M and L")}, "js": {Data: []byte("1+1")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = g
	return s
}

func (s *site) store(t testing.TB, path string, age time.Duration, tags ...string) {
	t.Helper()
	_, err := s.cache.Store(t.Context(), s3cache.PageKey("/route-cache/APP_PAGE/aa/$"+path), &s3cache.Entry{
		Kind: s3cache.KindAppPage, Created: time.Now().Add(-age).UnixMilli(), Tags: tags,
		Revalidate: s3cache.Seconds(60), Expire: s3cache.Seconds(3600),
		Header: map[string][]string{"x-nextjs-stale-time": {"300"}},
		Parts:  []s3cache.Part{{Name: "html", Body: []byte("<p>stored</p>")}, {Name: "rsc", Body: []byte("0:stored")}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *site) get(path string, header ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func refuse(*http.Request, *event.Call) (*http.Response, error) {
	return nil, errors.New("no function may be called")
}

func TestFreshPageNeedsNoFunction(t *testing.T) {
	s := open(t, refuse)
	s.store(t, "/blog/a", time.Second)
	r := s.get("/blog/a")
	if r.StatusCode != 200 || text(t, r) != "<p>stored</p>" || r.Header.Get("X-Nextjs-Cache") != "HIT" || s.calls.Load() != 0 {
		t.Errorf("status %d, header %v, %d calls", r.StatusCode, r.Header, s.calls.Load())
	}
	for name, want := range map[string]string{
		"Cache-Control": "s-maxage=60, stale-while-revalidate=3540", "X-Nextjs-Stale-Time": "300", "X-Nextjs-Prerender": "1",
		"Content-Type": "text/html; charset=utf-8", "X-Powered-By": "Next.js", "Vary": "rsc, next-router-state-tree", "Cache-Status": "pack; hit; ttl=59",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if again := s.get("/blog/a", "If-None-Match", r.Header.Get("Etag")); again.StatusCode != http.StatusNotModified || text(t, again) != "" {
		t.Errorf("conditional request: %d", again.StatusCode)
	}
}

func TestStalePageIsServedAndRefreshedAfterwards(t *testing.T) {
	refreshed := make(chan http.Header, 1)
	var s *site
	s = open(t, func(r *http.Request, _ *event.Call) (*http.Response, error) {
		s.store(t, "/blog/a", 0)
		refreshed <- r.Header
		return respond(200, http.Header{"X-Nextjs-Cache": {"STALE"}}, ""), nil
	})
	s.store(t, "/blog/a", 61*time.Second)
	if r := s.get("/blog/a", "Cookie", "session=1"); r.Header.Get("X-Nextjs-Cache") != "STALE" || text(t, r) != "<p>stored</p>" {
		t.Errorf("header %v", r.Header)
	}
	select {
	case header := <-refreshed:
		// A revalidation on demand would make cached functions and fetches anew.
		if header.Get("X-Prerender-Revalidate") != "" || header.Get("Cookie") != "" {
			t.Errorf("refresh with %v", header)
		}
	case <-time.After(10 * time.Second):
		t.Error("no refresh")
	}
}

func TestOneRenderHoweverManyMiss(t *testing.T) {
	var s *site
	s = open(t, func(_ *http.Request, call *event.Call) (*http.Response, error) {
		time.Sleep(50 * time.Millisecond)
		s.store(t, "/blog/new", 0)
		return respond(200, http.Header{"X-Nextjs-Cache": {"MISS"}}, "<p>stored</p>"), nil
	})
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			if r := s.get("/blog/new"); r.StatusCode != 200 {
				t.Errorf("status %d", r.StatusCode)
			}
		})
	}
	wait.Wait()
	if n := s.calls.Load(); n != 1 {
		t.Errorf("%d renders of one page", n)
	}
}

func TestExpiredPageWhenTheFunctionFails(t *testing.T) {
	s := open(t, refuse)
	s.store(t, "/blog/a", 2*time.Hour)
	if r := s.get("/blog/a"); r.StatusCode != 200 || text(t, r) != "<p>stored</p>" {
		t.Errorf("an old page is better than none: %d", r.StatusCode)
	}
	if r := s.get("/blog/none"); r.StatusCode != http.StatusBadGateway {
		t.Errorf("nothing to serve: %d", r.StatusCode)
	}
}

func TestRSC(t *testing.T) {
	s := open(t, refuse)
	s.store(t, "/blog/a", time.Second)
	if r := s.get("/blog/a?_rsc", "Rsc", "1"); text(t, r) != "0:stored" || r.Header.Get("Content-Type") != "text/x-component" || r.Header.Get("X-Powered-By") != "" {
		t.Errorf("header %v", r.Header)
	}
	r := s.get("/blog/a?q=1&_rsc=wrong", "Rsc", "1", "Next-Router-Prefetch", "1")
	if r.StatusCode != http.StatusTemporaryRedirect || !strings.HasPrefix(r.Header.Get("Location"), "/blog/a?q=1&_rsc=") {
		t.Errorf("wrong _rsc: %d to %s", r.StatusCode, r.Header.Get("Location"))
	}
	if r := s.get(r.Header.Get("Location"), "Rsc", "1", "Next-Router-Prefetch", "1"); r.StatusCode != 200 {
		t.Errorf("the redirect's own target: %d", r.StatusCode)
	}
}

func TestOutsidersCannotSpeakAsThePlatform(t *testing.T) {
	var seen http.Header
	s := open(t, func(r *http.Request, _ *event.Call) (*http.Response, error) {
		seen = r.Header
		return respond(200, nil, "ok"), nil
	})
	s.store(t, "/blog/a", time.Second)
	if r := s.get("/blog/a", "X-Prerender-Revalidate", token); r.Header.Get("X-Nextjs-Cache") != "HIT" {
		t.Errorf("a guessed token renders: %v", r.Header)
	}
	s.get("/api", "X-Middleware-Subrequest", "proxy:proxy:proxy", "X-Matched-Path", "/x", "Next-Resume", "1", "X-Pack-Invocation", "e30=", "X-Middleware-Request-Role", "admin")
	for name := range seen {
		if !strings.HasPrefix(name, "X-Forwarded-") {
			t.Errorf("%s reaches the function", name)
		}
	}
}

func TestMethods(t *testing.T) {
	s := open(t, func(*http.Request, *event.Call) (*http.Response, error) { return respond(200, nil, "function"), nil })
	s.store(t, "/blog/a", time.Second)
	s.store(t, "/about", time.Second)
	for _, test := range []struct {
		method, path, header string
		status               int
		body                 string
	}{
		{"PUT", "/about", "", 405, "Method Not Allowed"},
		{"POST", "/about", "", 405, "Method Not Allowed"},
		{"POST", "/about", "Next-Action", 200, "function"},
		{"HEAD", "/about", "", 200, ""},
		{"POST", "/blog/a", "", 200, "<p>stored</p>"},
		{"POST", "/blog/a", "Next-Action", 200, "function"},
	} {
		r := httptest.NewRequest(test.method, test.path, nil)
		if test.header != "" {
			r.Header.Set(test.header, "x")
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != test.status || w.Body.String() != test.body {
			t.Errorf("%s %s %s: %d %q, want %d %q", test.method, test.path, test.header, w.Code, w.Body, test.status, test.body)
		}
	}
}

func TestAssets(t *testing.T) {
	s := open(t, refuse)
	if r := s.get("/size%20guide.txt"); text(t, r) != "S, M and L" || r.Header.Get("Cache-Control") != "public, max-age=0" {
		t.Errorf("header %v", r.Header)
	}
	if r := s.get("/size%20guide.txt", "Range", "bytes=0-0"); r.StatusCode != http.StatusPartialContent || text(t, r) != "S" {
		t.Errorf("range: %d", r.StatusCode)
	}
	for value, status := range map[string]int{"bytes=5-2": 416, "bytes=99-": 416, "bytes=abc": 416, "bytes=-0": 416, "lines=1-2": 200, "bytes=0-1,4-5": 200, "bytes=-3": 206, "bytes=4-": 206} {
		if r := s.get("/size%20guide.txt", "Range", value); r.StatusCode != status || status == 416 && r.Header.Get("Content-Range") != "bytes */10" {
			t.Errorf("Range %s: %d, %v", value, r.StatusCode, r.Header)
		}
	}
	if r := s.get("/_next/static/immutable/a.js"); r.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("header %v", r.Header)
	}
}

func BenchmarkHit(b *testing.B) {
	s := open(b, refuse)
	s.store(b, "/blog/a", time.Second, "_N_T_/layout", "_N_T_/blog/layout", "_N_T_/blog/[slug]/page", "_N_T_/blog/a", "posts")
	server := httptest.NewServer(s)
	defer server.Close()
	b.Run("handler", func(b *testing.B) {
		for b.Loop() {
			s.ServeHTTP(discard{http.Header{}}, httptest.NewRequest(http.MethodGet, "/blog/a", nil))
		}
	})
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
