package gateway_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
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

// openRuled is the shop with header rules, a not-found page, and a proxy.ts that
// answers with status.
func openRuled(t *testing.T, status int, answer func(r *http.Request, call *event.Call) (*http.Response, error)) *site {
	t.Helper()
	store, tags, err := s3cache.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tags.Close() })
	s := &site{cache: s3cache.New(s3cache.Options{Store: store, Tags: tags, Prefix: "d1"}), functions: &functions{answer: answer}}
	d := shop()
	d.Routing.BeforeMiddleware = []manifest.Route{{SourceRegex: `^/.*$`, Headers: map[string]string{"set-cookie": "rule=1", "cache-control": "public, max-age=7", "link": "</rule>; rel=author", "www-authenticate": "Basic"}}}
	d.Routing.MiddlewareMatchers = []manifest.Route{{SourceRegex: `^/.*$`}}
	d.Routing.DynamicRoutes = append(d.Routing.DynamicRoutes, manifest.Route{SourceRegex: `^[/]?/(?<nxtPall>%.+?)(?:/)?$`, Destination: "/[...all]?nxtPall=$nxtPall"})
	d.App.DeploymentID = "deployment-1"
	for _, name := range []string{"/posts/a", "/posts/none"} {
		d.Pages = append(d.Pages, manifest.Page{
			Pathname: name, Route: name, Kind: "PAGES", Function: "api", Key: "/route-cache/PAGES/bb/$" + name,
			Parts: []manifest.Part{{Pathname: "/_next/data/b1" + name + ".json", Name: "data"}},
		})
		d.Outputs = append(d.Outputs, manifest.Output{Pathname: name, Type: "PAGES", Function: "api", Entry: name})
	}
	d.Pages = append(d.Pages, manifest.Page{
		Pathname: "/blog/known", Route: "/blog/[slug]", Kind: "APP_PAGE", Function: "blog-slug", Key: "/route-cache/APP_PAGE/aa/$/blog/known",
		Parts: []manifest.Part{{Pathname: "/blog/known", Name: "html"}},
	})
	d.Outputs = append(d.Outputs,
		manifest.Output{Pathname: "/_not-found", Type: "APP_PAGE", Function: "about", Entry: "/_not-found"},
		manifest.Output{Pathname: "/[...all]", Type: "APP_PAGE", Function: "about", Entry: "/[...all]"})
	s.Handler, err = gateway.New(gateway.Options{
		Deployment: d, Cache: s.cache, Invoker: s.functions,
		Assets: fstest.MapFS{"size": {Data: []byte("S, M and L")}, "js": {Data: []byte("1+1")}},
		Proxy: func(*http.Request, string) (*http.Response, error) {
			return respond(status, http.Header{"X-Middleware-Next": {"1"}}, ""), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestStatusOfProxy: `NextResponse.next({ status })` words a page's status, not
// a handler's.
func TestStatusOfProxy(t *testing.T) {
	s := openRuled(t, http.StatusTeapot, func(r *http.Request, _ *event.Call) (*http.Response, error) {
		if r.URL.Path == "/blog/fails" {
			return respond(http.StatusInternalServerError, nil, "broken"), nil
		}
		return respond(http.StatusOK, nil, "rendered"), nil
	})
	s.store(t, "/blog/a", time.Second)
	for path, want := range map[string]int{
		"/blog/a": http.StatusTeapot, "/blog/b": http.StatusTeapot, "/size%20guide.txt": http.StatusTeapot,
		"/api": http.StatusOK, "/blog/fails": http.StatusInternalServerError, "/nowhere": http.StatusNotFound,
	} {
		if got := s.get(path).StatusCode; got != want {
			t.Errorf("%s: status %d, want %d", path, got, want)
		}
	}
}

// TestDataNamesItsDeployment: also where it is not there.
func TestDataNamesItsDeployment(t *testing.T) {
	s := openRuled(t, http.StatusOK, refuse)
	for path, kind := range map[string]string{"/posts/a": s3cache.KindPages, "/posts/none": s3cache.KindNotFound} {
		if _, err := s.cache.Store(t.Context(), s3cache.PageKey("/route-cache/PAGES/bb/$"+path), &s3cache.Entry{
			Kind: kind, Created: time.Now().UnixMilli(), Parts: []s3cache.Part{{Name: "data", Body: []byte("{}")}},
		}); err != nil {
			t.Fatal(err)
		}
		if got := s.get("/_next/data/b1" + path + ".json").Header.Get("X-Nextjs-Deployment-Id"); got != "deployment-1" {
			t.Errorf("%s: deployment %q", path, got)
		}
	}
}

// TestSpelledLikeAnotherRoute: an address that spells another route's page in
// percent-encoding has nothing of it.
func TestSpelledLikeAnotherRoute(t *testing.T) {
	s := openRuled(t, http.StatusOK, func(_ *http.Request, call *event.Call) (*http.Response, error) {
		return respond(http.StatusOK, nil, "rendered by "+call.Entry), nil
	})
	s.store(t, "/blog/known", time.Second)
	for path, want := range map[string]string{"/blog/known": "<p>stored</p>", "/%62log/known": "rendered by /[...all]"} {
		if got := text(t, s.get(path)); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// TestRuledHeaders: a rule for caching binds pages, and neither their errors nor
// what a server action answers; cookies add up.
func TestRuledHeaders(t *testing.T) {
	s := openRuled(t, http.StatusOK, func(r *http.Request, _ *event.Call) (*http.Response, error) {
		if r.Method == http.MethodPost {
			return respond(http.StatusOK, http.Header{"Cache-Control": {"no-cache, no-store, max-age=0, must-revalidate"}, "X-Nextjs-Cache": {"MISS"}}, "acted"), nil
		}
		return respond(http.StatusInternalServerError, http.Header{"Cache-Control": {"private, no-cache, no-store, max-age=0, must-revalidate"}}, "broken"), nil
	})
	if _, err := s.cache.Store(t.Context(), s3cache.PageKey("/route-cache/APP_PAGE/aa/$/blog/a"), &s3cache.Entry{
		Kind: s3cache.KindAppPage, Created: time.Now().UnixMilli(), Revalidate: s3cache.Seconds(60),
		Header: map[string][]string{"set-cookie": {"page=1"}}, Parts: []s3cache.Part{{Name: "html", Body: []byte("<p>stored</p>")}},
	}); err != nil {
		t.Fatal(err)
	}
	stored := s.get("/blog/a")
	if diff := cmp.Diff([]string{"rule=1", "page=1"}, stored.Header["Set-Cookie"]); diff != "" {
		t.Errorf("cookies of a stored page (-want +got):\n%s", diff)
	}
	if got := stored.Header.Get("Cache-Control"); got != "public, max-age=7" {
		t.Errorf("stored page: Cache-Control %q", got)
	}
	if got := s.get("/blog/b").Header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("page that fails: Cache-Control %q", got)
	}
	action := httptest.NewRequest(http.MethodPost, "/blog/a", strings.NewReader("[]"))
	action.Header.Set("Next-Action", "a1")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, action)
	if got := w.Header().Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("server action: Cache-Control %q", got)
	}
}

// TestHeadersOfHandlers: what rules have set stands before what a route handler
// sets, except where there may be several; a page's hints are added.
func TestHeadersOfHandlers(t *testing.T) {
	s := openRuled(t, http.StatusOK, func(*http.Request, *event.Call) (*http.Response, error) {
		return respond(http.StatusOK, http.Header{
			"Cache-Control": {"max-age=9"}, "Link": {"</a>; rel=preload"}, "Www-Authenticate": {"Bearer"}, "Set-Cookie": {"own=1"}, "X-Own": {"1"},
		}, "answered"), nil
	})
	for path, want := range map[string]http.Header{
		"/api":    {"Cache-Control": {"public, max-age=7"}, "Link": {"</rule>; rel=author"}, "Www-Authenticate": {"Basic", "Bearer"}, "Set-Cookie": {"rule=1", "own=1"}, "X-Own": {"1"}},
		"/blog/b": {"Cache-Control": {"max-age=9"}, "Link": {"</rule>; rel=author", "</a>; rel=preload"}, "Www-Authenticate": {"Bearer"}, "Set-Cookie": {"rule=1", "own=1"}, "X-Own": {"1"}},
	} {
		got := s.get(path).Header
		for name, values := range want {
			if diff := cmp.Diff(values, got[name]); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", path, name, diff)
			}
		}
	}
	if got := s.get("/nowhere").Header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("nothing there: Cache-Control %q", got)
	}
}

// TestActionOfUnknownAddress: the not-found page looks for the action that is
// called there, with its arguments, and says that there is none.
func TestActionOfUnknownAddress(t *testing.T) {
	var entry, body string
	s := openRuled(t, http.StatusOK, func(r *http.Request, call *event.Call) (*http.Response, error) {
		read, err := io.ReadAll(r.Body)
		entry, body = call.Entry, string(read)
		return respond(http.StatusConflict, http.Header{"X-Nextjs-Action-Not-Found": {"1"}}, "Server action not found."), err
	})
	action := httptest.NewRequest(http.MethodPost, "/nowhere", strings.NewReader("[1]"))
	action.Header.Set("Next-Action", "a1")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, action)
	if w.Code != http.StatusConflict || !slices.Equal(w.Header()["X-Nextjs-Action-Not-Found"], []string{"1"}) || entry != "/_not-found" || body != "[1]" {
		t.Errorf("status %d, header %v, entry %q, body %q", w.Code, w.Header(), entry, body)
	}
}
