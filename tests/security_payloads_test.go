package tests_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// CVE-2025-55182 and the faults found after it (55183, 55184, 67779;
// CVE-2026-23864, 23869, 23870): arguments of server actions that are made to
// run code, to read the source, or to keep the process busy.
func TestForgedActionArguments(t *testing.T) {
	s := sharedPack(t)
	id := actionID(hiddenFields(s.must(t, get("/login"), http.StatusOK).body))
	chunk := `{"then":"$1:__proto__:then","status":"resolved_model","reason":-1,"value":"{\"then\":\"$B1337\"}","_response":{"_prefix":"throw new Error('stolen '+process.version);","_chunks":"$Q2","_formData":{"get":"$1:constructor:constructor"}}}`
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	for name, body := range map[string]string{
		"prototype":    multipart([2]string{"0", chunk}, [2]string{"1", `"$@0"`}, [2]string{"2", "[]"}),
		"constructor":  multipart([2]string{"0", `["$1:constructor:constructor"]`}, [2]string{"1", `{}`}),
		"cycle":        multipart([2]string{"0", `["$1"]`}, [2]string{"1", `["$0"]`}),
		"own promise":  multipart([2]string{"0", `"$@0"`}),
		"deep":         multipart([2]string{"0", deep}),
		"iterators":    multipart([2]string{"0", `["$x1","$X1","$i1","$W1","$Q1"]`}, [2]string{"1", `"$@1"`}),
		"source":       multipart([2]string{"0", `["$F1"]`}, [2]string{"1", `{"id":"` + id + `","bound":null}`}),
		"big number":   multipart([2]string{"0", `["$n` + strings.Repeat("9", 50_000) + `"]`}),
		"many of one":  multipart([2]string{"0", `[` + strings.TrimSuffix(strings.Repeat(`"$1",`, 20_000), ",") + `]`}, [2]string{"1", `"x"`}),
		"unknown type": "nothing of the kind",
	} {
		for _, header := range [][]string{{"Next-Action: " + id}, {"Next-Action: x"}, {"Next-Action: " + strings.Repeat("0", 42)}, nil} {
			q := post("/login", body, append(header, formType, "Accept: text/x-component", "Origin: "+s.url)...)
			began := time.Now()
			a, err := s.send(q)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("%s: answered after %s", name, took)
			}
			for _, sign := range []string{"stolen", "use server", "function signIn", "async function"} {
				if strings.Contains(a.body, sign) {
					t.Errorf("%s [%v]: the answer holds %q: %.200s", name, header, sign, a.body)
				}
			}
		}
	}
	if strings.Contains(s.stderr.String(), "stolen v") {
		t.Error("code of the request was run")
	}
	s.must(t, get("/login"), http.StatusOK)
}

// CVE-2026-94543, CVE-2026-94484 and those before them, for the App Router: what
// comes with the first request for a page is not in what others get, neither as
// a document nor as a payload.
func TestAppRouterCacheIsNotPoisoned(t *testing.T) {
	s := servePack(t, fixture(t, "app-router").folder, "--fresh")
	clean := func(t *testing.T, slug, by string) {
		t.Helper()
		page := s.must(t, get("/posts/"+slug), http.StatusOK)
		if !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || !strings.Contains(page.body, "<h1>Post <!-- -->"+slug+"</h1>") || strings.Contains(page.body, "poison") || page.header.Get("Set-Cookie") != "" {
			t.Errorf("after %s everybody's page is %s: %.300s", by, page.header.Get("Content-Type"), page.body)
		}
		payload := s.must(t, rsc("/posts/"+slug), http.StatusOK)
		if !strings.HasPrefix(payload.header.Get("Content-Type"), "text/x-component") || !strings.Contains(payload.body, slug) || strings.Contains(payload.body, "poison") {
			t.Errorf("after %s everybody's payload is %s: %.300s", by, payload.header.Get("Content-Type"), payload.body)
		}
		feed := s.must(t, get("/feeds/"+slug), http.StatusOK)
		if strings.Contains(feed.body, "poison") {
			t.Errorf("after %s everybody's feed is %.300s", by, feed.body)
		}
	}
	var attacks []request
	for _, line := range []string{
		"RSC: 1", "Next-Router-Prefetch: 1", "Next-Router-Segment-Prefetch: /_tree", "Next-Url: /poison", "Next-Router-State-Tree: poison", "X-Nextjs-Data: 1", "X-Matched-Path: /posts/poison", "X-Now-Route-Matches: nxtPslug=poison", "X-Invoke-Path: /posts/poison", "X-Invoke-Status: 404",
		"X-Forwarded-Host: poison.example", "Host: poison.example", "X-Forwarded-Proto: poison", "Accept: text/x-component", "Next-Action: 00", "Next-Resume: 1", "X-Nextjs-Rewritten-Path: /posts/poison", "X-Prerender-Revalidate: poison", "Cookie: poison=1; __prerender_bypass=poison", "Content-Security-Policy: script-src 'nonce-poison'", "X-Middleware-Set-Cookie: poison=1", "X-Next-Cache-Tags: poison", "Range: bytes=0-3", "Purpose: prefetch",
	} {
		attacks = append(attacks, get("/posts/{slug}", line), get("/posts/{slug}", "RSC: 1", line), get("/feeds/{slug}", line))
	}
	for _, query := range []string{"_rsc=poison", "nxtPslug=poison", "slug=poison", "__nextDataReq=1", "_nextBubbleNoFallback=poison", "x-middleware-rewrite=poison", "__proto__[slug]=poison", "dpl=poison"} {
		attacks = append(attacks, get("/posts/{slug}?"+query), get("/posts/{slug}?"+query, "RSC: 1"), get("/feeds/{slug}?"+query))
	}
	for _, method := range []string{"HEAD", "POST", "OPTIONS", "DELETE"} {
		attacks = append(attacks, request{method: method, target: "/posts/{slug}", body: "poison"})
	}
	for _, form := range []string{"/posts/{slug}.rsc", "/posts/{slug}%2Fpoison", "/posts/{slug}/", "/posts//{slug}", "/posts/{slug}%00poison", "/posts/{slug};poison", "/posts/{slug}.segments/_tree.segment.rsc", "/posts/{slug}%3Fpoison", "/posts/poison/..%2F{slug}"} {
		attacks = append(attacks, get(form), get(form, "RSC: 1"))
	}
	for _, q := range attacks {
		slug := unasked()
		q.target = strings.ReplaceAll(q.target, "{slug}", slug)
		if _, err := s.send(q); err != nil {
			t.Fatal(err)
		}
		clean(t, slug, q.String())
	}
}
