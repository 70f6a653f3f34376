package router_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/lambda/router"
	"pack/manifest"
)

// visit is a request for one of the sites and its outcome.
type visit struct {
	target  string
	headers []string
	want    string
}

// siteVisits is what `next start` 16.4.6 answered for the app of site.json.
var siteVisits = []visit{
	// Redirects.
	{"/old/x", nil, "redirect Permanent Redirect /blog/x"},
	{"/old/x?b=1&1=q&a=%20x+y&e=&f", nil, "redirect Permanent Redirect /blog/x?1=q&b=1&a=%20x%20y&e=&f="},
	{"/OLD/x", nil, "redirect Permanent Redirect /blog/x"},
	{"/old/a;b=1@c:d", nil, "redirect Permanent Redirect /blog/a;b=1@c:d"},
	{"/old/it's?q='", nil, "redirect Permanent Redirect /blog/it's?q='"},
	{`/old/x?q="<>"`, nil, "redirect Permanent Redirect /blog/x?q=%22%3C%3E%22"},
	{"/old/%7Ba%7D?q=%7B&r=[x]", nil, "redirect Permanent Redirect /blog/%7Ba%7D?q=%7B&r=%5Bx%5D"},
	{"/old/x?a=1&a=2&b=&b", nil, "redirect Permanent Redirect /blog/x?a=1&a=2&b=&b="},
	{"/old/x/?b=1", nil, "redirect Permanent Redirect /old/x?b=1"},
	{"/old//x?b=1", nil, "redirect Permanent Redirect /old/x?b=1"},
	{`/a\b`, nil, "redirect Permanent Redirect /a/b"},
	{"//evil.test/x", nil, "redirect Permanent Redirect /evil.test/x"},
	{`/\evil.test`, nil, "redirect Permanent Redirect /evil.test"},
	{"/dyn/?a=1", nil, "redirect Permanent Redirect /dyn?a=1"},
	{"/a.txt/", nil, "redirect Permanent Redirect /a.txt"},
	{"/mv/a/b?z=9&y=1", nil, "redirect Temporary Redirect /a/b?z=9&y=1"},
	{"/mv2/a%2Fb/c?z=7", nil, "redirect Temporary Redirect /new/a%2Fb/c?z=a%2Fb/c&k=1"},
	{"/ext/a%20b?q=1", nil, "redirect Moved Permanently https://example.com/x/a%20b?q=1&y=%E6%97%A5%E6%9C%AC#h"},
	{"/hq?a=xx&b=2", nil, "redirect Temporary Redirect /got/xx?a=xx&b=2"},
	{"/hq?a=1&a=a%20b", nil, "redirect Temporary Redirect /got/a b?a=1&a=a%20b"},
	{"/hq?a=", nil, "not found"},
	{"/hq?a=x%0d%0aSet-Cookie:%20y", nil, "not found"},
	{"/hk", []string{"User: bob"}, "redirect Temporary Redirect /u/bob"},
	{"/hk", nil, "not found"},
	{"/_next/red", nil, "not found"},

	// Rewrites.
	{"/bf", nil, "output /blog/[slug] as /blog/a slug=a"},
	{"/BF", nil, "output /blog/[slug] as /blog/a slug=a"},
	{"/bfq/a%20b?x=0&own=5&zz=1", nil, "output /q ?x=a%2520b&own=1&zz=1&v=a%2520b"},
	{"/bfq2/a/b?y=1", nil, "output /q ?y=1&x=a&x=b"},
	{"/bfq2?y=1", nil, "output /q ?y=1"},
	{"/bfe/a%2Fb/c%20d?x=1&x=2", nil, "output /echo/[...r] as /echo/z/a%2Fb/c%20d ?x=1&x=2 r=z|a/b|c d"},
	{"/af/x", nil, "output /blog/[slug] as /blog/x slug=x"},
	{"/fb/a%2Fb/b?x=q", nil, "output /q ?x=a%252Fb&x=b"},
	{"/fb", nil, "output /q"},
	{"/hw", []string{"X-User: bob"}, "output /q ?xuser=bob"},
	{"/hw", nil, "not found"},
	{"/hw2", []string{"Cookie: c=axx"}, "output /q ?cc=1"},
	{"/hw2", []string{"Cookie: d=1; c=\"a\""}, "output /q ?cc=1"},
	{"/hw2", []string{"Cookie: c=x; c=a"}, "not found"},

	// Files.
	{"/sp%20ace.txt", nil, "asset /sp ace.txt as /sp%20ace.txt"},
	{"/%E6%97%A5%E6%9C%AC.txt", nil, "asset /日本.txt as /%E6%97%A5%E6%9C%AC.txt"},
	{"/dir%2Ff.txt", nil, "asset /dir/f.txt as /dir%2Ff.txt"},
	{"/p%2541.txt", nil, "asset /p%41.txt as /p%2541.txt"},
	{"/p%41.txt", nil, "bad request"},
	{"/sp%2520ace.txt", nil, "asset /sp ace.txt as /sp%2520ace.txt"},
	{"/A.txt", nil, "not found"},
	{"/_next/image?url=%2Fa.png&w=1&q=75", nil, "image /_next/image ?url=%2Fa.png&w=1&q=75"},
	{"/_next/static/nope.js", nil, "not found"},

	// Pages.
	{"/", nil, "output /"},
	{"/?", nil, "output /"},
	{"/index", nil, "not found"},
	{"/404", nil, "not found"},
	{"/500", nil, "not found"},
	{"/_error", nil, "not found"},
	{"/_not-found", nil, "not found"},
	{"/stat", nil, "asset /stat"},
	{"/city/berlin", nil, "output /city/[name] as /city/berlin name=berlin"},
	{"/blog/a?x=%zz", nil, "output /blog/[slug] as /blog/a ?x=%zz slug=a"},
	{"/BLOG/a", nil, "not found"},
	{"/ECHO/a", nil, "not found"},
	{"/Q", nil, "not found"},
	{"/opt", nil, "output /opt/[[...all]] as /opt"},
	{"/opt/x%2Fy", nil, "output /opt/[[...all]] as /opt/x%2Fy all=x/y"},
	{"/opt/x/y", nil, "output /opt/[[...all]] as /opt/x/y all=x|y"},
	{"/echo/a%2Fb/c", nil, "output /echo/[...r] as /echo/a%2Fb/c r=a/b|c"},
	{"/blog/[slug]", nil, "output /blog/[slug] slug=[slug]"},
	{"/blog/%5Bslug%5D", nil, "output /blog/[slug] as /blog/%5Bslug%5D slug=[slug]"},
	{"/echo/[...r]", nil, "output /echo/[...r] r=[...r]"},
	{"/blog/a%00b", nil, "output /blog/[slug] as /blog/a%00b slug=a\x00b"},

	// Parts of pages; next start has them under headers, not suffixes.
	{"/blog/a.rsc", nil, "output /blog/[slug].rsc as /blog/a.rsc slug=a"},
	{"/blog/a.segments/_tree.segment.rsc", nil, "output /blog/[slug].rsc as /blog/a.segments/_tree.segment.rsc slug=a"},
	{"/index.segments/_tree.segment.rsc", nil, "output /index.segments/_tree.segment.rsc"},
	{"/index.rsc", nil, "output /index.rsc"},
	{"/dyn.rsc", nil, "output /dyn.rsc"},

	// Malformed and hostile paths.
	{"/%zz", nil, "not found"},
	{"/%E0%A4%A", nil, "not found"},
	{"/blog/%zz", nil, "bad request"},
	{"/blog/%E0%A4%A", nil, "bad request"},
	{"/blog/%ff", nil, "bad request"},
	{"/..%2f..%2fetc/passwd", nil, "not found"},
	{"/blog/..%2fx", nil, "output /blog/[slug] as /blog/..%2fx slug=../x"},
	{"/blog/../dyn", nil, "output /dyn"},
	{"/blog/%2e%2E/dyn", nil, "output /dyn"},
	{"/../../dyn", nil, "output /dyn"},
	{"/dyn#/x?y", nil, "output /dyn"},
	{"/é", nil, "bad request"},
	{"/a b", nil, "bad request"},
	{"", nil, "bad request"},
	{"*", nil, "bad request"},

	// What only Next may say.
	{"/echo/a?nxtPr=evil&a=1&__nextLocale=z", nil, "output /echo/[...r] as /echo/a ?a=1&__nextLocale=z r=a"},
	{"/q", []string{"X-Matched-Path: /blog/[slug]", "X-Now-Route-Matches: 1=evil"}, "output /q"},
	{"/q?nextInternalLocale=x", nil, "output /q ?nextInternalLocale=x"},

	// Data of the Pages Router; the app has a proxy.
	{"/_next/data/BUILD/q.json?z=1", nil, "output /_next/data/BUILD/q.json ?z=1 data"},
	{"/_next/data/BUILD/stat.json", nil, "asset /stat data"},
	{"/_next/data/BUILD/index.json", nil, "output / data"},
	{"/_next/data/BUILD/city/berlin.json", nil, "output /_next/data/BUILD/city/[name].json as /_next/data/BUILD/city/berlin.json name=berlin data"},
	{"/_next/data/BUILD/old/x.json", nil, "redirect Permanent Redirect /blog/x"},
	{"/_next/data/BUILD/nope.json", nil, "not found data"},
	{"/_next/data/OTHER/q.json", nil, "not found data"},
	{"/_next/data/OTHER/old/x.json", nil, "not found data"},
}

func TestResolve(t *testing.T) {
	checkVisits(t, newRouter(t, site(t, "site.json")), siteVisits)
}

func checkVisits(t *testing.T, r *router.Router, visits []visit) {
	t.Helper()
	for _, v := range visits {
		if got := summary(resolve(t, r, request(v.target, v.headers...), nil)); got != v.want {
			t.Errorf("%s %q:\n got %s\nwant %s", v.target, v.headers, got, v.want)
		}
	}
}

// languageVisits is what `next start` answered for languages.json.
var languageVisits = []visit{
	{"/", nil, "asset /en"},
	{"/", []string{"Accept-Language: fr"}, "redirect Temporary Redirect /fr"},
	{"/", []string{"Accept-Language: nl;q=0.5,fr;q=0.4"}, "redirect Temporary Redirect /nl-NL"},
	{"/", []string{"Accept-Language: nl", "Cookie: NEXT_LOCALE=FR"}, "redirect Temporary Redirect /fr"},
	{"/?a=1", []string{"Accept-Language: fr"}, "redirect Temporary Redirect /fr?a=1"},
	{"/index", []string{"Accept-Language: fr"}, "redirect Temporary Redirect /fr"},
	{"/", []string{"Host: example.fr"}, "asset /fr"},
	{"/", []string{"Host: example.fr:80", "Accept-Language: nl"}, "redirect Temporary Redirect http://example.nl/"},
	{"/", []string{"Host: EXAMPLE.fr", "Accept-Language: en"}, "asset /fr"},
	{"/fr", []string{"Accept-Language: nl"}, "asset /fr"},
	{"/EN", nil, "asset /en as /EN"},
	{"/ssr", nil, "output /en/ssr"},
	{"/fr/ssr", nil, "output /fr/ssr"},
	{"/FR/ssr", nil, "output /fr/ssr as /FR/ssr"},
	{"/ssr", []string{"Host: example.nl"}, "output /nl-NL/ssr"},
	{"/stat", nil, "asset /en/stat"},
	{"/fr/stat", nil, "asset /fr/stat"},
	{"/api/hi", nil, "output /api/hi"},
	{"/en/api/hi", nil, "not found"},
	{"/fr/api/hi", nil, "not found"},
	{"/appdyn/1", nil, "output /appdyn/[id] as /appdyn/1 id=1"},
	{"/appdyn/1", []string{"Host: example.fr"}, "output /appdyn/[id] as /appdyn/1 id=1"},
	{"/en/appdyn/1", nil, "not found"},
	{"/fr/appdyn/1", nil, "not found"},
	{"/appstat", nil, "output /appstat"},
	{"/en/appstat", nil, "output /appstat"},
	{"/fr/appstat", nil, "not found"},
	{"/appstat", []string{"Host: example.fr"}, "not found"},
	{"/f.txt", nil, "asset /f.txt as /en/f.txt"},
	{"/en/f.txt", nil, "asset /f.txt as /en/f.txt"},
	{"/fr/f.txt", nil, "asset /f.txt as /fr/f.txt"},
	{"/old/x", nil, "redirect Permanent Redirect /p/x"},
	{"/fr/old/x", nil, "redirect Permanent Redirect https://example.fr/p/x"},
	{"/nl-nl/old/x", nil, "redirect Permanent Redirect http://example.nl/p/x"},
	{"/nl/x", nil, "not found"},
	{"/bf", nil, "output /en/ssr"},
	{"/fr/bf", nil, "output /fr/ssr"},
	{"/af/1", nil, "output /en/p/[x] as /en/p/1 x=1"},
	{"/fr/imp/a/b", nil, "output /fr/ssr ?x=a&x=b"},
	{"/ssr/", nil, "redirect Permanent Redirect /ssr"},
	{"/fr/ssr/", nil, "redirect Permanent Redirect /fr/ssr"},
	{"/fr/", nil, "redirect Permanent Redirect /fr"},
	{"/en/", nil, "asset /en as /en/"},
	{"/p/z", nil, "output /en/p/[x] as /en/p/z x=z"},
	{"/fr/p/z%2Fy", nil, "output /fr/p/[x] as /fr/p/z%2Fy x=z/y"},
	{"/_next/data/BUILD/fr/ssr.json", nil, "output /_next/data/BUILD/fr/ssr.json data"},
	{"/_next/data/BUILD/ssr.json", nil, "not found"},
	{"/_next/data/BUILD/fr/p/q.json", nil, "output /_next/data/BUILD/fr/p/[x].json as /_next/data/BUILD/fr/p/q.json x=q data"},
	{"/de/ssr", nil, "not found"},
	{"/frx", nil, "not found"},
	{"/FR/p/z", nil, "output /fr/p/[x] as /fr/p/z x=z"},
	// No matcher of proxy.ts is written for these.
	{"/en/fr/ssr", nil, "not found"},
	{"/fr/en/ssr", nil, "not found"},
	{"/%66r/stat", nil, "not found"},
	{"/fr%2Fstat", nil, "not found"},
	{"/fr/%73tat", nil, "not found"},
	{"/en/_next/data/BUILD/fr/ssr.json", nil, "not found"},
	{"/fr/_next/data/BUILD/fr/ssr.json", nil, "not found"},
}

func TestResolveLanguages(t *testing.T) {
	checkVisits(t, newRouter(t, site(t, "languages.json")), languageVisits)
}

// TestLanguageOfData: an app without proxy.ts is asked for data as it is.
func TestLanguageOfData(t *testing.T) {
	r := newRouter(t, site(t, "languages.json"))
	for target, want := range map[string]string{
		"/_next/data/BUILD/fr/p/q.json": "fr", "/_next/data/BUILD/nl-NL/ssr.json": "nl-NL", "/_next/data/BUILD/en.json": "en",
		"/_next/data/BUILD/ssr.json": "en", "/_next/data/OTHER/fr/ssr.json": "en", "/_next/static/fr/x.js": "en",
	} {
		if got := resolve(t, r, request(target), nil).Locale; got != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
}

// TestPreferredLocale has the answers of next/dist/server/accept-header.js.
func TestPreferredLocale(t *testing.T) {
	for _, test := range []struct {
		header  string
		locales []string
		want    string
	}{
		{"", []string{"en"}, ""},
		{"fr", []string{"en", "fr"}, "fr"},
		{"fr-CH, fr;q=0.9, en;q=0.8", []string{"en", "fr"}, "fr"},
		{"en", []string{"en-US", "fr"}, "en-US"},
		{"en,fr", []string{"en-US", "fr", "en"}, "fr"},
		{"*", []string{"en", "fr"}, "en"},
		{"en;q=0, *", []string{"en", "fr"}, "fr"},
		{"fr;q=0.1,en;q=0.2", []string{"fr", "en"}, "en"},
		{"fr;q=2", []string{"fr", "en"}, "fr"},
		{"fr;v=1", []string{"fr"}, ""},
		{"fr;q=1;v=2", []string{"fr"}, ""},
		{"FR", []string{"fr"}, "fr"},
		{"de", []string{"fr"}, ""},
	} {
		if got := router.PreferredLocale(test.header, test.locales); got != test.want {
			t.Errorf("%q of %q: %q, want %q", test.header, test.locales, got, test.want)
		}
	}
}

// TestHeaders: rules replace each other, redirects carry none of them, and what
// Next generates yields to the app.
func TestHeaders(t *testing.T) {
	table := site(t, "site.json")
	r := newRouter(t, table)
	if diff := cmp.Diff(http.Header{"X-All": {"2"}, "Set-Cookie": {"b=2"}}, resolve(t, r, request("/q"), nil).Header); diff != "" {
		t.Errorf("/q (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(http.Header{"Refresh": {"0;url=/blog/x"}}, resolve(t, r, request("/old/x"), nil).Header); diff != "" {
		t.Errorf("/old/x (-want +got):\n%s", diff)
	}
	static := "/_next/static/chunks/0brn3tnzn-z_1.js"
	if got := resolve(t, r, request(static), nil).Header.Get("Cache-Control"); got != "public,max-age=31536000,immutable" {
		t.Errorf("cache-control of a hashed file: %q", got)
	}
	table.Routing.BeforeMiddleware = append(table.Routing.BeforeMiddleware, manifest.Route{
		Source: "/_next/static/:p*", SourceRegex: `^\/_next\/static\/(.*)$`, Headers: map[string]string{"cache-control": "no-cache", "x-file": "$1", "x bad": "1"},
	})
	got := resolve(t, newRouter(t, table), request(static), nil).Header
	if diff := cmp.Diff(http.Header{"X-All": {"1"}, "Cache-Control": {"no-cache"}, "X-File": {"chunks/0brn3tnzn-z_1.js"}}, got); diff != "" {
		t.Errorf("with a rule of the app (-want +got):\n%s", diff)
	}
	for target, want := range map[string][2][]string{
		"/bfq2/a?y=1":       {{"/q"}, {""}},
		"/af/x?q=1":         {{"/blog/x"}, {""}},
		"/bf":               {{"/blog/a"}, nil},
		"/bfq/z":            {{"/q"}, {"own=1&v=z"}},
		"/blog/a?_rsc=abcd": {nil, nil},
	} {
		rsc := resolve(t, r, request(target, "Rsc: 1"), nil).Header
		if diff := cmp.Diff(want, [2][]string{rsc["X-Nextjs-Rewritten-Path"], rsc["X-Nextjs-Rewritten-Query"]}); diff != "" {
			t.Errorf("rewrite of an RSC request for %s (-want +got):\n%s", target, diff)
		}
	}
}

// TestBasePathAndTrailingSlash uses the rules that Next generates for them.
func TestBasePathAndTrailingSlash(t *testing.T) {
	table := router.Table{
		BuildID: "BUILD",
		App:     manifest.App{BasePath: "/docs", TrailingSlash: true},
		Routing: manifest.Routing{
			BeforeMiddleware: []manifest.Route{
				{Source: "/docs", SourceRegex: `^\/docs$`, Headers: map[string]string{"Location": "/docs/"}, Status: 308, Priority: true},
				{Source: "/docs/:file((?!\\.well-known(?:/.*)?)(?:[^/]+/)*[^/]+\\.\\w+)/", SourceRegex: `^\/docs(?:\/((?!\.well-known(?:\/.*)?)(?:[^\/]+\/)*[^\/]+\.\w+))\/$`, Headers: map[string]string{"Location": "/docs/$1"}, Status: 308, Priority: true, Missing: []manifest.Condition{{Type: "header", Key: "x-nextjs-data"}}},
				{Source: "/docs/:notfile((?!\\.well-known(?:/.*)?)(?:[^/]+/)*[^/\\.]+)", SourceRegex: `^\/docs(?:\/((?!\.well-known(?:\/.*)?)(?:[^\/]+\/)*[^\/\.]+))$`, Headers: map[string]string{"Location": "/docs/$1/"}, Status: 308, Priority: true},
			},
			DynamicRoutes: []manifest.Route{{Source: "/blog/[slug]", SourceRegex: `^/docs[/]?/blog/(?<nxtPslug>[^/]+?)(?:/)?$`, Destination: "/docs/blog/[slug]?nxtPslug=$nxtPslug"}},
		},
		Outputs: []manifest.Output{{Pathname: "/docs", Type: "APP_PAGE"}, {Pathname: "/docs/a", Type: "APP_PAGE"}, {Pathname: "/docs/blog/[slug]", Type: "APP_PAGE"}},
		Assets:  []manifest.Asset{{Pathname: "/docs/f.txt", Source: "public"}},
	}
	r := newRouter(t, table)
	for target, want := range map[string]string{
		"/docs":               "redirect Permanent Redirect /docs/",
		"/docs/":              "output /docs as /docs/",
		"/docs/a":             "redirect Permanent Redirect /docs/a/",
		"/docs/a/?x=1":        "output /docs/a as /docs/a/ ?x=1",
		"/docs/f.txt":         "asset /docs/f.txt",
		"/docs/f.txt/":        "redirect Permanent Redirect /docs/f.txt",
		"/docs/.well-known/x": "not found",
		"/docs/blog/x/":       "output /docs/blog/[slug] as /docs/blog/x/ slug=x",
		"/a":                  "not found",
		"/":                   "not found",
		"/docsa/":             "not found",
	} {
		if got := summary(resolve(t, r, request(target), nil)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", target, got, want)
		}
	}
}

// TestSpelledQueries: what a destination spells out of the query is told to
// clients and is text; what Next adds is not told, and a list where it repeats.
func TestSpelledQueries(t *testing.T) {
	for name, test := range map[string]struct {
		spelled []string
		query   string
		told    string
	}{
		"spelled": {[]string{"p"}, "?p=a/b", "p=a/b"},
		"added":   {nil, "?p=a&p=b", ""},
	} {
		r := newRouter(t, router.Table{
			Routing: manifest.Routing{AfterFiles: []manifest.Route{{
				Source: "/all/:p*", SourceRegex: `^\/all(?:\/((?:[^\/]+?)(?:\/(?:[^\/]+?))*))?(?:\/)?$`, Destination: "/page?p=$1", Spelled: test.spelled,
			}}},
			Outputs: []manifest.Output{{Pathname: "/page", Type: "APP_PAGE"}},
		})
		result := resolve(t, r, request("/all/a/b", "Rsc: 1"), nil)
		if got, want := strings.ReplaceAll(summary(result), "%2F", "/"), "output /page "+test.query; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		if got := result.Header.Get("X-Nextjs-Rewritten-Query"); strings.ReplaceAll(got, "%2F", "/") != test.told {
			t.Errorf("%s: clients are told %q, want %q", name, got, test.told)
		}
	}
}

// TestMetadataFilesBelowParameters: one file answers for every address.
func TestMetadataFilesBelowParameters(t *testing.T) {
	r := newRouter(t, router.Table{
		Routing: manifest.Routing{DynamicRoutes: []manifest.Route{{
			SourceRegex: `^[/]?/blog/(?<nxtPslug>[^/]+?)/(?<nxtPpart>[^/]+?)/icon\.png(?:/)?$`, Destination: "/blog/[slug]/[part]/icon.png?nxtPslug=$nxtPslug&nxtPpart=$nxtPpart",
		}}},
		Assets: []manifest.Asset{{Pathname: "/blog/-/-/icon.png", Source: "static"}},
	})
	for _, target := range []string{"/blog/-/-/icon.png", "/blog/a/b/icon.png"} {
		result := resolve(t, r, request(target), nil)
		if result.Kind != router.Asset || result.Pathname != "/blog/-/-/icon.png" {
			t.Errorf("%s: got %s", target, summary(result))
		}
	}
}

// TestFallbackFalse: a route without rendering on demand answers for what the
// build prerendered, and in draft mode for everything.
func TestFallbackFalse(t *testing.T) {
	table := router.Table{
		Routing: manifest.Routing{
			AfterFiles: []manifest.Route{{Source: "/blog/new", SourceRegex: `^\/blog\/new(?:\/)?$`, Destination: "/other"}},
			DynamicRoutes: []manifest.Route{{
				Source: "/blog/[slug]", SourceRegex: `^[/]?/blog/(?<nxtPslug>[^/]+?)(\.rsc|\.segments/.+\.segment\.rsc|)(?:/)?$`, Destination: "/blog/[slug]$2?nxtPslug=$nxtPslug",
				Has: []manifest.Condition{{Type: "cookie", Key: "__prerender_bypass", Value: "token"}},
			}},
		},
		Outputs: []manifest.Output{{Pathname: "/blog/[slug]", Type: "APP_PAGE"}, {Pathname: "/blog/[slug].rsc", Type: "APP_PAGE"}, {Pathname: "/other", Type: "APP_PAGE"}},
		Pages: []manifest.Page{
			{Pathname: "/blog/b c", Route: "/blog/[slug]", Kind: "APP_PAGE", Parts: []manifest.Part{{Pathname: "/blog/b c"}, {Pathname: "/blog/b c.rsc"}}},
			{Pathname: "/blog/new", Route: "/blog/[slug]", Kind: "APP_PAGE", Parts: []manifest.Part{{Pathname: "/blog/new"}}},
		},
	}
	r := newRouter(t, table)
	for _, test := range []struct{ target, cookie, want, part string }{
		{"/blog/b%20c", "", "output /blog/[slug] as /blog/b%20c slug=b c", "/blog/b c"},
		{"/blog/b%20c.rsc", "", "output /blog/[slug].rsc as /blog/b%20c.rsc slug=b c", "/blog/b c.rsc"},
		{"/blog/x", "", "not found", ""},
		{"/blog/x", "__prerender_bypass=guess", "not found", ""},
		{"/blog/x", "__prerender_bypass=token", "output /blog/[slug] as /blog/x slug=x", ""},
		{"/blog/new", "", "output /other", ""},
	} {
		result := resolve(t, r, request(test.target, "Cookie: "+test.cookie), nil)
		if got := summary(result); got != test.want || result.Part != test.part {
			t.Errorf("%s, cookie %q:\n got %s, part %q\nwant %s, part %q", test.target, test.cookie, got, result.Part, test.want, test.part)
		}
	}
}

// TestDestinationsStayOnTheirHost: what a visitor sends cannot choose the host.
func TestDestinationsStayOnTheirHost(t *testing.T) {
	has := []manifest.Condition{{Type: "query", Key: "to", Value: "(?<to>.+)"}}
	r := newRouter(t, router.Table{Routing: manifest.Routing{
		BeforeMiddleware: []manifest.Route{
			{Source: "/host", SourceRegex: `^\/host$`, Headers: map[string]string{"Location": "https://$to.example.com/x"}, Status: 307, Has: has},
			{Source: "/path", SourceRegex: `^\/path$`, Headers: map[string]string{"Location": "/$to"}, Status: 307, Has: has},
		},
		AfterFiles: []manifest.Route{{Source: "/api/:p*", SourceRegex: `^\/api(?:\/((?:[^\/]+?)(?:\/(?:[^\/]+?))*))?(?:\/)?$`, Destination: "https://api.test/$1?own=1"}},
	}})
	for target, want := range map[string]string{
		"/host?to=evil.test/":     "redirect Temporary Redirect https://evil.test%2F.example.com/x?to=evil.test%2F",
		"/host?to=a@evil.test%23": "redirect Temporary Redirect https://a%40evil.test%23.example.com/x?to=a%40evil.test%23",
		"/path?to=/evil.test":     "redirect Temporary Redirect /evil.test?to=%2Fevil.test",
		"/path?to=%5Cevil.test":   "redirect Temporary Redirect /evil.test?to=%5Cevil.test",
		"/api/a/b%20c?q=a+b&q=2":  "external https://api.test/a/b%20c?q=a%20b&q=2&own=1",
		"/api":                    "external https://api.test/?own=1",
	} {
		if got := summary(resolve(t, r, request(target), nil)); got != want {
			t.Errorf("%s:\n got %s\nwant %s", target, got, want)
		}
	}
}

func TestNewNamesTheRule(t *testing.T) {
	_, err := router.New(router.Table{Routing: manifest.Routing{AfterFiles: []manifest.Route{
		{SourceRegex: "^/a$", Destination: "/b"}, {SourceRegex: "^/a(", Destination: "/b"},
	}}})
	var mistake *router.PatternError
	if !errors.As(err, &mistake) || mistake.Phase != "afterFiles" || mistake.Index != 1 || mistake.Offset != 3 {
		t.Fatalf("error %v", err)
	}
	_, err = router.New(router.Table{Routing: manifest.Routing{DynamicRoutes: []manifest.Route{
		{SourceRegex: "^/a$", Has: []manifest.Condition{{Type: "query", Key: "a", Value: "["}}},
	}}})
	if !errors.As(err, &mistake) || mistake.Phase != "dynamicRoutes" || !strings.Contains(err.Error(), "dynamicRoutes[0]") {
		t.Fatalf("error %v", err)
	}
}

func TestResolveTimesOut(t *testing.T) {
	r := newRouter(t, router.Table{Routing: manifest.Routing{AfterFiles: []manifest.Route{{SourceRegex: `^/(?=.)(a+)+$`, Destination: "/b"}}}})
	if _, err := r.Resolve(context.Background(), request("/"+strings.Repeat("a", 64)+"!"), nil); !errors.Is(err, router.ErrPatternTimeout) {
		t.Fatalf("error %v", err)
	}
}
