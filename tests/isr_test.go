package tests_test

import (
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"testing"
	"time"
)

var renderedTime = regexp.MustCompile(`rendered-at[^0-9]{1,40}(20\d\d-[0-9T:.-]+Z)`)

// renderedAt is the time that a page, or its payload, says it was rendered at.
func renderedAt(t testing.TB, a *answer) string {
	t.Helper()
	found := renderedTime.FindStringSubmatch(a.body)
	if found == nil {
		t.Fatalf("no rendered-at in a body of %d bytes: %.300s", len(a.body), a.body)
	}
	return found[1]
}

// cached is what x-nextjs-cache says.
func cached(a *answer) string { return a.header.Get("X-Nextjs-Cache") }

// TestPagesOfTheBuild are answered without any of the app's code.
func TestPagesOfTheBuild(t *testing.T) {
	s := servePack(t, shop(t).folder, "--fresh")
	for _, path := range append(staticPages[:len(staticPages):len(staticPages)], "/feed.xml", "/products/reed-vase/opengraph-image") {
		a := s.must(t, get(path), http.StatusOK)
		if cached(a) != "HIT" {
			t.Errorf("%s: x-nextjs-cache is %q, want HIT", path, cached(a))
		}
		if status := a.header.Get("Cache-Status"); !regexp.MustCompile(`^pack; hit`).MatchString(status) {
			t.Errorf("%s: Cache-Status is %q, want a hit of pack", path, status)
		}
	}
	for _, path := range []string{"/legal/terms", "/humans.txt", "/sitemap.xml", "/robots.txt", "/manifest.webmanifest", "/icon.svg"} {
		s.must(t, get(path), http.StatusOK)
	}
	s.must(t, get("/nowhere"), http.StatusNotFound)
	if running := s.instances(t, ""); len(running) > 0 {
		t.Errorf("route functions were started: %v", running)
	}
}

// TestStalePageIsRefreshed: an old page is given at once and rendered anew
// behind the answer.
func TestStalePageIsRefreshed(t *testing.T) {
	s := sharedPack(t)
	first := renderedAt(t, s.must(t, get("/deals"), http.StatusOK))
	var stale *answer
	eventually(t, 20*time.Second, func() string {
		a := s.must(t, get("/deals"), http.StatusOK)
		if cached(a) == "STALE" {
			stale = a
			return ""
		}
		return "the page, with revalidate = 2, does not become stale"
	})
	old := renderedAt(t, stale)
	eventually(t, 20*time.Second, func() string {
		a := s.must(t, get("/deals"), http.StatusOK)
		if at := renderedAt(t, a); at <= old {
			return fmt.Sprintf("the page of %s stays after a STALE answer (first seen: %s, now %s: %s)", old, first, cached(a), at)
		}
		return ""
	})
}

func TestPageOnDemand(t *testing.T) {
	s := servePack(t, shop(t).folder, "--fresh")
	for _, at := range []struct {
		page    string
		payload request
		timed   bool
	}{
		{"/products/salt-pinch-bowl", rsc("/products/salt-pinch-bowl"), true},
		{"/stores/faro", get("/_next/data/" + shop(t).id + "/stores/faro.json"), false},
	} {
		miss := s.must(t, get(at.page), http.StatusOK)
		if cached(miss) != "MISS" {
			t.Errorf("%s: first answer is %q, want MISS", at.page, cached(miss))
		}
		hit := s.must(t, get(at.page), http.StatusOK)
		if cached(hit) != "HIT" || hit.body != miss.body {
			t.Errorf("%s: second answer is %q, of %d bytes, want the first's %d bytes as a HIT", at.page, cached(hit), len(hit.body), len(miss.body))
		}
		payload := s.must(t, at.payload, http.StatusOK)
		if cached(payload) != "HIT" {
			t.Errorf("%s: %q, want HIT", at.payload.target, cached(payload))
		}
		if at.timed && renderedAt(t, payload) != renderedAt(t, miss) {
			t.Errorf("%s: HTML was rendered at %s, its payload at %s", at.page, renderedAt(t, miss), renderedAt(t, payload))
		}
	}
	for _, path := range []string{"/products/unknown-thing", "/categories/rugs", "/stores/nowhere"} {
		for range 3 {
			s.must(t, get(path), http.StatusNotFound)
		}
	}
}

// TestOneRenderForManyMisses: however many ask for a page that is not there,
// one render answers them all.
func TestOneRenderForManyMisses(t *testing.T) {
	s := servePack(t, shop(t).folder, "--fresh")
	const clients = 100
	answers := make([]*answer, clients)
	errs := make([]error, clients)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			<-start
			answers[i], errs[i] = s.send(get("/products/lantern-vase"))
		})
	}
	close(start)
	all.Wait()
	times, states := make(map[string]int), make(map[string]int)
	for i, a := range answers {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		if a.status != http.StatusOK {
			t.Fatalf("status %d: %.200s", a.status, a.body)
		}
		times[renderedAt(t, a)]++
		states[cached(a)]++
	}
	if len(times) != 1 {
		t.Errorf("the page was rendered %d times: %v (%v)", len(times), times, states)
	}
	if states["MISS"] != 1 {
		t.Errorf("x-nextjs-cache was %v, want one MISS", states)
	}
}
