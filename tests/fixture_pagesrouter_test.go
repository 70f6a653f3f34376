package tests_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestPagesRouterSideBySide holds the Pages Router with i18n, API routes,
// preview mode and proxy.ts against `next start` of the same build.
func TestPagesRouterSideBySide(t *testing.T) {
	p, b := fixturePair(t, "pages-router")
	p.known = pagesRouterDifferences
	for _, group := range []struct {
		name     string
		requests []request
	}{
		{"pages", pagesRouterPages()},
		{"payloads", pagesRouterData(b.id)},
		{"locales", localeRequests(b.id)},
		{"rules", pagesRouterRules()},
		{"api", apiRequests()},
		{"odd targets", pagesRouterOddities(b.id)},
		{"internal headers", pagesRouterForgeries(b.id)},
	} {
		t.Run(group.name, func(t *testing.T) { p.compare(t, group.requests) })
	}
	t.Run("preview", func(t *testing.T) { p.compare(t, previewRequests(t, p.next, b.id)) })
	p.known = append(p.known, revalidatedDifferences...)
	t.Run("revalidation", func(t *testing.T) { p.compare(t, revalidateRequests(b.id)) })
	t.Run("no more is let pass than has to be", func(t *testing.T) { stillKnown(t, p.known) })
}

// pagesRouterDifferences are those of this app only.
var pagesRouterDifferences = []difference{
	{regexp.MustCompile(`Cookie: (__prerender_bypass|__next_preview_data)=(forged|x[0-9a-f]{32})`), regexp.MustCompile(`^header Cache-Control`), "an answer that deletes a viewer's cookie is not for shared caches"},
	{regexp.MustCompile(`^POST /closed/b( |$)`), anyPart, "an address that getStaticPaths leaves out is 404 for any method"},
	{regexp.MustCompile(`^GET /_next/data/\S+/index\.json`), regexp.MustCompile(`^header X-(Seen|Nextjs-Matched-Path)`), "no client asks for the home page's data so; proxy.ts sees the page without /index"},
	{regexp.MustCompile(`^GET /_next/data/[^/]+/(fr|de)/closed/b\.json`), regexp.MustCompile(`^header X-Nextjs-Matched-Path`), "data that does not exist is said to be missing in its own language, not in the default one"},
	{regexp.MustCompile(`^GET /_next/data/[^/]+/(docs|server|docs/a/b|server/other|tags/c|posts/third)\.json`), regexp.MustCompile(`^(body|header Content-Length)`), "of data asked for without a language, req.url is the page's"},
	{regexp.MustCompile(`^(GET|HEAD) /_next/data/\S+/hop/(server|french-inside)\.json`), regexp.MustCompile(`^(body|header Content-Length)`), "of data that proxy.ts rewrites, req.url is that of the page it leads to"},
	{regexp.MustCompile(`^(OPTIONS|POST|PUT|DELETE|PATCH|PROPFIND) /_next/data/[^/]+/en\.json`), regexp.MustCompile(`^header X-Nextjs-Matched-Path`), "the home page is named without a slash at its end for any method"},
	{regexp.MustCompile(`^GET /_next/data/\S+ .*(RSC: 1|X-Middleware-Prefetch: 1)`), regexp.MustCompile(`^header X-(Nextjs-)?Matched-Path`), "data requests name the page that answers, whatever other headers they have"},
	{regexp.MustCompile(`^(GET|HEAD) /_next/data(/[^/ ]+(/en)?)?/?( |$)`), anyPart, "what is no page's data is answered with the not-found page, not with its data"},
	{regexp.MustCompile(`^GET /(en|fr)/_next/data/`), anyPart, "a language in front of /_next/data is no address: no matcher of proxy.ts is written for it"},
	{regexp.MustCompile(`^\S+ /api/with(%20| )space`), anyPart, "an API route may have a space in its name; next start does not find it"},
	{regexp.MustCompile(`^\S+ /api/answers/redirect-301`), regexp.MustCompile(`^header Location`), "Lambda's answers are JSON: headers are Unicode, not Latin 1"},
	{regexp.MustCompile(`^(GET|HEAD) /(api/files|posts)/%($| |E0%A4%A)|^GET /api/answers/%E0`), anyPart, "malformed percent-encoding is refused before it reaches the app"},
	{regexp.MustCompile(`^(GET|HEAD) \S*/(posts/(\[|%5B)slug(\]|%5D)|docs/\[\[\.\.\.path\]\])`), anyPart, "the name of a route is an address that nobody asks for"},
	{regexp.MustCompile(`^(GET|HEAD) /posts/(lately|first\.json|first\.html|previewed|broken)( |$)`), regexp.MustCompile(`^body`), "the loading state of fallback: true is the build's; next start renders it anew after a while, with links that know no domain"},
	{regexp.MustCompile(`^GET /(fr|de|FR)/closed/b$`), regexp.MustCompile(`^body`), "the not-found page is in the viewer's language, not in the default one"},
	{regexp.MustCompile(`^GET /_next/data/[^/]+/initial\.json`), regexp.MustCompile(`^body`), "data asked for without a language has that of the app, as if it were written there"},
	{regexp.MustCompile(`^(GET|HEAD) /closed/(\[|%5B)id(\]|%5D)`), anyPart, "the name of a route is no address that getStaticPaths lists: 404, where next start fails with 500"},
	{regexp.MustCompile(`^GET /(absent|posts/gone) \[Cookie: __prerender_bypass=`), regexp.MustCompile(`^(header Cache-Control|body)`), "what is not there for an editor may not be stored; the error page is the one that the build made"},
	{regexp.MustCompile(`^GET \S*/(nowhere|closed/b)(\.json)? \[Cookie: (__prerender_bypass|__next_preview_data)=`), anyPart, "error pages do not take forged cookies of preview mode out of the browser"},
	{regexp.MustCompile(`^(GET|POST) (/\w\w)?/edge/(here|a%20b)`), regexp.MustCompile(`^body.*\n.*\n.*isExperimentalCompile`), "a page on the edge runtime: next start hands it its own settings, and with them no such field"},
	{regexp.MustCompile(`^GET /api/revalidate\?(only=1&)?path=/(closed/b|old-posts/first|nowhere)$`), anyPart, "what leads elsewhere cannot be revalidated, and what does not exist needs not be"},
}

// revalidatedDifferences are those after res.revalidate. Whether links in a page
// name a domain is up to how the address of its last render was written.
var revalidatedDifferences = []difference{
	{regexp.MustCompile(`^GET /(posts/gone|closed/b|guides/gone|nowhere|absent|404|guarded/x|old-posts/first)( |$)`), regexp.MustCompile(`^body`), "next start renders the not-found page anew with an address that is not there"},
	{regexp.MustCompile(`^GET /(posts/on-request|posts/caf%C3%A9)$`), regexp.MustCompile(`^body`), "the loading state of fallback: true is the build's"},
	{regexp.MustCompile(`^GET /((en/)?posts/first|notes/first|hop/post|fr/posts/first|fr/forever|api/echo|posts/first\?x=1)$`), regexp.MustCompile(`^(body|header Content-Length)`), "links name a domain where the last render's address named a language"},
}

// notes are the fixture's pages, as they stand in an address.
var notes = []string{
	"/", "/about", "/forever", "/absent", "/initial", "/posts/first", "/posts/second", "/closed/a", "/closed/gr%C3%BCn", "/closed/with%20space",
	"/guides/start/install", "/guides/start", "/tags", "/tags/a/b", "/tags/c", "/docs", "/docs/a/b", "/server", "/items/7",
}

// onDemand are addresses that a page answers when it is asked for the first time.
var onDemand = []string{
	"/posts/third", "/posts/gone", "/posts/moved", "/posts/for-good", "/posts/away", "/posts/broken", "/closed/b",
	"/guides/more", "/guides/gone", "/guides/moved", "/guides/broken", "/guides/a%2Fb/c", "/guides/caf%C3%A9",
	"/tags/gr%C3%BCn/x%20y", "/server/gone", "/server/moved", "/server/for-good", "/server/see-other", "/server/away", "/server/broken", "/server/ended", "/server/other",
	"/edge/here", "/edge/a%20b", "/edge/moved", "/edge/gone",
}

// each makes requests for every target with every method.
func each(methods, targets []string, header ...string) []request {
	var list []request
	for _, target := range targets {
		for _, method := range methods {
			list = append(list, request{method: method, target: target, header: header})
		}
	}
	return list
}

func pagesRouterPages() []request {
	list := each(allMethods, notes)
	// Twice: what is rendered first comes from the store then.
	for range 2 {
		list = append(list, each([]string{"GET", "HEAD", "POST"}, onDemand)...)
	}
	for _, target := range notes {
		list = append(list, get(target+"?a=1&a=2&b=%26&c"), get(target, "RSC: 1"), get(target+"?_rsc=x", "RSC: 1", "Next-Router-Prefetch: 1"),
			get(target, "RSC: 1", "Next-Router-Prefetch: 1", "Next-Router-Segment-Prefetch: /_tree"), get(target, "Accept: application/json"), get(target, "Purpose: prefetch"),
			get(target, "User-Agent: Googlebot/2.1 (+http://www.google.com/bot.html)"))
	}
	googlebot := "User-Agent: Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
	return append(list,
		get("/posts/for-bots", googlebot), get("/posts/gone-for-bots", googlebot), get("/posts/moved-for-bots", googlebot),
		get("/server?cookie=1"), get("/server?cache=1"), get("/server?status=404"), get("/server?status=500"), get("/server?status=201"),
		get("/server?slug=a&slug=b"), get("/server", "Cookie: a=1; b=%20", "X-Plain: seen"), post("/server", "a=1", "Content-Type: application/x-www-form-urlencoded"),
		get("/initial?status=404"), get("/initial?status=503"), get("/initial?broken=1"), get("/initial?x=1#part"),
		get("/docs/a?path=b"), get("/items/7?id=8"), get("/edge/here?id=8&x=1&x=2"), get("/fr/edge/here?x=1"), get("/posts/first?slug=second"), get("/guides/start/install?path=x"),
		get("/about", "Range: bytes=0-9"), get("/forever", "Range: bytes=0-9"), get("/file.txt", "Range: bytes=2-5"), get("/assets/list.json", "Range: bytes=0-1"),
		get("/file.txt"), get("/assets/gr%C3%B6%C3%9Fe%20%C3%A4.txt"), get("/assets/größe%20ä.txt"), get("/assets/list.json"), get("/assets"), get("/assets/"),
		post("/file.txt", "x"), request{method: "HEAD", target: "/file.txt"}, request{method: "OPTIONS", target: "/file.txt"},
		get("/brief"), get("/404"), get("/500"), get("/_error"), get("/nowhere"), get("/nowhere/deep"), post("/nowhere", "x"), request{method: "HEAD", target: "/nowhere"},
	)
}

// pagesRouterData asks for the JSON of all pages.
func pagesRouterData(id string) []request {
	folder := "/_next/data/" + id
	var list []request
	for _, locale := range []string{"/en", "/fr", "/de", "", "/es", "/EN"} {
		for _, page := range append(append([]string{"/index"}, notes[1:]...), onDemand...) {
			at := folder + locale + page + ".json"
			if page == "/index" && locale != "" {
				list = append(list, get(folder+locale+".json"), get(folder+locale+".json", "X-Nextjs-Data: 1"))
			}
			list = append(list, get(at), get(at, "X-Nextjs-Data: 1"))
		}
	}
	for _, page := range []string{"/en.json", "/en/forever.json", "/en/posts/first.json", "/en/server.json", "/en/about.json", "/en/absent.json", "/fr/guides/fresh.json"} {
		list = append(list, each(allMethods[1:], []string{folder + page}, "X-Nextjs-Data: 1")...)
		list = append(list, get(folder+page+"?a=1&a=2", "X-Nextjs-Data: 1"), get(folder+page+"/", "X-Nextjs-Data: 1"), get(folder+page, "X-Nextjs-Data: 1", "Purpose: prefetch"),
			get(folder+page, "X-Nextjs-Data: 1", "X-Middleware-Prefetch: 1"), get(folder+page, "RSC: 1"))
	}
	return append(list,
		get(folder+"/en/posts/first.json?slug=first", "X-Nextjs-Data: 1"), get(folder+"/en/posts/second.json?slug=first", "X-Nextjs-Data: 1"),
		get(folder+"/en/server.json?cookie=1&cache=1", "X-Nextjs-Data: 1"), get(folder+"/en/server.json?status=404", "X-Nextjs-Data: 1"),
		get(folder+"/en/guarded/x.json", "X-Nextjs-Data: 1"), get(folder+"/en/server/guarded.json", "X-Nextjs-Data: 1"), get(folder+"/en/server/guarded.json", "X-Nextjs-Data: 1", "Cookie: key=brass"),
		get(folder+"/en/hop/post.json", "X-Nextjs-Data: 1"), get(folder+"/en/hop/server.json?x=1", "X-Nextjs-Data: 1"), get(folder+"/de/hop/french.json", "X-Nextjs-Data: 1"),
		get(folder+"/de/hop/french-inside.json", "X-Nextjs-Data: 1"), get(folder+"/en/hop/away.json", "X-Nextjs-Data: 1"), get(folder+"/en/hop/answer.json", "X-Nextjs-Data: 1"),
		get("/_next/data/other/en/forever.json", "X-Nextjs-Data: 1"), get("/_next/data/other/en/forever.json"), get("/_next/data/other/forever.json"),
		get(folder), get(folder+"/"), get(folder+"/en"), get(folder+"/en/"), get(folder+"/.json"), get(folder+"/en/.json"), get(folder+"/en/index/index.json"),
		get("/en"+folder+"/en/forever.json"), get("/fr"+folder+"/fr/forever.json"),
	)
}

// localeRequests go through how a locale is found.
func localeRequests(id string) []request {
	var list []request
	for _, locale := range []string{"/en", "/fr", "/de", "/FR", "/es"} {
		list = append(list, each([]string{"GET", "HEAD", "POST", "OPTIONS"}, []string{locale, locale + "/"})...)
		for _, page := range append(append([]string(nil), notes[1:]...), onDemand...) {
			list = append(list, get(locale+page))
		}
		list = append(list, get(locale+"/nowhere"), get(locale+"/404"), get(locale+"/500"), get(locale+"/file.txt"), get(locale+"/api/echo"), get(locale+"/_next/image"),
			get(locale+"/about/"), get(locale+"/about?x=1"), get(locale+"/server?x=1"), get(locale+"/index"))
	}
	for _, header := range []string{
		"Accept-Language: fr", "Accept-Language: fr-CA,fr;q=0.8", "Accept-Language: es,de;q=0.5,fr;q=0.4", "Accept-Language: en", "Accept-Language: *", "Accept-Language: de;q=0", "Accept-Language: ;;;",
		"Cookie: NEXT_LOCALE=fr", "Cookie: NEXT_LOCALE=FR", "Cookie: NEXT_LOCALE=es", "Cookie: NEXT_LOCALE=en; other=1", "Cookie: NEXT_LOCALE=%66r",
	} {
		for _, target := range []string{"/", "/?x=1", "/index", "/about", "/fr", "/en", "/posts/first", "/server", "/api/echo"} {
			list = append(list, get(target, header), get(target, header, "Host: notes.example"), get(target, header, "Host: notes-de.example"))
		}
		list = append(list, get("/", header, "Cookie: NEXT_LOCALE=de"), request{method: "HEAD", target: "/", header: []string{header}}, request{method: "POST", target: "/", header: []string{header}})
	}
	for _, host := range []string{"Host: notes.example", "Host: notes-de.example", "Host: notes-de.example:8080", "Host: NOTES-DE.example", "Host: www.notes-de.example"} {
		for _, target := range []string{
			"/", "/about", "/forever", "/posts/first", "/posts/second", "/posts/new", "/server", "/initial", "/docs/a", "/items/3", "/nowhere", "/file.txt", "/api/echo", "/en", "/fr", "/de", "/de/about", "/fr/forever", "/en/forever",
			"/closed/a", "/guides/start", "/absent", "/hop/french", "/hop/post", "/old-posts/x",
			"/_next/data/" + id + "/de/forever.json", "/_next/data/" + id + "/en/forever.json", "/_next/data/" + id + "/de.json",
		} {
			list = append(list, get(target, host))
		}
	}
	return list
}

func pagesRouterRules() []request {
	var list []request
	for _, prefix := range []string{"", "/en", "/fr", "/de"} {
		for _, target := range []string{
			"/old-posts/first", "/old-posts/caf%C3%A9?x=1", "/ancien/first", "/anywhere", "/to-api", "/start", "/notes/first", "/notes/on-demand", "/read/me?x=1", "/lesen/first",
			"/query/x?y=1", "/calls/a/b?x=1", "/fallback/a/b", "/fallback", "/about", "/hop/post", "/hop/server?x=1", "/hop/french", "/hop/french-inside", "/hop/away", "/hop/answer", "/hop/nothing", "/hop/file?x=1", "/hop/missing", "/hop/throws",
			"/guarded/x", "/server/guarded", "/only-fr", "/posts/first?x=1",
		} {
			list = append(list, each([]string{"GET", "HEAD", "POST"}, []string{prefix + target})...)
			list = append(list, get(prefix+target, "X-Nextjs-Data: 1"), get(prefix+target, "Cookie: key=brass"))
		}
	}
	return list
}

func apiRequests() []request {
	list := each(allMethods, []string{"/api/echo", "/api/methods", "/api/raw", "/api/files/a", "/api/with%20space", "/api/nowhere", "/api"})
	for _, kind := range []string{
		"redirect", "redirect-301", "redirect-away", "json", "json-null", "text", "buffer", "object", "number", "empty", "nothing", "teapot", "cookies", "etag", "cache", "throws", "rejects", "later", "unknown",
	} {
		list = append(list, each([]string{"GET", "HEAD", "POST"}, []string{"/api/answers/" + kind})...)
	}
	list = append(list, get("/api/answers/etag", `If-None-Match: "own"`))
	json, form, text := "Content-Type: application/json", "Content-Type: application/x-www-form-urlencoded", "Content-Type: text/plain"
	for _, route := range []string{"/api/echo", "/api/limited", "/api/raw", "/fr/api/echo"} {
		list = append(list,
			post(route, `{"a":[1,"é",null]}`, json), post(route, `{"a":`, json), post(route, ``, json), post(route, `"text"`, json), post(route, `null`, json),
			post(route, `{"a":"é"}`, "Content-Type: application/json; charset=utf-8"), post(route, "{\"a\":\"\xe9\"}", "Content-Type: application/json; charset=latin1"), post(route, `{}`, "Content-Type: application/json; charset=nonsense"),
			post(route, `{"a":1}`, "Content-Type: application/ld+json"),
			post(route, "a=1&a=2&b=%C3%A9+x&c", form), post(route, "", form), post(route, "plain é", text), post(route, "\x00\xff", "Content-Type: application/octet-stream"),
			post(route, "no type at all"), post(route, "x", "Content-Type: nonsense"), post(route, "x", "Content-Type: "),
			request{method: "PUT", target: route, header: []string{json}, body: `{"put":1}`}, request{method: "DELETE", target: route, header: []string{json}, body: `{"delete":1}`},
			request{method: "GET", target: route, header: []string{json}, body: `{"get":1}`},
			post(route, `{"long":"`+strings.Repeat("x", 2_000)+`"}`, json), post(route, strings.Repeat("x", 1_024), text), post(route, strings.Repeat("x", 1_025), text),
			post(route, strings.Repeat("x", 1_200_000), text),
		)
	}
	return append(list,
		get("/api/echo?a=1&a=2&b=%26&c&d=%C3%A9", "Cookie: a=1; b=%20x; c", "X-Plain: seen"), get("/api/echo/"), get("/api/echo?locale=x"), get("/api/ECHO"), get("/API/echo"),
		get("/api/large"), get("/api/large?length=5500000"), get("/api/stream"), request{method: "HEAD", target: "/api/stream"}, request{method: "HEAD", target: "/api/large"},
		get("/api/files"), get("/api/files/a/b%2Fc/d%20e?x=1"), get("/api/files/caf%C3%A9"), get("/api/files/café"), get("/api/files/a?path=b"), get("/api/files/%"), get("/api/files/%E0%A4%A"),
		get("/api/answers/%E0"), get("/api/answers/a%2Fb"), get("/api/answers/[kind]"), get("/api/answers/%5Bkind%5D"), get("/api/files/[...path]"),
		get("/api/with space"), get("/api/echo", "RSC: 1"), get("/api/echo", "X-Nextjs-Data: 1"),
	)
}

func pagesRouterOddities(id string) []request {
	var list []request
	for _, target := range []string{
		"/en/fr/about", "/en/fr/server", "/fr/en/guarded/x", "/about/", "/about//", "//about", "//fr/about", "/fr//about", "//", "///", "/fr///", "//elsewhere.example/fr", `/fr\about`, `/\elsewhere.example`, "/%2F%2Felsewhere.example", "/fr%2Fabout", "/%66r/about", "/fr/%61bout",
		"/posts/fir%73t", "/posts/%66irst", "/posts/a%2Fb", "/posts/a%252Fb", "/posts/a%20b", "/posts/a+b", "/posts/caf%C3%A9", "/posts/café", "/posts/%23", "/posts/%3F", "/posts/%25", "/posts/%", "/posts/%E0%A4%A", "/posts/%00",
		"/posts/[slug]", "/posts/%5Bslug%5D", "/items/[id]", "/items/%5Bid%5D", "/items/a%2Fb", "/closed/[id]", "/closed/%5Bid%5D", "/guides/[...path]", "/tags/[[...path]]", "/docs/[[...path]]", "/server/[id]",
		"/closed/gr%c3%bcn", "/closed/grün", "/closed/with+space", "/closed/A", "/Closed/a", "/ABOUT", "/Posts/first", "/FILE.txt", "/posts", "/closed", "/guides", "/items", "/tags/", "/docs/",
		"/posts/first/", "/posts/first/x", "/posts/first.json", "/posts/first.html", "/about.html", "/index", "/index/", "/index.html", "/index/index", "/fr/index", "/_app", "/_document", "/fr/_error", "/_next", "/_next/", "/_next/data", "/_next/data/",
		"/guarded", "/guarded/", "/GUARDED/x", "/%67uarded/x", "/guarded%2Fx", "/fr/%67uarded/x", "/FR/guarded/x", "/en/guarded/x", "/guarded/./x", "/x/../guarded/y", "/guarded//x",
		"/_next/data/" + id + "/en/guarded/%78.json", "/_next/data/" + id + "/en/%67uarded/x.json", "/_next/data/" + id + "/guarded/x.json", "/_next//data/" + id + "/en/guarded/x.json",
		"/_next/data/" + id + "/FR/guarded/x.json", "/_next/data/" + id + "/en//guarded/x.json", "/_next/data/" + id + "/en/posts/%66irst.json", "/_next/data/" + id + "/en/posts/a%2Fb.json", "/_next/data/" + id + "/en/posts/[slug].json",
		"/?__nextLocale=fr", "/about?__nextLocale=fr", "/server?__nextDefaultLocale=de&__nextDataReq=1", "/posts/first?__nextDataReq=1", "/posts/first?nxtPslug=second", "/docs/a?nxtPpath=b", "/items/7?nxtPid=8", "/server?amp=1", "/server?__nextFallback=true", "/server?_nextBubbleNoFallback=1",
		"/" + strings.Repeat("a", 2000), "/guides/" + strings.Repeat("b/", 200) + "end",
	} {
		list = append(list, get(target), request{method: "HEAD", target: target})
	}
	for _, kind := range []string{"image", "style", "script", "empty", "document"} {
		list = append(list, get("/nowhere", "Sec-Fetch-Dest: "+kind), get("/fr/nowhere", "Sec-Fetch-Dest: "+kind), get("/posts/gone", "Sec-Fetch-Dest: "+kind), get("/closed/nowhere", "Sec-Fetch-Dest: "+kind))
	}
	return list
}

func pagesRouterForgeries(id string) []request {
	var list []request
	for _, line := range []string{
		"X-Middleware-Subrequest: proxy:proxy:proxy:proxy:proxy", "X-Middleware-Rewrite: /about", "X-Middleware-Next: 1", "X-Middleware-Skip: 1", "X-Middleware-Prefetch: 1", "X-Middleware-Override-Headers: x-visitor", "X-Middleware-Request-X-Visitor: forged",
		"X-Middleware-Set-Cookie: a=forged", "X-Invoke-Path: /about", "X-Invoke-Status: 404", "X-Invoke-Output: /about", "X-Invoke-Query: %7B%22a%22%3A1%7D", "X-Matched-Path: /about", "X-Now-Route-Matches: 1=first", "X-Nextjs-Data: 1", "X-Nextjs-Matched-Path: /about",
		"X-Prerender-Revalidate: forged", "X-Prerender-Revalidate-If-Generated: 1", "Next-Resume: 1", "X-Nextjs-Cache: HIT", "X-Next-Cache-Tags: a", "X-Nextjs-Rewritten-Path: /about", "X-Pack-Outcome: error", "X-Pack-Entry: x", "X-Vercel-Id: forged",
		"Cookie: __prerender_bypass=forged", "Cookie: __prerender_bypass=forged; __next_preview_data=forged", "Cookie: __next_preview_data=forged",
	} {
		for _, target := range []string{"/", "/about", "/forever", "/posts/first", "/posts/lately", "/server", "/server/gone", "/guarded/x", "/api/echo", "/docs/a", "/_next/data/" + id + "/en/forever.json", "/_next/data/" + id + "/en/guarded/x.json"} {
			list = append(list, get(target, line))
		}
		list = append(list, post("/forever", "x", line), post("/api/echo", "x", line))
	}
	return list
}

// previewRequests visit pages as an editor, with the cookies that one of the
// servers gave: both have the same secrets, which are the build's.
func previewRequests(t *testing.T, s *server, id string) []request {
	t.Helper()
	cookies := func(target string) string {
		var pairs []string
		for _, line := range s.must(t, get(target), http.StatusTemporaryRedirect).header.Values("Set-Cookie") {
			pair, _, _ := strings.Cut(line, ";")
			pairs = append(pairs, pair)
		}
		return "Cookie: " + strings.Join(pairs, "; ")
	}
	preview, draft := cookies("/api/preview"), cookies("/api/preview?do=draft")
	bypass, _, _ := strings.Cut(preview, ";")
	var list []request
	for _, query := range []string{"", "?path=/preview&age=60", "?to=/fr/posts/first", "?do=clear", "?do=clear&path=/preview", "?do=draft", "?do=no-draft", "?do=too-large"} {
		list = append(list, get("/api/preview"+query), get("/api/preview"+query, preview), get("/fr/api/preview"+query))
	}
	for _, cookie := range []string{preview, draft, bypass, preview + "x", strings.Replace(preview, "bypass=", "bypass=x", 1)} {
		for _, target := range []string{
			"/", "/fr", "/about", "/forever", "/absent", "/posts/first", "/posts/second", "/posts/previewed", "/posts/gone", "/posts/moved", "/posts/broken", "/closed/a", "/closed/b", "/guides/start/install", "/guides/previewed", "/server", "/api/echo", "/nowhere",
			"/_next/data/" + id + "/en.json", "/_next/data/" + id + "/en/posts/first.json", "/_next/data/" + id + "/en/posts/previewed.json", "/_next/data/" + id + "/en/posts/gone.json", "/_next/data/" + id + "/en/closed/b.json", "/_next/data/" + id + "/en/server.json",
		} {
			list = append(list, get(target, cookie))
		}
		list = append(list, get("/", cookie+"; NEXT_LOCALE=fr"), request{method: "HEAD", target: "/posts/first", header: []string{cookie}}, post("/posts/first", "x", cookie))
	}
	// Nothing of it may be left for others.
	for _, target := range []string{"/", "/fr", "/forever", "/posts/first", "/posts/second", "/posts/gone", "/guides/start/install", "/closed/a", "/closed/b"} {
		list = append(list, get(target))
	}
	return list
}

func revalidateRequests(id string) []request {
	var list []request
	for _, path := range []string{
		"/forever", "/fr/forever", "/posts/first", "/en/posts/first", "/fr/posts/first", "/posts/on-request", "/posts/gone", "/posts/moved", "/posts/broken", "/closed/a", "/closed/b", "/guides/start/install", "/guides/on-request", "/guides/gone", "/about", "/server", "/nowhere",
		"/api/echo", "nonsense", "", "/absent", "/404", "/closed/gr%C3%BCn", "/closed/grün", "/old-posts/first", "/notes/first", "/hop/post", "/guarded/x", "/posts/first?x=1", "/posts/caf%C3%A9", "//elsewhere.example/", "https://elsewhere.example/",
	} {
		query := strings.NewReplacer("%", "%25", "?", "%3F", "ü", "%C3%BC").Replace(path)
		list = append(list, get("/api/revalidate?path="+query), get("/api/revalidate?only=1&path="+query))
		if strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") {
			list = append(list, get(path), get(path))
		}
	}
	return append(list, get("/_next/data/"+id+"/en/forever.json"), get("/_next/data/"+id+"/en/posts/on-request.json"), get("/_next/data/"+id+"/en/guides/on-request.json"))
}
