package gateway_test

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pack/lambda/event"
)

// TestWaitersGetNothingRevoked: a page is revalidated while one instance renders
// it. Whoever asks after that does not get that render, and nobody renders more
// than once more.
func TestWaitersGetNothingRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s *site
		s = open(t, func(*http.Request, *event.Call) (*http.Response, error) {
			began := time.Now()
			time.Sleep(2 * time.Second)
			s.store(t, "/blog/a", time.Since(began), "mug")
			return respond(200, nil, "rendered"), nil
		})
		var all sync.WaitGroup
		all.Go(func() { s.get("/blog/a") })
		time.Sleep(time.Second)
		if err := s.cache.RevalidateTags(t.Context(), []string{"mug"}, nil); err != nil {
			t.Fatal(err)
		}
		asked := time.Now()
		for range 5 {
			all.Go(func() {
				time.Sleep(100 * time.Millisecond)
				if r := s.get("/blog/a"); r.StatusCode != http.StatusOK || r.Header.Get("X-Nextjs-Cache") == "STALE" {
					t.Errorf("%d %v", r.StatusCode, r.Header)
				}
				if took := time.Since(asked); took < 3*time.Second {
					t.Errorf("answered after %s, with what was rendered before the revalidation", took)
				}
			})
		}
		all.Wait()
		if n := s.calls.Load(); n != 2 {
			t.Errorf("%d renders, want 2", n)
		}
	})
}
