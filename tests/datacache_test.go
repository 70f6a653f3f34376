package tests_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestDataCache is what an app without Cache Components may count on: fetch,
// unstable_cache and incremental static regeneration over time, asked of `next
// start` and of `pack serve` alike. The upstream counts what reaches it.
func TestDataCache(t *testing.T) {
	p := startUpstreamPair(t, "isr-data")
	// First, while nothing but the build's pages is there.
	t.Run("side by side", func(t *testing.T) {
		// The adapter API has no prerender of the not-found page's payload.
		p.pack.must(t, rsc("/nowhere"), http.StatusNotFound)
		p.compare(t, dataCacheRequests(t))
	})
	for _, step := range []struct {
		name string
		do   func(t *testing.T, p *upstreamPair, s *server)
	}{
		{"page for seconds, fetch for an hour", hourlyFetch},
		{"tagged fetch", taggedFetch},
		{"dynamic page", cachedCalls},
		{"fetchCache", segmentFetches},
		{"one fetch a render", requestMemory},
		{"draft mode", draftFetches},
		{"tags beyond the limits", manyTags},
		{"route handler", staticHandler},
		{"paths on demand", paramsOnDemand},
		{"revalidatePath", pathRevalidated},
		{"pages router", stalePagesRouter},
		{"res.revalidate", onDemandPagesRouter},
	} {
		for _, s := range p.both() {
			t.Run(step.name+"/"+who(s), func(t *testing.T) { step.do(t, p, s) })
		}
	}
}

// dataCacheRequests asks for every page, seen by the build and not.
func dataCacheRequests(t *testing.T) []request {
	var list []request
	for _, page := range []string{"/tagged", "/memo", "/draft", "/many", "/posts/known", "/posts/new", "/closed/known", "/closed/new", "/api/again"} {
		list = append(list, get(page), request{method: http.MethodHead, target: page}, rsc(page), rsc(page, "Next-Router-Prefetch: 1"), segmentPrefetch(page, "/_tree"))
	}
	build := fixture(t, "isr-data").id
	for _, kind := range []string{"open", "waiting"} {
		for _, id := range []string{"known", "new", "missing"} {
			list = append(list, get("/"+kind+"/"+id), get("/_next/data/"+build+"/"+kind+"/"+id+".json"), get("/"+kind+"/"+id, "User-Agent: Googlebot"))
		}
	}
	for _, id := range []string{"known", "new", "missing"} {
		list = append(list, get("/listed/"+id))
	}
	return list
}

// settled waits until a page shows the same value twice: what the build has
// fetched stays behind on one of the servers.
func (s *server) settled(t *testing.T, page, id string) string {
	t.Helper()
	var now string
	eventually(t, 30*time.Second, func() string {
		before := s.stampOf(t, page, id)
		if now = s.stampOf(t, page, id); now != before {
			return fmt.Sprintf("%s: %s of %s goes from %s to %s", s.name, id, page, before, now)
		}
		return ""
	})
	return now
}

func hourlyFetch(t *testing.T, p *upstreamPair, s *server) {
	for range 3 {
		s.changes(t, "/hour", "render", s.stampOf(t, "/hour", "render"))
	}
	if n := p.upstream.asked(s, "hour"); n > 1 {
		t.Errorf("three renders asked for the hourly value %d times", n)
	}
	s.revalidate(t, "tag=hour&expire=0")
	s.changes(t, "/hour", "render", s.stampOf(t, "/hour", "render"))
	if n := p.upstream.asked(s, "hour"); n != 2 {
		t.Errorf("the value was asked for %d times, want once more after revalidateTag", n)
	}
}

func taggedFetch(t *testing.T, p *upstreamPair, s *server) {
	first := s.stampOf(t, "/tagged", "render")
	if again := s.stampOf(t, "/tagged", "render"); again != first {
		t.Errorf("rendered %s and then %s", first, again)
	}
	s.revalidate(t, "tag=tagged&profile=max")
	if stale := s.must(t, get("/tagged"), http.StatusOK); stale.shown(t, "render") != first || cached(stale) != "STALE" {
		t.Errorf("a stale page is to be served first: %s, %s", stale.shown(t, "render"), cached(stale))
	}
	now := s.changes(t, "/tagged", "render", first)
	s.revalidate(t, "tag=tagged&expire=0")
	if at := s.stampOf(t, "/tagged", "render"); at == now {
		t.Errorf("%s is still shown after revalidateTag", now)
	}
	asked := p.upstream.asked(s, "tagged")
	s.stampOf(t, "/tagged", "render")
	if n := p.upstream.asked(s, "tagged"); n != asked || n == 0 {
		t.Errorf("the upstream was asked %d and then %d times", asked, n)
	}
}

// segmentFetches: fetchCache of a segment decides for fetches that say nothing;
// force-cache overrules those that say no-store, force-no-store none that say
// force-cache.
func segmentFetches(t *testing.T, p *upstreamPair, s *server) {
	for page, kept := range map[string][2]bool{"all": {true, true}, "none": {false, true}, "default": {true, false}} {
		for i, id := range []string{"plain", "asked"} {
			target := "/fetches/" + page
			before := s.stampOf(t, target, id)
			if now := s.stampOf(t, target, id); (now == before) != kept[i] {
				t.Errorf("%s: the fetch %s of %s gives %s and then %s, cached: %t", s.name, id, target, before, now, kept[i])
			}
		}
	}
}

func cachedCalls(t *testing.T, p *upstreamPair, s *server) {
	kept, unstable := s.settled(t, "/dynamic", "kept"), s.settled(t, "/dynamic", "unstable")
	fresh := s.stampOf(t, "/dynamic", "fresh")
	if again := s.stampOf(t, "/dynamic", "fresh"); again == fresh {
		t.Error("a fetch with no-store was cached")
	}
	short := s.stampOf(t, "/dynamic", "short")
	s.changes(t, "/dynamic", "short", short)
	if s.stampOf(t, "/dynamic", "kept") != kept || s.stampOf(t, "/dynamic", "unstable") != unstable {
		t.Error("what lives longer was asked for again")
	}
	s.revalidate(t, "tag=kept&expire=0")
	if now := s.stampOf(t, "/dynamic", "kept"); now == kept {
		t.Errorf("%s is still shown after revalidateTag", kept)
	}
	if now := s.stampOf(t, "/dynamic", "unstable"); now != unstable {
		t.Error("another tag's value was made anew")
	}
	s.revalidate(t, "tag=unstable&expire=0")
	if now := s.stampOf(t, "/dynamic", "unstable"); now == unstable {
		t.Errorf("%s is still shown after revalidateTag", unstable)
	}
	kept = s.settled(t, "/dynamic", "kept")
	s.revalidate(t, "path=/dynamic")
	if now := s.stampOf(t, "/dynamic", "kept"); now == kept {
		t.Errorf("%s is still shown after revalidatePath of the page that asked for it", kept)
	}
	s.revalidate(t, "tag=kept&profile=max")
	kept = s.stampOf(t, "/dynamic", "kept")
	s.changes(t, "/dynamic", "kept", kept)
	if asked := p.upstream.asked(s, "fresh"); asked < 10 {
		t.Errorf("the fetch with no-store reached the upstream %d times", asked)
	}
}

func requestMemory(t *testing.T, p *upstreamPair, s *server) {
	before := p.upstream.asked(s, "memo")
	a := s.must(t, get("/memo"), http.StatusOK)
	if n := p.upstream.asked(s, "memo") - before; a.shown(t, "one") != a.shown(t, "two") || n != 1 {
		t.Errorf("one render shows %s and %s, and asked %d times", a.shown(t, "one"), a.shown(t, "two"), n)
	}
}

func draftFetches(t *testing.T, p *upstreamPair, s *server) {
	published := s.must(t, get("/draft"), http.StatusOK)
	cookie := strings.Split(s.must(t, get("/api/draft"), http.StatusOK).header.Get("Set-Cookie"), ";")[0]
	asked := p.upstream.asked(s, "draft")
	for range 2 {
		draft := s.must(t, get("/draft", "Cookie: "+cookie), http.StatusOK)
		if draft.shown(t, "state") != "unpublished" || !strings.Contains(draft.header.Get("Cache-Control"), "no-store") {
			t.Errorf("the editor sees %s, with %v", draft.shown(t, "state"), draft.header)
		}
	}
	if n := p.upstream.asked(s, "draft"); n != asked+2 {
		t.Errorf("two drafts asked %d times", n-asked)
	}
	for _, header := range [][]string{nil, {"Cookie: __prerender_bypass=guess"}} {
		if a := s.must(t, get("/draft", header...), http.StatusOK); a.shown(t, "count") != published.shown(t, "count") || a.shown(t, "state") != "published" {
			t.Errorf("with %v the page shows %s, %s", header, a.shown(t, "state"), a.shown(t, "count"))
		}
	}
}

// manyTags: Next takes the first 128 of at most 256 characters.
func manyTags(t *testing.T, _ *upstreamPair, s *server) {
	count := s.settled(t, "/many", "count")
	s.revalidate(t, "tag=one-too-many&expire=0")
	if now := s.stampOf(t, "/many", "count"); now != count {
		t.Error("the 129th tag counts")
	}
	s.revalidate(t, "tag=many-127&expire=0")
	if now := s.stampOf(t, "/many", "count"); now == count {
		t.Error("the 128th tag does not count")
	}
}

func staticHandler(t *testing.T, _ *upstreamPair, s *server) {
	before := s.must(t, get("/api/again"), http.StatusOK).body
	if again := s.must(t, get("/api/again"), http.StatusOK).body; again != before {
		t.Errorf("%s and then %s", before, again)
	}
	s.revalidate(t, "tag=again&expire=0")
	first := s.must(t, get("/api/again"), http.StatusOK).body
	s.revalidate(t, "tag=again&expire=0")
	if now := s.must(t, get("/api/again"), http.StatusOK).body; now == first {
		t.Errorf("%s is still answered after revalidateTag", first)
	}
}

func paramsOnDemand(t *testing.T, _ *upstreamPair, s *server) {
	slug := "/posts/made-for-" + who(s)
	miss := s.must(t, get(slug), http.StatusOK)
	hit := s.must(t, get(slug), http.StatusOK)
	if cached(miss) != "MISS" || cached(hit) != "HIT" || miss.shown(t, "render") != hit.shown(t, "render") {
		t.Errorf("%s with %s, then %s with %s", cached(miss), miss.shown(t, "render"), cached(hit), hit.shown(t, "render"))
	}
	for range 2 {
		s.must(t, get("/closed/unknown"), http.StatusNotFound)
	}
	s.must(t, get("/closed/known"), http.StatusOK)
}

func pathRevalidated(t *testing.T, _ *upstreamPair, s *server) {
	before := s.settled(t, "/posts/known", "render")
	s.revalidate(t, "path=/posts/known")
	if now := s.stampOf(t, "/posts/known", "render"); now == before {
		t.Errorf("%s is still shown after revalidatePath", before)
	}
}

// stalePagesRouter: getStaticProps with a lifetime, and each kind of fallback.
func stalePagesRouter(t *testing.T, _ *upstreamPair, s *server) {
	for _, page := range []string{"/open/known", "/waiting/known", "/listed/known", "/waiting/new-" + who(s)} {
		s.changes(t, page, "render", s.stampOf(t, page, "render"))
	}
	fresh := "/open/fresh-" + who(s)
	if a := s.must(t, get(fresh), http.StatusOK); a.shown(t, "fallback") != "One moment" {
		t.Errorf("the first visitor sees %.300s", a.body)
	}
	data := s.must(t, get("/_next/data/"+fixture(t, "isr-data").id+fresh+".json"), http.StatusOK)
	if !strings.Contains(data.body, `"id":"fresh-`) {
		t.Errorf("the data is %s", data.body)
	}
	s.stampOf(t, fresh, "render")
	s.must(t, get("/listed/unknown"), http.StatusNotFound)
	s.must(t, get("/waiting/missing"), http.StatusNotFound)
}

func onDemandPagesRouter(t *testing.T, _ *upstreamPair, s *server) {
	before := s.stampOf(t, "/waiting/known", "render")
	s.must(t, get("/api/refresh?path=/waiting/known"), http.StatusOK)
	if now := s.stampOf(t, "/waiting/known", "render"); now == before {
		t.Errorf("%s is still shown after res.revalidate", before)
	}
}
