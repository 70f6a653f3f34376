package tests_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// Attacks on Next.js and on platforms for it that are publicly known. Each test
// asserts what an attacker must not achieve.

// treasure is on every page that a fixture's proxy.ts guards.
const treasure = "guarded treasure"

// refused fails if an answer holds what proxy.ts guards.
func refused(t *testing.T, s *server, q request) {
	t.Helper()
	a, err := s.send(q)
	if err != nil {
		t.Errorf("%s: %v", q, err)
		return
	}
	if strings.Contains(a.body, treasure) || a.status == http.StatusOK && a.header.Get("X-Nextjs-Cache") != "" {
		t.Errorf("%s got past proxy.ts: status %d, %.200s", q, a.status, a.body)
	}
}

// CVE-2025-29927: a header told middleware that it had run already.
func TestSubrequestHeaderDoesNotSkipTheProxy(t *testing.T) {
	s := sharedPack(t)
	for _, value := range []string{"proxy", "src/proxy", "middleware", "src/middleware", "pages/_middleware", "proxy:proxy:proxy:proxy:proxy", "src/middleware:src/middleware:src/middleware:src/middleware:src/middleware"} {
		for _, line := range []string{"X-Middleware-Subrequest: " + value, "x-middleware-subrequest-id: 1", "X-Middleware-Next: 1", "X-Middleware-Invoke: 1"} {
			q := get("/account", line, "X-Middleware-Subrequest: "+value)
			a := s.must(t, q, http.StatusTemporaryRedirect)
			if location := a.header.Get("Location"); location != "/login" && !strings.HasSuffix(location, "/login") {
				t.Errorf("%s leads to %s", q, location)
			}
		}
	}
}

// A guess of the token of on-demand revalidation renders nothing anew.
func TestRevalidationTokenCannotBeGuessed(t *testing.T) {
	s := sharedPack(t)
	before := s.must(t, get("/products/reed-vase"), http.StatusOK)
	for _, guess := range []string{"", "1", "true", "null", "undefined", "00000000000000000000000000000000", "forged", "*", "%00"} {
		for _, more := range []string{"X-Prerender-Revalidate-If-Generated: 1", "X-Vercel-Id: x", "Purpose: prefetch"} {
			a := s.must(t, get("/products/reed-vase", "X-Prerender-Revalidate: "+guess, more), http.StatusOK)
			if got := a.header.Get("X-Nextjs-Cache"); got != "HIT" && got != "STALE" || a.body != before.body {
				t.Errorf("the guess %q gets %q", guess, got)
			}
		}
	}
}

// CVE-2024-46982 and its kind: headers by which a platform tells Next what to
// render are the platform's alone.
func TestPlatformHeadersDoNotChooseThePage(t *testing.T) {
	s := sharedPack(t)
	want := s.must(t, get("/about"), http.StatusOK).body
	for _, line := range []string{
		"X-Matched-Path: /account", "X-Now-Route-Matches: 1=reed-vase", "X-Invoke-Path: /cart", "X-Invoke-Output: /cart", "X-Invoke-Status: 500", "X-Invoke-Query: %7B%22a%22%3A%221%22%7D",
		"X-Middleware-Rewrite: /cart", "X-Middleware-Redirect: /cart", "X-Nextjs-Data: 1", "X-Nextjs-Rewritten-Path: /cart", "X-Pack-Outcome: error", "X-Pack-Invocation: e30=", "X-Forwarded-Uri: /cart", "X-Isr: 1", "X-Original-Url: /cart", "X-Http-Method-Override: DELETE",
	} {
		if a := s.must(t, get("/about", line), http.StatusOK); a.body != want {
			t.Errorf("%s changes the page", line)
		}
	}
}

// A request cannot bring a postponed state of its own: it would be rendered.
func TestResumeHeaderIsIgnored(t *testing.T) {
	s := sharedPack(t)
	want := s.must(t, get("/products/reed-vase"), http.StatusOK).body
	for _, q := range []request{
		post("/products/reed-vase", `3:{"forged":true}`, "Next-Resume: 1", "Content-Type: application/octet-stream"),
		post("/about", "[]", "Next-Resume: 1", "X-Next-Resume-State-Length: 2"),
		get("/products/reed-vase", "Next-Resume: 1", "X-Nextjs-Postponed: 1"),
	} {
		a, err := s.send(q)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(a.body, "forged") {
			t.Errorf("%s is rendered: %.200s", q, a.body)
		}
	}
	if got := s.must(t, get("/products/reed-vase"), http.StatusOK).body; got != want {
		t.Error("the page of others has changed")
	}
}

var attack atomic.Int64

// unasked is an address of the fixture's posts that no one has asked for.
func unasked() string { return fmt.Sprintf("attacked-%d", attack.Add(1)) }

// CVE-2024-46982, CVE-2025-32421, CVE-2025-49826: what one visitor sends with the
// first request for a page is not in what others get.
func TestCacheIsNotPoisoned(t *testing.T) {
	b := fixture(t, "pages-router")
	s := servePack(t, b.folder, "--fresh")
	googlebot := "User-Agent: Googlebot/2.1" // has fallback pages rendered at once
	clean := func(t *testing.T, slug, by string) {
		t.Helper()
		a := s.must(t, get("/posts/"+slug, googlebot), http.StatusOK)
		for _, sign := range []string{"poison", "notFound"} {
			if strings.Contains(a.body, sign) {
				t.Errorf("after %s the page of everybody holds %q", by, sign)
			}
		}
		if !strings.Contains(a.body, slug) || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || a.header.Get("Set-Cookie") != "" {
			t.Errorf("after %s the page of everybody is %s: %.200s", by, a.header.Get("Content-Type"), a.body)
		}
		data := s.must(t, get("/_next/data/"+b.id+"/en/posts/"+slug+".json"), http.StatusOK)
		if !strings.Contains(data.body, `"slug":"`+slug+`"`) || strings.Contains(data.body, "poison") {
			t.Errorf("after %s the data of everybody is %.200s", by, data.body)
		}
	}
	t.Run("headers", func(t *testing.T) {
		for _, line := range []string{
			"X-Forwarded-Host: poison.example", "X-Forwarded-Proto: poison", "Forwarded: host=poison.example", "X-Invoke-Status: 404", "X-Invoke-Error: poison", "X-Nextjs-Data: 1", "RSC: 1", "Accept: application/json", "X-Matched-Path: /posts/poison",
			"X-Now-Route-Matches: nxtPslug=poison", "X-Middleware-Override-Headers: poison", "X-Middleware-Set-Cookie: poison=1", "Purpose: prefetch", "Range: bytes=0-3", "Cookie: NEXT_LOCALE=fr; poison=1", "Accept-Language: fr", "Content-Security-Policy: script-src 'nonce-poison'", "Origin: https://poison.example", "Referer: https://poison.example/",
		} {
			slug := unasked()
			if _, err := s.send(get("/posts/"+slug, googlebot, line)); err != nil {
				t.Fatal(err)
			}
			clean(t, slug, line)
		}
	})
	t.Run("queries", func(t *testing.T) {
		for _, query := range []string{"slug=poison", "nxtPslug=poison", "nxtIslug=poison", "__nextDataReq=1", "__nextLocale=poison", "__nextFallback=true", "_nextBubbleNoFallback=poison", "nextInternalLocale=fr&slug=poison", "_rsc=poison", "x-middleware-rewrite=poison", "__proto__[slug]=poison"} {
			slug := unasked()
			if _, err := s.send(get("/posts/"+slug+"?"+query, googlebot)); err != nil {
				t.Fatal(err)
			}
			clean(t, slug, query)
		}
	})
	t.Run("methods", func(t *testing.T) {
		for _, method := range []string{"HEAD", "POST", "PUT", "OPTIONS", "DELETE"} {
			slug := unasked()
			if _, err := s.send(request{method: method, target: "/posts/" + slug, header: []string{googlebot}, body: "poison"}); err != nil {
				t.Fatal(err)
			}
			clean(t, slug, method)
		}
	})
	t.Run("encoded slashes", func(t *testing.T) {
		one := s.must(t, get("/posts/poison%2Fdeep", googlebot), http.StatusOK)
		other, err := s.send(get("/posts/poison/deep", googlebot))
		if err != nil {
			t.Fatal(err)
		}
		if other.status != http.StatusNotFound || other.body == one.body {
			t.Errorf("/posts/poison/deep is answered with the page of /posts/poison%%2Fdeep: status %d", other.status)
		}
		joined := s.must(t, get("/guides/a%2Fb"), http.StatusOK)
		split := s.must(t, get("/guides/a/b"), http.StatusOK)
		if !strings.Contains(joined.body, `["a/b"]`) && !strings.Contains(joined.body, `[&quot;a/b&quot;]`) || strings.Contains(split.body, `[&quot;a/b&quot;]`) {
			t.Error("/guides/a%2Fb and /guides/a/b share a page")
		}
		if twice := s.must(t, get("/guides/a%252Fb"), http.StatusOK); !strings.Contains(twice.body, `[&quot;a%2Fb&quot;]`) {
			t.Error("/guides/a%252Fb and /guides/a%2Fb share a page")
		}
	})
}

// What proxy.ts sets for one viewer neither enters the store nor reaches another.
func TestSetCookieIsNeverStored(t *testing.T) {
	startElsewhere(t)
	b := fixture(t, "based")
	s := servePack(t, b.folder, "--fresh")
	for _, viewer := range []string{"ana", "bob", "cleo"} {
		for _, target := range []string{"/base/kept/", "/base/old/", "/base/_next/data/" + b.id + "/old.json"} {
			a := s.must(t, get(target, "X-Viewer: "+viewer), http.StatusOK)
			if got := a.header.Values("Set-Cookie"); len(got) != 1 || !strings.HasPrefix(got[0], "viewer="+viewer+";") {
				t.Errorf("%s for %s sets %q", target, viewer, got)
			}
		}
	}
	stored := 0
	err := filepath.WalkDir(filepath.Join(b.folder, ".pack"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, "state") {
			return err
		}
		text, err := os.ReadFile(path)
		stored++
		for _, viewer := range []string{"viewer=ana", "viewer=bob", "viewer=cleo"} {
			if strings.Contains(strings.ToLower(string(text)), viewer) {
				t.Errorf("%s holds the cookie %s", path, viewer)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if stored == 0 {
		t.Error("no stored pages were found to look into")
	}
}

// A forged cookie does not switch draft mode on, and what an editor sees is not
// kept for others.
func TestDraftModeIsForEditorsOnly(t *testing.T) {
	b := fixture(t, "pages-router")
	s := servePack(t, b.folder, "--fresh")
	for _, cookie := range []string{"__prerender_bypass=forged", "__prerender_bypass=", "__prerender_bypass=true; __next_preview_data=e30.e30.x", "__prerender_bypass=previewModeId"} {
		a := s.must(t, get("/posts/first", "Cookie: "+cookie), http.StatusOK)
		if strings.Contains(a.body, `"preview":true`) || strings.Contains(a.body, `&quot;preview&quot;:true`) || a.header.Get("X-Nextjs-Cache") != "HIT" {
			t.Errorf("%s: X-Nextjs-Cache %s", cookie, a.header.Get("X-Nextjs-Cache"))
		}
	}
	var pairs []string
	for _, line := range s.must(t, get("/api/preview"), http.StatusTemporaryRedirect).header.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(line, ";")
		pairs = append(pairs, pair)
	}
	editor := "Cookie: " + strings.Join(pairs, "; ")
	for _, target := range []string{"/posts/first", "/_next/data/" + b.id + "/en/posts/first.json", "/posts/second", "/closed/b"} {
		a := s.must(t, get(target, editor), http.StatusOK)
		if !strings.Contains(a.header.Get("Cache-Control"), "no-store") {
			t.Errorf("%s for an editor may be stored: %s", target, a.header.Get("Cache-Control"))
		}
		others, err := s.send(get(target))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(others.body, "for the editor") || strings.Contains(others.body, `preview&quot;:true`) {
			t.Errorf("%s shows everybody what the editor saw", target)
		}
	}
	absent := s.must(t, get("/posts/gone", editor), http.StatusNotFound)
	if !strings.Contains(absent.header.Get("Cache-Control"), "no-store") {
		t.Errorf("a page that is not there for an editor may be stored: %s", absent.header.Get("Cache-Control"))
	}
}

// CVE-2026-44573: with i18n, an address of a page that matchers did not know.
func TestLocalesDoNotGetAroundTheProxy(t *testing.T) {
	b := fixture(t, "pages-router")
	s := servePack(t, b.folder, "--fresh")
	opened := s.must(t, get("/fr/guarded/built", "Cookie: key=brass"), http.StatusOK)
	if !strings.Contains(opened.body, treasure) {
		t.Fatalf("the key does not open: %.200s", opened.body)
	}
	data := "/_next/data/" + b.id
	for _, page := range []string{"/guarded/static", "/guarded/built", "/guarded/anew"} {
		for _, form := range []string{
			"%s", "/en%s", "/fr%s", "/de%s", "/FR%s", "/En%s", "/en/en%s", "/en/fr%s", "/fr/en%s", "/%%66r%s", "/%%46R%s", "/fr/%%66r%s", "//fr%s", "/fr/%s", "/./fr%s", "/x/../fr%s", "/fr/.%s", "/fr%%2F..%s", "/index%s", "/fr%s/", "/fr%s?x=1", "/%%2Ffr%s", "/fr%%2f%s",
			data + "%s.json", data + "/en%s.json", data + "/fr%s.json", data + "/FR%s.json", data + "/en/fr%s.json", data + "/%%66r%s.json", "/en" + data + "/en%s.json", "/fr" + data + "/fr%s.json", "/en" + data + "%s.json", data + "//fr%s.json", data + "/fr/%s.json", "/_next/%%64ata/" + b.id + "/fr%s.json", "/%%5Fnext/data/" + b.id + "/fr%s.json", data + "/index%s.json", data + "/fr/index%s.json",
		} {
			target := fmt.Sprintf(form, page)
			for _, q := range []request{
				get(target), get(target, "X-Nextjs-Data: 1"), get(target, "Accept-Language: fr", "Cookie: NEXT_LOCALE=fr"), get(target, "Host: notes-de.example"), get(target, "X-Middleware-Prefetch: 1", "Purpose: prefetch"),
			} {
				refused(t, s, q)
			}
		}
	}
}

// Matchers know pages as their names read; an encoded spelling is the same page.
func TestEncodedPathsDoNotGetAroundTheProxy(t *testing.T) {
	startElsewhere(t)
	s := servePack(t, fixture(t, "based").folder, "--fresh")
	opened := s.must(t, get("/base/secret/built/", "Cookie: key=brass"), http.StatusOK)
	if !strings.Contains(opened.body, treasure) {
		t.Fatalf("the key does not open: %.200s", opened.body)
	}
	for _, target := range []string{
		"/base/secret/", "/base/secret/built/", "/base/secret/anew/", "/base/secret", "/base/secret/built", "/base/%73ecret/", "/base/%73ecret/built/", "/base/secre%74/b%75ilt/", "/base/SECRET/", "/base/Secret/built/", "/base/secret%2Fbuilt/", "/base/secret%2fbuilt/", "/base//secret/", "/base/secret//built/",
		"/base/./secret/", "/base/x/../secret/built/", "/base/%2e/secret/", "/base/x/%2e%2e/secret/built/", "/base/secret/.", "/base/secret/built/..", `/base\secret\`, "/base/secret;x/", "/base/secret/built/?_rsc", "/base/secret.rsc", "/base/secret/built.rsc", "/base/secret/built.rsc/", "/base/secret.txt",
		"/base/secret.segments/_tree.segment.rsc", "/base/secret/built.segments/_tree.segment.rsc", "/base/secret/built.segments/_full.segment.rsc", "/base/%73ecret/built.rsc", "/b%61se/secret/", "/base/base/secret/", "/cdn/secret/", "/secret/", "/base/_next/data/x/secret.json", "/base/secret/%2e%2e/secret/built/", "/base/secret%00/", "/base/secret%20/", "/base/secret/built%2F",
	} {
		for _, q := range []request{get(target), get(target, "RSC: 1"), get(target, "RSC: 1", "Next-Router-Prefetch: 1"), get(target, "RSC: 1", "Next-Router-Prefetch: 1", "Next-Router-Segment-Prefetch: /_tree"), get(target, "Cookie: key=forged")} {
			refused(t, s, q)
		}
	}
}

// CVE-2026-44581: Next puts the nonce of a Content-Security-Policy header of the
// request into its pages; a visitor's would be kept for others.
func TestNonceIsNotTakenFromVisitors(t *testing.T) {
	startElsewhere(t)
	s := servePack(t, fixture(t, "based").folder, "--fresh")
	for _, target := range []string{"/base/items/attacked/", "/base/dynamic/", "/base/static/", "/base/old/", "/base/nowhere/"} {
		for _, line := range []string{"Content-Security-Policy: script-src 'nonce-poison'", "Content-Security-Policy-Report-Only: script-src 'nonce-poison'"} {
			first, err := s.send(get(target, line))
			if err != nil {
				t.Fatal(err)
			}
			next, err := s.send(get(target))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(first.body, `nonce="poison"`) || strings.Contains(next.body, "poison") {
				t.Errorf("%s with %s has the visitor's nonce", target, line)
			}
		}
	}
}

// CVE-2025-57822, CVE-2024-34351: what leads elsewhere leads only where it may,
// and an answer from there leads this server nowhere.
func TestExternalRewritesReachNoPrivateAddress(t *testing.T) {
	startElsewhere(t)
	b := fixture(t, "based")
	t.Run("refused", func(t *testing.T) {
		s := servePack(t, b.folder, "--fresh")
		for _, target := range []string{"/base/zone/a/", "/base/zone-query/", "/no-base/a", "/base/legacy/a/", "/base/zone/%2e%2e/a/", "/base/zone/@169.254.169.254/"} {
			a, err := s.send(get(target, "Host: 169.254.169.254", "X-Forwarded-Host: 169.254.169.254"))
			if err != nil {
				t.Fatal(err)
			}
			if a.header.Get("X-From") != "" || a.status < 400 && a.status != http.StatusPermanentRedirect {
				t.Errorf("%s reached the private address: status %d, %.200s", target, a.status, a.body)
			}
		}
	})
	t.Run("redirects are the viewer's", func(t *testing.T) {
		s := servePack(t, b.folder, "--fresh", "--allow-private-rewrites")
		a := s.must(t, get("/base/zone/redirect/"), http.StatusFound)
		if a.header.Get("Location") != "http://127.0.0.1:9/inside" || a.header.Get("X-From") != "elsewhere" {
			t.Errorf("the redirect was not handed on: %v", a.header)
		}
	})
	t.Run("the path stays in its place", func(t *testing.T) {
		s := servePack(t, b.folder, "--fresh", "--allow-private-rewrites")
		for _, target := range []string{"/base/zone/@other.example/", "/base/zone//other.example/", "/base/zone/..%2f..%2fx/", "/base/zone/x%0d%0aHost:%20y/", "/base/zone/%5c%5cother.example/"} {
			a, err := s.send(get(target))
			if err != nil {
				t.Fatal(err)
			}
			if a.status == http.StatusOK && !strings.HasPrefix(a.body, "GET /zone") {
				t.Errorf("%s left its folder: %.200s", target, a.body)
			}
		}
	})
}
