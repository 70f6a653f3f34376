package router_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"pack/lambda/router"
)

// FuzzResolve sends anything to both sites, with a proxy that answers anything:
// every request has an outcome, in time, that can go over HTTP.
func FuzzResolve(f *testing.F) {
	for _, v := range append(siteVisits, languageVisits...) {
		f.Add(v.target, "site.test", strings.Join(v.headers, "\n"), "")
	}
	f.Add("/acc/x", "example.fr", "", "http://site.test/blog/%zz?a=1")
	f.Add("/_next/data/BUILD/acc/x.json", "", "Rsc: 1", "//evil")
	f.Add("/acc", "0", "", "//\x15")
	f.Add("/%2e%2e//..\\", "[::1]:80", "Cookie: =;NEXT_LOCALE=\"%", "?")
	var routers []*router.Router
	for _, name := range []string{"site.json", "languages.json"} {
		routers = append(routers, newRouter(f, site(f, name)))
	}
	f.Fuzz(func(t *testing.T, target, host, headers, rewrite string) {
		asked := request(target, strings.Split(headers, "\n")...)
		asked.Host = host
		proxy := func(context.Context, *router.Request) (*router.ProxyResult, error) {
			return router.ParseProxyResponse(http.StatusOK, http.Header{"X-Middleware-Rewrite": {rewrite}, "X-Middleware-Next": {"1"}})
		}
		for _, r := range routers {
			start := time.Now()
			result, err := r.Resolve(t.Context(), asked, proxy)
			if errors.Is(err, router.ErrProxyAddress) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > 2*time.Second {
				t.Fatalf("took %v", took)
			}
			switch result.Kind {
			case router.Asset, router.Output, router.Image:
				if result.Pathname == "" || !strings.HasPrefix(result.Path, "/") {
					t.Fatalf("%v with pathname %q and path %q", result.Kind, result.Pathname, result.Path)
				}
			case router.Redirect, router.External:
				if result.Location == "" {
					t.Fatalf("%v without a location", result.Kind)
				}
			case router.NotFound, router.Responded, router.BadRequest:
			default:
				t.Fatalf("%v", result.Kind)
			}
			for i := range len(result.Location) {
				if c := result.Location[i]; c < ' ' || c >= 0x7f {
					t.Fatalf("location %q", result.Location)
				}
			}
			for i := range len(result.Path) {
				if c := result.Path[i]; c <= ' ' || c >= 0x7f || c == '?' || c == '#' {
					t.Fatalf("path %q", result.Path)
				}
			}
			if diff := router.ParseQuery(result.RawQuery); len(diff) != len(result.Query) {
				t.Fatalf("query %q and %v", result.RawQuery, result.Query)
			}
		}
	})
}
