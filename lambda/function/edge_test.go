package function_test

import (
	"net/http/httptest"
	"testing"

	"pack/lambda/function"
	"pack/manifest"
)

func TestEdgeURL(t *testing.T) {
	i18n := &manifest.I18n{Locales: []string{"en", "pt"}, DefaultLocale: "en"}
	for _, c := range []struct {
		name          string
		app           manifest.App
		route         string
		target, asked string
		want          string
	}{
		{"nothing to add", manifest.App{}, "/api/x", "/api/x?a=1&a=2&b", "http://shop.example/api/x?a=1&a=2&b", "http://shop.example/api/x?a=1&a=2&b="},
		{"repeated keys come together", manifest.App{}, "/api/x", "/api/x?a=1&b=2&a=3", "http://shop.example/api/x?a=1&b=2&a=3", "http://shop.example/api/x?a=1&a=3&b=2"},
		{"parameter", manifest.App{}, "/hi/[name]", "/hi/a%2Fb%20c", "http://shop.example/hi/a%2Fb%20c", "http://shop.example/hi/a%2Fb%20c?name=a%2Fb+c"},
		{"parameter over query", manifest.App{}, "/hi/[name]", "/hi/ann?name=x&q=1", "http://shop.example/hi/ann?name=x&q=1", "http://shop.example/hi/ann?name=ann&q=1"},
		{"rest", manifest.App{}, "/docs/[...path]", "/docs/a/b", "http://shop.example/docs/a/b", "http://shop.example/docs/a/b?path=a&path=b"},
		{"optional rest", manifest.App{}, "/docs/[[...path]]", "/docs", "http://shop.example/docs", "http://shop.example/docs"},
		{"rewrite", manifest.App{}, "/hi/[name]", "/hi/ann?by=rule", "http://shop.example/old/ann?q=1", "http://shop.example/old/ann?q=1&by=rule&name=ann"},
		{"basePath", manifest.App{BasePath: "/shop"}, "/hi/[name]", "/shop/hi/ann", "http://shop.example/shop/hi/ann", "http://shop.example/shop/hi/ann?name=ann"},
		{"locale", manifest.App{I18n: i18n}, "/hi/[name]", "/pt/hi/ann", "http://shop.example/pt/hi/ann", "http://shop.example/pt/hi/ann?name=ann"},
		{"payload", manifest.App{}, "/hi/[name]", "/hi/ann.rsc", "http://shop.example/hi/ann?_rsc=1", "http://shop.example/hi/ann?_rsc=1&name=ann"},
		{"data", manifest.App{}, "/hi/[name]", "/_next/data/ID/hi/ann.json", "http://shop.example/_next/data/ID/hi/ann.json", "http://shop.example/_next/data/ID/hi/ann.json?name=ann"},
		{"own URL", manifest.App{}, "/hi/[name]", "/hi/ann?q=1", "", "http://function.example/hi/ann?q=1&name=ann"},
		{"half a percent sign", manifest.App{}, "/api/x", "/api/x?a=%zz", "http://shop.example/api/x?a=%zz", "http://shop.example/api/x?a=%25zz"},
	} {
		r := httptest.NewRequest("GET", c.target, nil)
		r.Host = "function.example"
		if got := function.EdgeURL(&c.app, &manifest.Entry{Pathname: c.route}, r, c.asked); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}
