package router_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/lambda/router"
	"pack/manifest"
)

// answering is a proxy with a fixed response; it notes the targets it saw.
func answering(t *testing.T, status int, header http.Header, seen *[]string) router.Proxy {
	return func(_ context.Context, r *router.Request) (*router.ProxyResult, error) {
		if seen != nil {
			*seen = append(*seen, r.Target)
		}
		result, err := router.ParseProxyResponse(status, header)
		if err != nil {
			t.Error(err)
		}
		return result, err
	}
}

// TestProxyMatchers: no spelling of a path gets around a matcher.
func TestProxyMatchers(t *testing.T) {
	r := newRouter(t, site(t, "site.json"))
	for target, want := range map[string]bool{
		"/acc/ping":                      true,
		"/acc":                           true,
		"/%61cc/ping":                    true,
		"/acc%2Fping":                    true,
		"/%61%63%63/%70ing":              true,
		"/x/../acc/ping":                 true,
		"/x/%2e%2e/acc/ping":             true,
		"/./acc/ping":                    true,
		"/acc/%zz":                       true,
		"/acc/a.rsc":                     true,
		"/acc/a.segments/b.segment.rsc":  true,
		"/_next/data/BUILD/acc/x.json":   true,
		"/_next/data/BUILD/%61cc/x.json": true,
		"/_next/data/OTHER/acc/x.json":   true,
		"/accx":                          false,
		"/x/acc":                         false,
		// next start matches in the case of the pattern; there is no file in
		// another case either.
		"/ACC/ping": false,
	} {
		ran := false
		proxy := func(context.Context, *router.Request) (*router.ProxyResult, error) {
			ran = true
			return nil, nil
		}
		resolve(t, r, request(target), proxy)
		if ran != want {
			t.Errorf("%s: proxy ran: %v, want %v", target, ran, want)
		}
	}
	ran := false
	resolve(t, r, request("/acc/ping", "X-Prerender-Revalidate: revalidation-token"), func(context.Context, *router.Request) (*router.ProxyResult, error) {
		ran = true
		return nil, nil
	})
	if ran {
		t.Error("proxy ran for a refresh")
	}
}

func TestProxyResults(t *testing.T) {
	r := newRouter(t, site(t, "site.json"))
	for _, test := range []struct {
		name   string
		target string
		status int
		header http.Header
		want   string
		after  http.Header
	}{
		{"next", "/acc/x", 200, http.Header{"X-Middleware-Next": {"1"}, "Set-Cookie": {"m=1", "n=2"}},
			"not found", http.Header{"X-All": {"1"}, "Set-Cookie": {"m=1", "n=2"}}},
		{"rewrite", "/acc/x?a=1", 200, http.Header{"X-Middleware-Rewrite": {"http://SITE.test:80/echo/mw?m=1"}, "X-P": {"1"}},
			"output /echo/[...r] as /echo/mw ?m=1 r=mw", http.Header{"X-All": {"1"}, "X-P": {"1"}, "X-Middleware-Rewrite": {"/echo/mw?m=1"}}},
		{"rewrite to itself, rules after it apply", "/acc/x", 200, http.Header{"X-Middleware-Rewrite": {"http://site.test/af/z"}},
			"output /blog/[slug] as /blog/z slug=z", http.Header{"X-All": {"1"}, "X-Middleware-Rewrite": {"/af/z"}}},
		{"rewrite elsewhere", "/acc/x", 200, http.Header{"X-Middleware-Rewrite": {"https://example.com/abc?q=a%20b"}},
			"external https://example.com/abc?q=a%20b", http.Header{"X-All": {"1"}, "X-Middleware-Rewrite": {"https://example.com/abc?q=a%20b"}}},
		{"rewrite to the host under https", "/acc/x", 200, http.Header{"X-Middleware-Rewrite": {"https://site.test/abc"}},
			"external https://site.test/abc", http.Header{"X-All": {"1"}, "X-Middleware-Rewrite": {"https://site.test/abc"}}},
		{"rewrite cannot leave by slashes", "/acc/x", 200, http.Header{"X-Middleware-Rewrite": {"//evil.test/abc"}},
			"external http://evil.test/abc", http.Header{"X-All": {"1"}, "X-Middleware-Rewrite": {"http://evil.test/abc"}}},
		{"redirect", "/acc/x", 308, http.Header{"Location": {"http://site.test/blog/r?z=1"}},
			"redirect Permanent Redirect /blog/r?z=1", http.Header{"X-All": {"1"}, "Refresh": {"0;url=/blog/r?z=1"}}},
		{"redirect elsewhere", "/acc/x", 307, http.Header{"Location": {"https://example.com"}},
			"redirect Temporary Redirect https://example.com/", http.Header{"X-All": {"1"}}},
		{"redirect beside the request", "/acc/x?q=1", 307, http.Header{"Location": {"y?z=é"}},
			"redirect Temporary Redirect /acc/y?z=%C3%A9", http.Header{"X-All": {"1"}}},
		{"redirect to another query", "/acc/x?q=1", 307, http.Header{"Location": {"?z=1#a"}},
			"redirect Temporary Redirect /acc/x?z=1#a", http.Header{"X-All": {"1"}}},
		{"redirect by backslashes", "/acc/x", 307, http.Header{"Location": {`/\evil.test/a\b`}},
			"redirect Temporary Redirect http://evil.test/a/b", http.Header{"X-All": {"1"}}},
		{"redirect to an app", "/acc/x", 303, http.Header{"Location": {"mailto:a@b.test"}},
			"redirect See Other mailto:a@b.test", http.Header{"X-All": {"1"}}},
		{"location without a redirect", "/acc/x", 201, http.Header{"Location": {"/made"}},
			"responded", http.Header{"X-All": {"1"}, "Location": {"/made"}}},
		{"response", "/acc/x", 418, http.Header{"Content-Type": {"text/plain"}, "Content-Length": {"3"}, "Content-Encoding": {"gzip"}, "X-Empty": {""}},
			"responded", http.Header{"X-All": {"1"}, "Content-Type": {"text/plain"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var seen []string
			result := resolve(t, r, request(test.target), answering(t, test.status, test.header, &seen))
			if got := summary(result); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
			if diff := cmp.Diff(test.after, result.Header); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{test.target}, seen); diff != "" {
				t.Errorf("targets (-want +got):\n%s", diff)
			}
		})
	}
}

// TestProxyRewritesData: to the proxy a request for data looks like one for its
// page, and what it rewrites to is answered with data again.
func TestProxyRewritesData(t *testing.T) {
	r := newRouter(t, site(t, "site.json"))
	for location, shown := range map[string]string{
		"http://site.test/q?m=1":                       "/q?m=1",
		"http://site.test/_next/data/BUILD/q.json?m=1": "/_next/data/BUILD/q.json?m=1",
	} {
		var seen []string
		result := resolve(t, r, request("/_next/data/BUILD/acc/x.json"), answering(t, 200, http.Header{"X-Middleware-Rewrite": {location}}, &seen))
		if got, want := summary(result), "output /_next/data/BUILD/q.json ?m=1 data"; got != want {
			t.Errorf("%s: got %s\nwant %s", location, got, want)
		}
		if got := result.Header.Get("X-Middleware-Rewrite"); got != shown {
			t.Errorf("%s: shown as %s, want %s", location, got, shown)
		}
		if diff := cmp.Diff([]string{"/acc/x"}, seen); diff != "" {
			t.Errorf("%s: targets (-want +got):\n%s", location, diff)
		}
	}
}

// TestProxyRewritesToAPI: routes of pages/api have no language, unlike what
// dynamic routes are written for.
func TestProxyRewritesToAPI(t *testing.T) {
	table := site(t, "languages.json")
	table.Routing.MiddlewareMatchers = []manifest.Route{{SourceRegex: `^.*$`}}
	table.Routing.DynamicRoutes = append(table.Routing.DynamicRoutes, manifest.Route{
		Source: "/api/files/[id]", SourceRegex: `^[/]?(?<nextLocale>[^/]{1,})/api/files/(?<nxtPid>[^/]+?)(?:/)?$`, Destination: "/$nextLocale/api/files/[id]?nxtPid=$nxtPid",
	})
	table.Outputs = append(table.Outputs, manifest.Output{Pathname: "/api/files/[id]", Type: "PAGES_API"})
	r := newRouter(t, table)
	for _, target := range []string{"/ssr", "/fr/ssr"} {
		var seen []string
		result := resolve(t, r, request(target), answering(t, 200, http.Header{"X-Middleware-Rewrite": {"http://site.test/api/files/a?m=1"}}, &seen))
		if got, want := summary(result), "output /api/files/[id] as /api/files/a ?m=1 id=a"; got != want {
			t.Errorf("%s: got %s\nwant %s", target, got, want)
		}
	}
}

// TestProxyStatus: what proxy.ts lets pass keeps its status, for the page.
func TestProxyStatus(t *testing.T) {
	r := newRouter(t, site(t, "site.json"))
	for name, header := range map[string]http.Header{"next": {"X-Middleware-Next": {"1"}}, "rewrite": {"X-Middleware-Rewrite": {"http://site.test/q"}}} {
		var seen []string
		if got := resolve(t, r, request("/acc/x"), answering(t, 418, header, &seen)).ProxyStatus; got != 418 {
			t.Errorf("%s: status %d, want 418", name, got)
		}
	}
}

func TestProxyOverridesHeaders(t *testing.T) {
	r := newRouter(t, site(t, "site.json"))
	header := http.Header{
		"X-Middleware-Next":             {"1"},
		"X-Middleware-Override-Headers": {"x-added,x-kept, x-lost"},
		"X-Middleware-Request-X-Added":  {"1"},
		"X-Middleware-Request-X-Kept":   {"2"},
		"X-Middleware-Set-Cookie":       {"c=1"},
		"X-Response":                    {"3"},
	}
	asked := request("/acc/x", "X-Kept: 0", "X-Gone: 0", "X-Middleware-Rewrite: /evil", "X-Matched-Path: /evil")
	before := asked.Header.Clone()
	result := resolve(t, r, asked, answering(t, 200, header, nil))
	want := http.Header{"X-Added": {"1"}, "X-Kept": {"2"}, "X-Middleware-Set-Cookie": {"c=1"}, "X-Response": {"3"}}
	if diff := cmp.Diff(want, result.RequestHeader); diff != "" {
		t.Errorf("request headers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(http.Header{"X-All": {"1"}, "X-Response": {"3"}}, result.Header); diff != "" {
		t.Errorf("response headers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, asked.Header); diff != "" {
		t.Errorf("the request was changed (-want +got):\n%s", diff)
	}
	if got := resolve(t, r, asked, nil).RequestHeader; got.Get("X-Matched-Path") != "" || got.Get("X-Kept") != "0" {
		t.Errorf("request headers without a proxy: %v", got)
	}
}

func TestProxyConditionsSeeOverrides(t *testing.T) {
	table := site(t, "site.json")
	table.Routing.AfterFiles = []manifest.Route{{Source: "/acc/:x", SourceRegex: `^\/acc(?:\/([^\/]+?))(?:\/)?$`, Destination: "/q?u=$user", Has: []manifest.Condition{{Type: "header", Key: "x-user", Value: "(?<user>.+)"}}}}
	header := http.Header{"X-Middleware-Next": {"1"}, "X-Middleware-Override-Headers": {"x-user"}, "X-Middleware-Request-X-User": {"bob"}}
	if got := summary(resolve(t, newRouter(t, table), request("/acc/x"), answering(t, 200, header, nil))); got != "output /q ?u=bob" {
		t.Error(got)
	}
}

func TestProxyErrors(t *testing.T) {
	r := newRouter(t, site(t, "site.json"))
	failure := errors.New("node is gone")
	_, err := r.Resolve(t.Context(), request("/acc/x"), func(context.Context, *router.Request) (*router.ProxyResult, error) { return nil, failure })
	if !errors.Is(err, failure) {
		t.Errorf("error %v", err)
	}
	for _, address := range []string{"http://a b/", "https://", "mailto:x", "//\x15"} {
		if _, err := r.Resolve(t.Context(), request("/acc/x"), answering(t, 200, http.Header{"X-Middleware-Rewrite": {address}}, nil)); !errors.Is(err, router.ErrProxyAddress) {
			t.Errorf("rewrite to %q: error %v", address, err)
		}
	}
	if _, err := router.ParseProxyResponse(0, nil); err == nil {
		t.Error("a response without a status was accepted")
	}
}

// TestProxyTarget: the proxy sees data requests as such, and the address as it
// came where the app asks for that.
func TestProxyTarget(t *testing.T) {
	table := site(t, "languages.json")
	table.Routing.MiddlewareMatchers = []manifest.Route{{SourceRegex: ".*"}}
	table.Routing.ShouldNormalizeNextData = true
	for _, test := range []struct {
		skip         bool
		target, want string
	}{
		{false, "/ssr?a=+", "/en/ssr?a=+"},
		{false, "/x/../fr/ssr", "/fr/ssr"},
		{false, "/_next/data/BUILD/fr/ssr.json", "/fr/ssr"},
		{true, "/x/../fr/ssr", "/x/../fr/ssr"},
	} {
		table.App.SkipProxyURLNormalize = test.skip
		var seen []string
		resolve(t, newRouter(t, table), request(test.target), answering(t, 200, http.Header{"X-Middleware-Next": {"1"}}, &seen))
		if diff := cmp.Diff([]string{test.want}, seen); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.target, diff)
		}
	}
}
