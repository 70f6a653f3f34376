package tests_test

import (
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// elsewhereAddress is that of the other site to which the fixture "based" leads
// by external rewrites. It is built into the app.
var elsewhereAddress = sync.OnceValues(func() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
})

// startElsewhere runs the other site for one test, and has the app built with
// its address.
func startElsewhere(t *testing.T) {
	t.Helper()
	address, err := elsewhereAddress()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("ELSEWHERE", "http://"+address)
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(answerElsewhere)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-ended
	})
}

// answerElsewhere tells what came, so that both servers can be seen to have sent
// the same.
func answerElsewhere(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-From", "elsewhere")
	switch {
	case strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/stream"):
		w.Header().Set("Content-Type", "text/plain")
		for i := range 3 {
			fmt.Fprintf(w, "part %d\n", i)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	case strings.Contains(r.URL.Path, "/redirect"):
		http.Redirect(w, r, "http://127.0.0.1:9/inside", http.StatusFound)
	case strings.Contains(r.URL.Path, "/missing"):
		http.Error(w, "not elsewhere either", http.StatusNotFound)
	default:
		body := new(strings.Builder)
		_, _ = fmt.Fprintf(body, "%s %s plain=%q cookie=%q type=%q\n", r.Method, r.RequestURI, r.Header.Get("X-Plain"), r.Header.Get("Cookie"), r.Header.Get("Content-Type"))
		http.SetCookie(w, &http.Cookie{Name: "from", Value: "elsewhere"})
		buffer := make([]byte, 64)
		n, _ := r.Body.Read(buffer)
		fmt.Fprintf(body, "body %q\n", buffer[:n])
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(body.String()))
	}
}

// TestBasedSideBySide holds basePath, assetPrefix, trailingSlash, rules of every
// kind, a proxy.ts and encoded paths against `next start` of the same build.
func TestBasedSideBySide(t *testing.T) {
	startElsewhere(t)
	p, b := fixturePair(t, "based", "--allow-private-rewrites")
	p.known = basedDifferences
	files, err := fileRequests(b)
	if err != nil {
		t.Fatal(err)
	}
	var static []request
	for _, q := range files {
		if rest, ok := strings.CutPrefix(q.target, "/_next/static/"); ok && rest != "" && q.method == http.MethodGet {
			static = append(static, get("/cdn/_next/static/"+rest), get("/base/_next/static/"+rest))
		}
	}
	for _, group := range []struct {
		name     string
		requests []request
	}{
		{"static files", static},
		{"pages", basedPages(b.id)},
		{"rules", basedRules()},
		{"proxy", basedProxy(b.id)},
		{"elsewhere", basedElsewhere()},
		{"odd targets", basedOddities()},
		{"internal headers", basedForgeries()},
	} {
		t.Run(group.name, func(t *testing.T) { p.compare(t, group.requests) })
	}
	t.Run("no more is let pass than has to be", func(t *testing.T) { stillKnown(t, p.known) })
}

// basedDifferences are those of this app only.
var basedDifferences = []difference{
	{regexp.MustCompile(`Cookie: (__prerender_bypass|__next_preview_data)=forged`), regexp.MustCompile(`^header Cache-Control`), "an answer that deletes a viewer's cookie is not for shared caches"},
	{regexp.MustCompile(`^\S+ /base/(caf%C3%A9|with%20space|with space|st%61tic)/`), anyPart, "with trailingSlash, next start does not find pages whose address is encoded"},
	{regexp.MustCompile(`^(OPTIONS|GET) /base/maybe/c/( |$)`), anyPart, "an address that dynamicParams = false leaves out is 404 for any request"},
	{regexp.MustCompile(`^\S+ /base/404/`), anyPart, "the not-found page is one under its own address as well"},
	{regexp.MustCompile(`^GET /base/_not-found/.*Segment-Prefetch`), regexp.MustCompile(`^status`), "the not-found page's segments are not found, too"},
	{regexp.MustCompile(`^GET /_next/data/`), anyPart, "data outside basePath is no data: the app's not-found page says so"},
	{regexp.MustCompile(`^(GET|HEAD|POST) /base/file\.txt\?instead=1`), regexp.MustCompile(`^header (X-Powered-By|Content-Type)`), "a rule that calls a page something else than HTML takes the advertisement off, and does not change what 405 says"},
	{regexp.MustCompile(`^GET /base/w/api/\S+ \[RSC: 1\]`), regexp.MustCompile(`^header X-Nextjs-Rewritten-Query`), "segments of a repeated parameter stay apart"},
	{regexp.MustCompile(`^GET /base/_next/data/\S+/p/rewrite-file\.json`), regexp.MustCompile(`^header X-Nextjs-Matched-Path`), "data requests name what answers"},
	{regexp.MustCompile(`^(OPTIONS|GET) /base/p/throws/`), anyPart, "an error of proxy.ts is 500 for any method; the error page has the viewer's query"},
	{regexp.MustCompile(`^GET /base/_next/data/\S+/p/echo\.json`), regexp.MustCompile(`^(body|header Content-Length)`), "of data that proxy.ts rewrites, the address is that of the page it leads to"},
	{regexp.MustCompile(`^GET /base/(dynamic|api/echo)/ \[X-Middleware-Subrequest`), regexp.MustCompile(`^(body|header Content-Length)`), "reserved headers do not reach the app"},
	{regexp.MustCompile(`^(GET|HEAD) /base/(items|api/parts/a)/%(/|E0%A4%A/)`), anyPart, "malformed percent-encoding is refused before it reaches the app"},
	{regexp.MustCompile(`^(GET|HEAD) /base/(posts/\[slug\]|maybe/\[\[\.\.\.path\]\])/`), anyPart, "the name of a route is an address that nobody asks for"},
	{regexp.MustCompile(`^(GET|HEAD) /base\S*\.rsc`), anyPart, "payload addresses belong to no route of next start; the adapter API lists them as outputs"},
}

var basedRoutes = []string{
	"", "/static", "/dynamic", "/kept", "/caf%C3%A9", "/with%20space", "/nested/inside", "/items/built", "/items/gr%C3%BCn", "/items/with%20space", "/items/later", "/items/gone", "/items/moved",
	"/all/a", "/all/a/b%2Fc/d%20e", "/maybe", "/maybe/a", "/maybe/a/b", "/maybe/c", "/api/echo", "/api/parts/a/b/c", "/api/parts/gr%C3%BCn/b%2Fc", "/old", "/posts/built", "/posts/caf%C3%A9", "/posts/later", "/posts/gone", "/posts/moved",
	"/file.txt", "/sub/st%C3%BCck%20%C3%A9.txt", "/sub/a%20b.txt", "/sub/page.html", "/nowhere", "/404", "/500", "/_error", "/_not-found", "/sub",
}

func basedPages(id string) []request {
	var list []request
	for _, route := range basedRoutes {
		for _, target := range []string{"/base" + route, "/base" + route + "/"} {
			list = append(list, each([]string{"GET", "HEAD", "POST", "OPTIONS"}, []string{target})...)
			list = append(list, get(target+"?a=1&a=2&b=%26"), get(target+"?_rsc=", "RSC: 1"), get(target, "RSC: 1"))
		}
		target := rsc("/base" + route + "/")
		list = append(list, target, rsc("/base"+route+"/", "Next-Router-Prefetch: 1"), rsc("/base"+route+"/", "Next-Router-Prefetch: 1", "Next-Router-Segment-Prefetch: /_tree"), rsc("/base"+route))
		if route != "" {
			list = append(list, get(route))
		}
		list = append(list, get("/BASE"+route), get("/base/base"+route), get("/cdn"+route))
	}
	folder := "/base/_next/data/" + id
	for _, page := range []string{"/old.json", "/posts/built.json", "/posts/caf%C3%A9.json", "/posts/later.json", "/posts/gone.json", "/posts/moved.json", "/old.json?gone=1", "/old.json?move=1", "/old.json?away=1", "/static.json", "/index.json", "/nowhere.json"} {
		list = append(list, get(folder+page), get(folder+page, "X-Nextjs-Data: 1"), get(strings.TrimPrefix(folder, "/base")+page), get(folder+page+"/"))
	}
	return append(list,
		get("/base/old/?throw=1"), get("/base/old/?gone=1"), get("/base/old/?move=1"), get("/base/old/?away=1"), get("/base/old?x=1"),
		get("/base/file.txt", "Range: bytes=0-2"), get("/base/sub/page.html", "Range: bytes=-4"), get("/base/file.txt/"), get("/base/sub/page"),
		get("/"), get("/base?x=1"), get("/base/?x=1"), get("/basement"), get("/base."), get("/base.rsc"), get("/base/index"), get("/base/index/"),
		get("/base/_next/static/nowhere.js"), get("/cdn/_next/static/nowhere.js"), get("/_next/static/nowhere.js"), get("/base/_next/image?url=%2Fbase%2Ffile.txt&w=640&q=75"), get("/cdn/_next/static/chunks"),
	)
}

func basedRules() []request {
	var list []request
	for _, target := range []string{
		"/r/permanent", "/r/temporary/a/b", "/r/temporary", "/r/temporary/a%2Fb/c%20d?x=1", "/r/status/7?x=1", "/r/see-other", "/r/hash?x=1", "/r/number/12", "/r/number/12345", "/r/number/a", "/r/yes/x", "/r/no/x?answer=0", "/r/perhaps/x",
		"/r/away/a/b?x=1", "/r/root", "/r/header", "/r/cookie", "/r/query?to=a%20b&x=1", "/r/query?to=", "/r/query", "/r/host", "/r/missing", "/r/missing?stay=1", "/r/both?a=1", "/r/caf%C3%A9/x", "/r/café/x", "/r/PERMANENT", "/R/permanent",
		"/file.txt?instead=1", "/w/first", "/w/first?x=1", "/w/second", "/w/static", "/w/items/7", "/w/items/a%20b?more=0", "/w/all/a/b", "/w/all", "/w/named/x-y", "/w/named/x-y-z", "/w/number/12", "/w/number/x", "/w/old?x=1", "/w/post/built", "/w/post/new-by-rule", "/w/api/a/b?x=1",
		"/w/file", "/w/caf%C3%A9", "/static/rest", "/static/rest?x=1", "/static?v=2", "/static?v=", "/items/x%0Ay", "/nothing/at/all",
	} {
		for _, path := range []string{"/base" + target, "/base" + strings.Replace(target, "?", "/?", 1)} {
			if !strings.Contains(path, "?") && path != "/base"+target {
				path += "/"
			}
			list = append(list, each([]string{"GET", "HEAD", "POST"}, []string{path})...)
			list = append(list, get(path, "RSC: 1"))
		}
		if !strings.Contains(target, "?") {
			list = append(list, get("/base"+target+"/"))
		}
	}
	for _, path := range []string{"/base/r/header/", "/base/r/cookie/", "/base/r/host/", "/base/r/missing/", "/base/r/both/?a=2", "/base/dynamic/", "/base/static/"} {
		for _, header := range []string{
			"X-Go: there", "X-Go: NOT", "Cookie: go=yes", "Cookie: go=no; b=1", "Host: north.zones.example", "Host: north.zones.example:80", "Host: zones.example", "X-Stay: 1", "Cookie: b=1", "X-Item: seven", "X-Item: not a word!", "Cookie: quiet=1",
		} {
			list = append(list, get(path, header))
		}
	}
	return append(list, get("/r/root"), get("/r/root/"), get("/outside/a/b?x=1"), get("/outside/a/b/"), get("/outside"), get("/root-header"), get("/root-header/"), get("/r/permanent"))
}

func basedProxy(id string) []request {
	var list []request
	for _, name := range []string{
		"rewrite", "rewrite-static", "rewrite-item", "rewrite-file", "rewrite-nowhere", "rewrite-rule", "rewrite-outside-base", "redirect", "redirect-308", "redirect-away", "redirect-root", "answer", "json", "empty", "stream", "wait", "throws", "headers", "cookies", "echo", "nothing",
	} {
		list = append(list, each([]string{"GET", "HEAD", "POST", "OPTIONS"}, []string{"/base/p/" + name + "/"})...)
		list = append(list, get("/base/p/"+name), get("/base/p/"+name+"/?x=1&y=%20"), rsc("/base/p/"+name+"/"), get("/p/"+name+"/"),
			get("/base/p/"+name+"/", "X-Plain: seen", "X-Removed: 1", "X-Added: forged", "Cookie: a=1; gone=1"), get("/base/_next/data/"+id+"/p/"+name+".json", "X-Nextjs-Data: 1"))
	}
	for _, target := range []string{"/base/secret/", "/base/secret/a/", "/base/kept/", "/base/old/", "/base/static/", "/base/dynamic/?proxy=1", "/base/caf%C3%A9-guarded/x/", "/base/café-guarded/x/"} {
		list = append(list, get(target), get(target, "X-Viewer: ana"), get(target, "X-Proxy: 1"), get(target, "X-No-Proxy: 1"), get(target, "Cookie: key=brass"), get(strings.TrimSuffix(target, "/")), rsc(strings.TrimSuffix(target, "?proxy=1"), "Next-Router-Prefetch: 1"))
	}
	return append(list, post("/base/p/echo/", "the body goes through", "Content-Type: text/plain"), post("/base/p/rewrite/", "x"), get("/base/_next/data/"+id+"/old.json", "X-Nextjs-Data: 1", "X-Viewer: ana"))
}

func basedElsewhere() []request {
	var list []request
	for _, target := range []string{"/base/zone/a/b", "/base/zone/a/b/", "/base/zone", "/base/zone/caf%C3%A9/x%20y/", "/base/zone/a%2Fb/", "/base/zone/a/?x=1&x=2&y=%26", "/base/zone-query/?x=1&fixed=2", "/base/zone/stream/", "/base/zone/redirect/", "/base/zone/missing/", "/no-base/a/b", "/no-base/a/b/", "/base/legacy/a/", "/base/no-base/x/"} {
		list = append(list, each([]string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"}, []string{target})...)
		list = append(list, get(target, "X-Plain: seen", "Cookie: a=1"), get(target, "RSC: 1"))
	}
	return append(list, post("/base/zone/post/", "a body for elsewhere", "Content-Type: text/plain"), post("/no-base/post", `{"a":1}`, "Content-Type: application/json"))
}

func basedOddities() []request {
	var list []request
	for _, target := range []string{
		"//base/static", "/base//static", "/base///", "//", "/base/static//", `/base\static`, `/\elsewhere.example`, "//elsewhere.example/base", "/base//elsewhere.example/", "/base/%2F/elsewhere.example/", "/base%2Fstatic/", "/b%61se/static/", "/base/st%61tic/", "/base/st%61tic",
		"/base/items/a%2Fb/", "/base/items/a%252Fb/", "/base/items/%2e%2e/", "/base/items/../static/", "/base/./static/", "/base/items/caf%C3%A9/", "/base/items/café/", "/base/items/caf%c3%a9/", "/base/items/%F0%9F%8D%B5/", "/base/items/a+b/", "/base/items/a;b/", "/base/items/%23/", "/base/items/%3F/", "/base/items/%25/", "/base/items/%/", "/base/items/%E0%A4%A/", "/base/items/%00/",
		"/base/items/[id]/", "/base/items/%5Bid%5D/", "/base/posts/[slug]/", "/base/maybe/[[...path]]/", "/base/all/[...path]/", "/base/all/", "/base/items/", "/base/api/parts/", "/base/api/parts/a/", "/base/api/parts/a/%/",
		"/base/Static/", "/BASE/static/", "/base/CAF%C3%89/", "/base/with+space/", "/base/with space/", "/base/nested/(group)/inside/", "/base/nested/%28group%29/inside/", "/base/static.rsc", "/base/static.html", "/base/static.txt", "/base/static.json/", "/base/.well-known/x", "/base/.well-known/x/", "/base/a.b/", "/base/a.b/c",
		"/base/sub/../file.txt", "/base/sub/%2e%2e/file.txt", "/base/sub%2Fpage.html", "/base/sub/page.html/", "/base/sub/PAGE.html", "/base/secret//x/", "/base/%73ecret/x/", "/base/SECRET/x/", "/base/secret%2Fx/", "/base/./secret/x/", "/base/x/../secret/y/", "/base/secret/%2e%2e/secret/z/",
		"/base/caf%C3%A9-guarded%2Fx/", "/base/dynamic/?nxtPid=1", "/base/items/built/?nxtPid=other", "/base/items/built/?_rsc=1", "/base/static/?_next=1",
	} {
		list = append(list, get(target), request{method: "HEAD", target: target})
	}
	return list
}

func basedForgeries() []request {
	var list []request
	for _, line := range []string{
		"X-Middleware-Subrequest: proxy:proxy:proxy:proxy:proxy", "X-Middleware-Rewrite: /base/static", "X-Middleware-Next: 1", "X-Middleware-Override-Headers: x-added", "X-Middleware-Request-X-Added: forged", "X-Middleware-Set-Cookie: a=forged",
		"X-Invoke-Path: /base/static", "X-Invoke-Status: 500", "X-Matched-Path: /base/static", "X-Now-Route-Matches: 1=built", "X-Nextjs-Data: 1", "X-Prerender-Revalidate: forged", "Next-Resume: 1", "X-Forwarded-Host: elsewhere.example", "X-Forwarded-Proto: https",
		"X-Forwarded-Prefix: /x", "X-Original-URL: /base/static/", "X-Rewrite-URL: /base/static/", "X-HTTP-Method-Override: PUT", "Cookie: __prerender_bypass=forged",
	} {
		for _, target := range []string{"/base/secret/x/", "/base/kept/", "/base/static/", "/base/dynamic/", "/base/items/built/", "/base/api/echo/", "/base/old/", "/base/posts/built/", "/base/p/redirect/"} {
			list = append(list, get(target, line))
		}
	}
	return list
}
