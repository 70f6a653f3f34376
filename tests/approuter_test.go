package tests_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestAppRouter holds the App Router's conventions, as tests/fixtures/app-router
// uses them, against `next start`.
func TestAppRouter(t *testing.T) {
	p, b := fixturePair(t, "app-router")
	p.known = appRouterKnown
	files, err := fileRequests(b)
	if err != nil {
		t.Fatal(err)
	}
	// next start breaks over other methods on names that have to be encoded.
	files = slices.DeleteFunc(files, func(q request) bool {
		return strings.HasPrefix(q.target, "/humans.txt") || strings.Contains(q.target, "%") && q.method != http.MethodGet && q.method != http.MethodHead
	})
	for _, group := range []struct {
		name     string
		requests []request
	}{
		{"pages", conventionRequests()},
		{"payloads", conventionPayloads()},
		{"segment options", segmentRequests()},
		{"thrown", thrownRequests()},
		{"handlers", answerRequests()},
		{"metadata files", metadataRequests()},
		{"files", files},
	} {
		t.Run(group.name, func(t *testing.T) { p.compare(t, group.requests) })
	}
	t.Run("draft mode", func(t *testing.T) { p.compare(t, draftRequests(t, p.next)) })
	t.Run("actions", func(t *testing.T) { p.compare(t, formRequests(t, p.next)) })
	t.Run("no more is let pass than has to be", func(t *testing.T) { stillKnown(t, appRouterKnown) })
}

var appRouterKnown = []difference{
	{regexp.MustCompile(`^GET /nowhere\?_rsc`), regexp.MustCompile(`^header X-Nextjs-Cache`), "the adapter API has no prerendered payload of the not-found page: it is rendered"},
	{regexp.MustCompile(`Cookie: (__prerender_bypass|__next_preview_data)=forged`), regexp.MustCompile(`^header Cache-Control`), "an answer that deletes a viewer's cookie is not for shared caches"},
	{regexp.MustCompile(`^POST /forms `), regexp.MustCompile(`^(body|header (Content-Type|Cache-Control))`), "where an action throws, next start runs it once more to render its error page and gives up with plain text"},
}

// conventionPages are the pages that answer 200 to everybody.
var conventionPages = []string{
	"/", "/deals", "/photos", "/photos/1", "/board", "/board/more", "/posts/one", "/posts/two", "/posts/three", "/closed/known",
	"/docs/a/b", "/docs/a/b/c", "/docs/%C3%BC/x%20y", "/maybe", "/maybe/a", "/maybe/a/b?c=d&c=e", "/en/shop/cup", "/fr/shop/tasse",
	"/segment/forced-static", "/segment/forced-dynamic", "/segment/never-cached", "/segment/once", "/segment/minute",
	"/nested/1", "/slow", "/client", "/client?a=1", "/forms", "/draft", "/headed/x", "/scripts", "/nonce", "/icons", "/views/dark", "/views/light", "/aspects/light?a=1", "/aspects/dark",
}

func conventionRequests() []request {
	var list []request
	for _, page := range conventionPages {
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS", "PUT"} {
			list = append(list, request{method: method, target: page})
		}
		list = append(list, get(page, "User-Agent: Twitterbot/1.0"), get(page+"/"), get("/"+page))
	}
	for _, page := range []string{"/closed/unknown", "/docs", "/nowhere", "/nested/none", "/photos/1/2", "/(shop)/deals", "/photos/(.)1", "/board/left", "/en/shop", "/_not-found", "/posts", "/404", "/500"} {
		list = append(list, get(page), get(page), request{method: "HEAD", target: page}, request{method: "POST", target: page})
	}
	return list
}

func conventionPayloads() []request {
	var list []request
	for _, page := range append(conventionPages, "/nowhere", "/nested/none") {
		if page == "/maybe/a/b?c=d&c=e" || page == "/client?a=1" {
			continue
		}
		list = append(list, rsc(page), rsc(page, "Next-Router-Prefetch: 1"), rsc(page, "Next-Router-Prefetch: 1", "Next-Router-Segment-Prefetch: /_tree"))
	}
	return append(list,
		rsc("/photos/1", "Next-Url: /photos"), rsc("/photos/1", "Next-Url: /photos", "Next-Router-Prefetch: 1"),
		rsc("/photos/2", "Next-Url: /elsewhere"), get("/photos/1", "Next-Url: /photos"),
	)
}

func segmentRequests() []request {
	var list []request
	for _, page := range []string{"/segment/forced-static", "/segment/forced-dynamic", "/segment/never-cached", "/segment/once", "/segment/minute"} {
		for _, query := range []string{"", "?who=query", "?who=a&who=b"} {
			list = append(list, get(page+query), get(page+query, "Cookie: who=cookie", "X-Who: header"))
		}
	}
	return list
}

func thrownRequests() []request {
	var list []request
	for _, how := range []string{"not-found", "forbidden", "unauthorized", "redirect", "redirect-away", "permanent", "error", "nothing"} {
		list = append(list, get("/throws/"+how), request{method: "HEAD", target: "/throws/" + how}, request{method: "POST", target: "/throws/" + how}, rsc("/throws/"+how))
	}
	for _, how := range []string{"not-found", "redirect", "permanent", "error", "nothing"} {
		list = append(list, get("/throws-static/"+how), get("/throws-static/"+how), request{method: "HEAD", target: "/throws-static/" + how}, rsc("/throws-static/"+how))
	}
	for _, how := range []string{"not-found", "redirect", "error", "boundary", "nothing"} {
		list = append(list, get("/rethrown/"+how), rsc("/rethrown/"+how))
	}
	return append(list, get("/caught"), rsc("/caught"))
}

func answerRequests() []request {
	var list []request
	for _, method := range allMethods {
		for _, target := range []string{"/api/methods", "/api/methods?a=%20b", "/api/only-post?x=1&x=2", "/api/static", "/feeds/all.xml", "/feeds/new.xml"} {
			q := request{method: method, target: target}
			if method == "POST" || method == "PUT" || method == "PATCH" {
				q.body = "the body"
			}
			list = append(list, q)
		}
	}
	for _, kind := range []string{
		"empty", "not-modified", "redirect", "permanent", "see-other", "not-found", "error", "nothing", "cookies", "headers",
		"no-draft", "after", "stream", "binary", "twice", "other",
	} {
		target := "/api/answers/" + kind
		list = append(list, get(target), request{method: "HEAD", target: target}, request{method: "OPTIONS", target: target}, get(target, "RSC: 1"))
	}
	return append(list,
		get("/api/answers/headers", "X-App-One: 1", "X-App-Two: ü"),
		post("/api/only-post", "", "Cookie: a=b; c=d%20e; f"),
		get("/api/answers/rewrite"),
		get("/api/answers/spoken"), get("/api/spoken/once"), get("/api/spoken/later"), get("/api/spoken/later"), get("/nowhere/once"),
	)
}

func metadataRequests() []request {
	var list []request
	for _, target := range []string{
		"/robots.txt", "/manifest.webmanifest", "/sitemap/0.xml", "/sitemap/1.xml", "/sitemap/2.xml", "/sitemap.xml",
		"/icons/icon/small", "/icons/icon/large", "/icons/icon/none", "/icons/icon", "/posts/one/twitter-image", "/posts/three/twitter-image",
	} {
		list = append(list, get(target), request{method: "HEAD", target: target}, request{method: "POST", target: target})
	}
	return list
}

// draftRequests look at pages in draft mode, whose cookie is a secret of the
// build, and try cookies that are not the app's.
func draftRequests(t *testing.T, s *server) []request {
	t.Helper()
	enabled := &http.Response{Header: s.must(t, get("/api/answers/draft"), http.StatusOK).header}
	list := []request{
		get("/api/answers/draft"),
		get("/draft", "Cookie: __prerender_bypass=forged"), get("/posts/one", "Cookie: __prerender_bypass=forged"),
	}
	for _, cookie := range enabled.Cookies() {
		line := "Cookie: " + cookie.Name + "=" + cookie.Value
		list = append(list, get("/draft", line), rsc("/draft", line), get("/posts/one", line), get("/closed/unknown", line), get("/api/static", line))
	}
	if len(list) == 3 {
		t.Fatal("draft mode sets no cookie")
	}
	return append(list, get("/draft"))
}

// formRequests submit the forms of /forms without JavaScript.
func formRequests(t *testing.T, s *server) []request {
	t.Helper()
	page := s.must(t, get("/forms"), 200).body
	origin := "Origin: http://{host}"
	var list []request
	for _, form := range []struct {
		id     string
		fields [][2]string
	}{
		{"remember", [][2]string{{"name", "Ada"}}},
		{"leave", [][2]string{{"to", "/posts/one"}}},
		{"leave", [][2]string{{"to", "/nowhere"}}},
		{"leave", [][2]string{{"to", "https://elsewhere.example/x"}}},
		{"fail", [][2]string{{"how", "not-found"}}},
		{"fail", [][2]string{{"how", "throw"}}},
		{"greet", [][2]string{{"name", "Grace"}}},
	} {
		hidden := hiddenFields(formNamed(t, page, form.id))
		list = append(list, post("/forms", multipart(append(hidden, form.fields...)...), formType, origin))
		if id := actionID(hidden); id != "" {
			list = append(list, post("/forms", multipart(append([][2]string{{"_1_" + form.fields[0][0], form.fields[0][1]}}, [2]string{"0", `["$K1"]`})...), formType, "Next-Action: "+id, "Accept: text/x-component", origin))
		}
	}
	return list
}

// formNamed cuts the form of an id out of a page.
func formNamed(t *testing.T, page, id string) string {
	t.Helper()
	for _, form := range strings.Split(page, "<form ")[1:] {
		form, _, _ = strings.Cut(form, "</form>")
		if tag, _, _ := strings.Cut(form, ">"); strings.Contains(tag, `id="`+id+`"`) {
			return form
		}
	}
	t.Fatalf("the page has no form %s", id)
	return ""
}
