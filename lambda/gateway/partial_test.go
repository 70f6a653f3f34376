package gateway_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pack/lambda/event"
	"pack/lambda/gateway"
	"pack/manifest"
	"pack/s3cache"
)

// partial is a deployment with one page of partial prerendering and one
// template of such pages.
func partial() *manifest.Deployment {
	d := shop()
	d.Outputs = append(d.Outputs,
		manifest.Output{Pathname: "/stock", Type: "APP_PAGE", Function: "stock", Entry: "/stock"},
	)
	d.Pages = []manifest.Page{{
		Pathname: "/blog/[slug]", Route: "/blog/[slug]", Kind: "APP_PAGE", Function: "blog-slug",
		Key: "/route-cache/APP_PAGE/aa/$", Template: true, PartiallyStatic: true, Completable: true, PartialFallback: true, AllowQuery: []string{"nxtPslug"},
		Parts: []manifest.Part{{Pathname: "/blog/[slug]", Name: "html", File: "x"}, {Pathname: "/blog/[slug].rsc", Name: "rsc"}},
	}, {
		Pathname: "/stock", Route: "/stock", Kind: "APP_PAGE", Function: "stock", Key: "/route-cache/APP_PAGE/aa/$/stock",
		PartiallyStatic: true, AllowQuery: []string{},
		Parts: []manifest.Part{{Pathname: "/stock", Name: "html", File: "y"}},
	}}
	d.Routing.AfterFiles = append(d.Routing.AfterFiles, manifest.Route{Source: "/shelf", SourceRegex: "^/shelf$", Destination: "/stock?row=2"})
	return d
}

func openPartial(t *testing.T, answer func(r *http.Request, call *event.Call) (*http.Response, error)) *site {
	t.Helper()
	return openPartialOn(t, func(store s3cache.Store) s3cache.Store { return store }, answer)
}

// openPartialOn is openPartial with something in front of the store.
func openPartialOn(t *testing.T, front func(s3cache.Store) s3cache.Store, answer func(r *http.Request, call *event.Call) (*http.Response, error)) *site {
	t.Helper()
	folder, tags, err := s3cache.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tags.Close() })
	store := front(folder)
	s := &site{cache: s3cache.New(s3cache.Options{Store: store, Tags: tags, Prefix: "d1"}), functions: &functions{answer: answer}}
	g, err := gateway.New(gateway.Options{Deployment: partial(), Cache: s.cache, Invoker: s.functions, Assets: fstest.MapFS{}})
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = g
	return s
}

// shell stores an entry with a postponed state; "" is one that lost it, or a
// page without any.
func (s *site) shell(t *testing.T, path, html, postponed string, age time.Duration) {
	t.Helper()
	parts := []s3cache.Part{{Name: "html", Body: []byte(html)}, {Name: "segment:/_tree", Body: []byte("tree")}}
	if postponed != "" {
		parts = append(parts, s3cache.Part{Name: "postponed", Body: []byte(postponed)})
	}
	_, err := s.cache.Store(t.Context(), s3cache.PageKey("/route-cache/APP_PAGE/aa/$"+path), &s3cache.Entry{
		Kind: s3cache.KindAppPage, Created: time.Now().Add(-age).UnixMilli(), Revalidate: s3cache.Seconds(60),
		Expire: s3cache.Seconds(3600), Header: map[string][]string{"x-nextjs-stale-time": {"300"}}, Parts: parts,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestShellLeavesBeforeTheFunctionAnswers: the function is called at once, and
// what it renders follows in the same response.
func TestShellLeavesBeforeTheFunctionAnswers(t *testing.T) {
	gate := make(chan struct{})
	var state []byte
	s := openPartial(t, func(r *http.Request, call *event.Call) (*http.Response, error) {
		state, _ = io.ReadAll(r.Body)
		if r.Method != http.MethodPost || r.Header.Get("Next-Resume") != "1" || call.Meta["minimalMode"] != true || r.Header.Get("Cookie") != "name=Ana" {
			t.Errorf("resumed by %s %v with %v", r.Method, r.Header, call.Meta)
		}
		<-gate
		return respond(200, http.Header{"Set-Cookie": {"late=1"}}, "<p>Ana</p></html>"), nil
	})
	s.shell(t, "/stock", "<html><p>shell</p>", "5:state", time.Second)
	server := httptest.NewServer(s)
	defer server.Close()
	r, err := http.NewRequest(http.MethodGet, server.URL+"/stock", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", "name=Ana")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body := bufio.NewReader(response.Body)
	shell := make([]byte, len("<html><p>shell</p>"))
	if _, err := io.ReadFull(body, shell); err != nil {
		t.Fatal(err)
	}
	close(gate)
	rest, err := io.ReadAll(body)
	if err != nil || string(shell)+string(rest) != "<html><p>shell</p><p>Ana</p></html>" || string(state) != "5:state" {
		t.Errorf("%s then %s (%v), resumed from %s", shell, rest, err, state)
	}
	for name, want := range map[string]string{
		"Cache-Control": "private, no-cache, no-store, max-age=0, must-revalidate", "X-Nextjs-Postponed": "1", "X-Nextjs-Stale-Time": "300",
		"Content-Type": "text/html; charset=utf-8", "X-Nextjs-Cache": "", "Etag": "", "Set-Cookie": "",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestWithoutShellTheFunctionRendersAll: nothing that is missing is an error.
func TestWithoutShellTheFunctionRendersAll(t *testing.T) {
	s := openPartial(t, func(r *http.Request, call *event.Call) (*http.Response, error) {
		if r.Method != http.MethodGet || r.Header.Get("Next-Resume") != "" || call.Meta != nil {
			t.Errorf("%s %v with %v, want the viewer's request", r.Method, r.Header, call.Meta)
		}
		return respond(200, nil, "whole"), nil
	})
	s.shell(t, "/blog/[slug]", "shell", "5:state", time.Second)
	s.shell(t, "/blog/huge", "shell", strings.Repeat("x", 5<<20), time.Second)
	for _, path := range []string{
		"/stock",           // no entry
		"/blog/huge",       // too large for an invocation
		"/blog/%5Bslug%5D", // would be taken for an open parameter
	} {
		if r := s.get(path); r.StatusCode != 200 || text(t, r) != "whole" {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	s.shell(t, "/stock", "complete", "", time.Second)
	if r := s.get("/stock"); text(t, r) != "complete" || r.Header.Get("X-Nextjs-Cache") != "HIT" || r.Header.Get("X-Nextjs-Postponed") != "" {
		t.Errorf("a page that postpones nothing: %v", r.Header)
	}
}

// TestTemplateShellStandsIn until the address has one of its own, which is made
// after the answer.
func TestTemplateShellStandsIn(t *testing.T) {
	upgraded := make(chan string, 1)
	var s *site
	s = openPartial(t, func(r *http.Request, call *event.Call) (*http.Response, error) {
		if r.Method == http.MethodPost {
			return respond(200, nil, "+rest"), nil
		}
		s.shell(t, "/blog/a", "own", "5:state", 0)
		upgraded <- r.URL.Path + " " + r.Header.Get("Next-Router-Prefetch") + " " + call.Meta["refresh"].(string)
		return respond(200, nil, ""), nil
	})
	s.shell(t, "/blog/[slug]", "general", "5:state", time.Second)
	if r := s.get("/blog/a?q=1"); text(t, r) != "general+rest" {
		t.Errorf("first: %v", r.Header)
	}
	select {
	case got := <-upgraded:
		if got != "/blog/a 1 /route-cache/APP_PAGE/aa/$/blog/a" {
			t.Errorf("upgraded by %s", got)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the address gets no shell of its own")
	}
	if r := s.get("/blog/a"); text(t, r) != "own+rest" {
		t.Errorf("second: %v", r.Header)
	}
	header := []string{"Rsc", "1", "Next-Router-Prefetch", "1", "Next-Router-Segment-Prefetch", "/_tree"}
	own := s.get(s.get("/blog/a?_rsc=x", header...).Header.Get("Location"), header...)
	if text(t, own) != "tree" || own.Header.Get("X-Nextjs-Cache") != "HIT" || own.Header.Get("Cache-Control") != "s-maxage=60, stale-while-revalidate=3540" {
		t.Errorf("segment: %v", own.Header)
	}
}

// TestRewrittenPartialPage: what rewrites made of a request reaches every render
// of it, the resumed one and that of an action.
func TestRewrittenPartialPage(t *testing.T) {
	var calls []*event.Call
	s := openPartial(t, func(_ *http.Request, call *event.Call) (*http.Response, error) {
		calls = append(calls, call)
		return respond(200, nil, "+rest"), nil
	})
	s.shell(t, "/stock", "shell", "5:state", time.Second)
	if r := s.get("/shelf"); text(t, r) != "shell+rest" {
		t.Errorf("header %v", r.Header)
	}
	for _, header := range [][]string{{"Next-Action", "40aa"}, {"Content-Type", "multipart/form-data; boundary=x"}} {
		r := httptest.NewRequest(http.MethodPost, "/shelf", nil)
		r.Header.Set(header[0], header[1])
		s.ServeHTTP(httptest.NewRecorder(), r)
	}
	want := []map[string]any{
		{"minimalMode": true, "query": [][2]any{{"row", "2"}}},
		{"query": [][2]any{{"row", "2"}}},
		{"refresh": "/route-cache/APP_PAGE/aa/$/stock", "query": [][2]any{{"row", "2"}}},
	}
	var got []map[string]any
	for _, call := range calls {
		got = append(got, call.Meta)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the function is told (-want +got):\n%s", diff)
	}
}

// overtaken is a store in which another instance gets something done between
// a reader's look and its lease.
type overtaken struct {
	s3cache.Store
	meanwhile func()
}

func (o *overtaken) Put(ctx context.Context, key string, body []byte, condition s3cache.Condition) (string, error) {
	if meanwhile := o.meanwhile; meanwhile != nil {
		o.meanwhile = nil
		meanwhile()
	}
	return o.Store.Put(ctx, key, body, condition)
}

// TestShellOfAnother: a shell that another has stored meanwhile is only the
// first part of the page, too.
func TestShellOfAnother(t *testing.T) {
	store := &overtaken{}
	s := openPartialOn(t, func(folder s3cache.Store) s3cache.Store {
		store.Store = folder
		return store
	}, func(r *http.Request, _ *event.Call) (*http.Response, error) {
		if r.Method != http.MethodPost || r.Header.Get("Next-Resume") != "1" {
			t.Errorf("%s %v, want a shell resumed", r.Method, r.Header)
		}
		return respond(200, nil, "+rest"), nil
	})
	store.meanwhile = func() { s.shell(t, "/stock", "shell", "5:state", 0) }
	if r := s.get("/stock"); text(t, r) != "shell+rest" {
		t.Errorf("header %v", r.Header)
	}
}

// TestBrokenResume: the shell is out, so the viewer must see that it is not all.
func TestBrokenResume(t *testing.T) {
	for name, answer := range map[string]func(*http.Request, *event.Call) (*http.Response, error){
		"refused": refuse,
		"failed": func(*http.Request, *event.Call) (*http.Response, error) {
			return respond(500, http.Header{"X-Pack-Outcome": {"error"}}, ""), nil
		},
	} {
		s := openPartial(t, answer)
		s.shell(t, "/stock", "shell", "5:state", time.Second)
		server := httptest.NewServer(s)
		response, err := http.Get(server.URL + "/stock")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		server.Close()
		if string(body) != "shell" || err == nil {
			t.Errorf("%s: %q, %v, want a broken stream after the shell", name, body, err)
		}
	}
}
