package gateway_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pack/lambda/event"
	"pack/lambda/gateway"
	"pack/manifest"
	"pack/s3cache"
)

// notes is an app of the Pages Router with basePath, trailingSlash and two
// languages.
func notes() *manifest.Deployment {
	return &manifest.Deployment{
		Schema: manifest.DeploymentSchema, ID: "d1", BuildID: "b1",
		App: manifest.App{
			ProjectDir: ".", DistDir: ".next", BasePath: "/base", TrailingSlash: true, BypassToken: token,
			I18n: &manifest.I18n{Locales: []string{"en", "fr"}, DefaultLocale: "en"},
		},
		Routing: manifest.Routing{
			DynamicRoutes: []manifest.Route{
				{Source: "/_next/data/posts/[slug]", SourceRegex: `^/base/_next/data/b1/(?<nextLocale>[^/]+?)/posts/(?<nxtPslug>[^/]+?)\.json$`, Destination: "/base/_next/data/b1/$nextLocale/posts/[slug].json?nxtPslug=$nxtPslug"},
				{Source: "/posts/[slug]", SourceRegex: `^/base[/]?(?<nextLocale>[^/]{1,})/posts/(?<nxtPslug>[^/]+?)(?:/)?$`, Destination: "/base/$nextLocale/posts/[slug]?nxtPslug=$nxtPslug"},
			},
		},
		Functions: []manifest.Function{{Name: "posts", Kind: manifest.RouteFunction, MaxDuration: 10}},
		Outputs: []manifest.Output{
			{Pathname: "/base/fr/posts/[slug]", Type: "PAGES", Function: "posts", Entry: "/posts/[slug]"},
			{Pathname: "/base/fr/server", Type: "PAGES", Function: "server", Entry: "/server"},
			{Pathname: "/base/_next/data/b1/fr/server.json", Type: "PAGES", Function: "server", Entry: "/server"},
		},
		Pages: []manifest.Page{
			{
				Pathname: "/base/fr/posts/[slug]", Route: "/posts/[slug]", Kind: "PAGES", Function: "posts", Key: "/route-cache/PAGES/bb/$", Template: true,
				Parts: []manifest.Part{{Pathname: "/base/fr/posts/[slug]", Name: "html"}, {Pathname: "/base/_next/data/b1/fr/posts/[slug].json", Name: "data"}},
			},
			{Pathname: "/base/fr/404", Route: "/404", Kind: "PAGES", Function: "404", Key: "/route-cache/PAGES/cc/$/fr/404", Parts: []manifest.Part{{Pathname: "/base/fr/404", Name: "html"}}},
		},
	}
}

func openNotes(t *testing.T, answer func(r *http.Request, call *event.Call) (*http.Response, error)) *site {
	t.Helper()
	store, tags, err := s3cache.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tags.Close() })
	s := &site{cache: s3cache.New(s3cache.Options{Store: store, Tags: tags, Prefix: "d1"}), functions: &functions{answer: answer}}
	if s.Handler, err = gateway.New(gateway.Options{Deployment: notes(), Cache: s.cache, Invoker: s.functions, Assets: fstest.MapFS{}}); err != nil {
		t.Fatal(err)
	}
	for key, e := range map[string]*s3cache.Entry{
		"/route-cache/PAGES/bb/$/fr/posts/one":  {Kind: s3cache.KindPages, Parts: []s3cache.Part{{Name: "html", Body: []byte("<p>un</p>")}, {Name: "data", Body: []byte(`{"un":1}`)}}},
		"/route-cache/PAGES/bb/$/fr/posts/gone": {Kind: s3cache.KindNotFound},
		"/route-cache/PAGES/cc/$/fr/404":        {Kind: s3cache.KindPages, Parts: []s3cache.Part{{Name: "html", Body: []byte("<p>introuvable</p>")}}},
	} {
		e.Created = time.Now().UnixMilli()
		if _, err := s.cache.Store(t.Context(), s3cache.PageKey(key), e); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestStoredPagesOfLanguages: pages, their data and error pages come from the
// store, under keys without basePath and trailing slash.
func TestStoredPagesOfLanguages(t *testing.T) {
	s := openNotes(t, refuse)
	for _, test := range []struct {
		path, body string
		status     int
	}{
		{"/base/fr/posts/one/", "<p>un</p>", 200},
		{"/base/_next/data/b1/fr/posts/one.json", `{"un":1}`, 200},
		{"/base/fr/posts/gone/", "<p>introuvable</p>", 404},
		{"/base/_next/data/b1/fr/posts/gone.json", `{"notFound":true}`, 404},
		{"/base/fr/nowhere/", "<p>introuvable</p>", 404},
		{"/fr/posts/one/", "<p>introuvable</p>", 404},
	} {
		r := s.get(test.path)
		if got := text(t, r); r.StatusCode != test.status || got != test.body {
			t.Errorf("%s: status %d, %q, want %d, %q", test.path, r.StatusCode, got, test.status, test.body)
		}
	}
}

// TestForgedPreviewCookies are taken out of the browser, and change nothing else.
func TestForgedPreviewCookies(t *testing.T) {
	s := openNotes(t, refuse)
	for _, cookie := range []string{"__prerender_bypass=forged", "__next_preview_data=forged", "__prerender_bypass=forged; __next_preview_data=forged"} {
		r := s.get("/base/fr/posts/one/", "Cookie", cookie)
		cleared := strings.Join(r.Header.Values("Set-Cookie"), "\n")
		if text(t, r) != "<p>un</p>" || !strings.Contains(cleared, "__prerender_bypass=;") || !strings.Contains(cleared, "__next_preview_data=;") {
			t.Errorf("%s: sets %q", cookie, cleared)
		}
	}
	if cookies := s.get("/base/fr/posts/one/", "Cookie", "other=1").Header.Values("Set-Cookie"); len(cookies) > 0 {
		t.Errorf("a visitor without them gets %q", cookies)
	}
}

// TestPagesRouterSeesItsAddress with the locale that the viewer wrote, and the
// query in its order.
func TestPagesRouterSeesItsAddress(t *testing.T) {
	var address string
	var meta map[string]any
	s := openNotes(t, func(r *http.Request, call *event.Call) (*http.Response, error) {
		address = r.URL.RequestURI()
		encoded, err := json.Marshal(call.Meta)
		if err == nil {
			meta = nil
			err = json.Unmarshal(encoded, &meta)
		}
		return respond(200, nil, "x"), err
	})
	s.get("/base/fr/server/?b=1&a=2&b=3")
	query, _ := json.Marshal(meta["query"])
	if address != "/base/fr/server/?b=1&a=2&b=3" || meta["locale"] != "fr" || meta["defaultLocale"] != "en" || string(query) != `[["b",["1","3"]],["a","2"]]` {
		t.Errorf("the page sees %s with %v", address, meta)
	}
	answer := s.get("/base/_next/data/b1/fr/server.json")
	if matched := answer.Header.Get("X-Nextjs-Matched-Path"); matched != "/fr/server" || meta["locale"] != "fr" {
		t.Errorf("data of %q for a page that sees %v", matched, meta)
	}
}
