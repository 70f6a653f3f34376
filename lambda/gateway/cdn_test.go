package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pack/lambda/event"
	"pack/lambda/gateway"
	"pack/lambda/purge"
	"pack/manifest"
)

// TestTagHeader: a CDN learns an entry's tags, and of a page that is rendered
// the tag that every purge is for.
func TestTagHeader(t *testing.T) {
	s := open(t, func(*http.Request, *event.Call) (*http.Response, error) { return respond(200, nil, "<p>new</p>"), nil })
	s.store(t, "/blog/a", time.Second, "product:a", "_N_T_/blog/a")
	for header, want := range map[string]map[string]string{
		"":                     {"/blog/a": "", "/blog/b": "", "/api": ""},
		"X-Amz-Meta-Cache-Tag": {"/blog/a": purge.Header([]string{"product:a", "_N_T_/blog/a"}), "/blog/b": purge.Many, "/api": ""},
	} {
		g, err := gateway.New(gateway.Options{Deployment: shop(), Cache: s.cache, Invoker: s.functions, TagHeader: header})
		if err != nil {
			t.Fatal(err)
		}
		for path, value := range want {
			w := httptest.NewRecorder()
			g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
			if got := w.Header().Get("X-Amz-Meta-Cache-Tag"); got != value {
				t.Errorf("header %q: %s has the tags %q, want %q", header, path, got, value)
			}
		}
	}
}

// TestProxyKeepsPagesOutOfTheCDN: what proxy.ts had a say in is for one visitor,
// whatever the CDN's rules are; without a CDN nothing is said of it.
func TestProxyKeepsPagesOutOfTheCDN(t *testing.T) {
	s := open(t, refuse)
	s.store(t, "/blog/a", 0)
	d := shop()
	d.Routing.MiddlewareMatchers = []manifest.Route{{SourceRegex: `^/blog/.*$`}}
	for header, want := range map[string]string{"": "s-maxage=60, stale-while-revalidate=", "X-Tags": "private, max-age=0, must-revalidate"} {
		g, err := gateway.New(gateway.Options{
			Deployment: d, Cache: s.cache, Invoker: s.functions, TagHeader: header,
			Proxy: func(*http.Request, string) (*http.Response, error) {
				return respond(200, http.Header{"X-Middleware-Next": {"1"}}, ""), nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/blog/a", nil))
		if got := w.Header().Get("Cache-Control"); w.Code != http.StatusOK || !strings.HasPrefix(got, want) {
			t.Errorf("header %q: %d, Cache-Control %q, want %q", header, w.Code, got, want)
		}
	}
}

// hooks takes what is for webhooks.
type hooks struct{}

func (hooks) Serve(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != "/_pack/webhooks/cms" {
		return false
	}
	w.WriteHeader(http.StatusAccepted)
	return true
}

// TestWebhooksComeFirst: before routing and proxy.ts, and nothing else does.
func TestWebhooksComeFirst(t *testing.T) {
	s := open(t, refuse)
	g, err := gateway.New(gateway.Options{
		Deployment: shop(), Cache: s.cache, Invoker: s.functions, Webhooks: hooks{},
		Proxy: func(r *http.Request, _ string) (*http.Response, error) {
			t.Errorf("proxy.ts saw %s", r.URL)
			return respond(200, http.Header{"X-Middleware-Next": {"1"}}, ""), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/_pack/webhooks/cms", nil))
	if w.Code != http.StatusAccepted {
		t.Errorf("status %d", w.Code)
	}
	w = httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/_pack/webhooks/other", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("what is nobody's: status %d", w.Code)
	}
}
