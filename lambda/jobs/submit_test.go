package jobs_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pack/lambda/jobs"
	"pack/lambda/queue"
)

func TestPreferred(t *testing.T) {
	for field, want := range map[string]bool{
		"respond-async": true, "respond-async, wait=10": true, "return=minimal, Respond-Async": true, "respond-async; x=1": true,
		"": false, "wait=10": false, "respond-asynchronously": false, "x=respond-async": false,
	} {
		if got := jobs.Preferred(http.Header{"Prefer": {field}}); got != want {
			t.Errorf("%q: %v", field, got)
		}
	}
	if !jobs.Preferred(http.Header{"Prefer": {"wait=10", "respond-async"}}) {
		t.Error("a second field is not seen")
	}
}

func TestIdempotencyKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, answers(200))
		first := b.post(t, policy, "x", "Idempotency-Key: k1")
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				again := b.post(t, policy, "x", "Idempotency-Key: k1")
				if again.Code != http.StatusAccepted || again.Header().Get("Location") != first.Header().Get("Location") {
					t.Errorf("again: %d %v", again.Code, again.Header())
				}
			})
		}
		all.Wait()
		if w := b.post(t, policy, "other", "Idempotency-Key: k1"); w.Code != http.StatusUnprocessableEntity || w.Header().Get("Location") != "" {
			t.Errorf("another body: %d", w.Code)
		}
		if w := b.post(t, policy, "x", "Idempotency-Key: k1", "Authorization: Bearer other"); w.Header().Get("Location") == first.Header().Get("Location") {
			t.Error("another caller's key leads to the first one's job")
		}
		b.work(t)
		if len(b.runs) != 2 {
			t.Errorf("%d runs, want one for each caller", len(b.runs))
		}
		time.Sleep(24 * time.Hour)
		if w := b.post(t, policy, "x", "Idempotency-Key: k1"); w.Header().Get("Location") == first.Header().Get("Location") {
			t.Error("the key is still honoured after a day")
		}
	})
}

// TestOneJobOfManySubmitters: the conditional write lets one through.
func TestOneJobOfManySubmitters(t *testing.T) {
	b := newBench(t, answers(200))
	var mu sync.Mutex
	locations := map[string]int{}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			w := b.post(t, policy, "x", "Idempotency-Key: race")
			mu.Lock()
			defer mu.Unlock()
			locations[w.Header().Get("Location")]++
		})
	}
	all.Wait()
	if len(locations) != 1 {
		t.Errorf("%d jobs of one key: %v", len(locations), locations)
	}
	for b.once(t, 0) {
	}
	if len(b.runs) != 1 {
		t.Errorf("%d runs", len(b.runs))
	}
}

// failing is a queue that takes nothing.
type failing struct{ queue.Queue }

func (failing) Send(context.Context, ...queue.Message) error { return errors.New("connection refused") }

func TestQueueDown(t *testing.T) {
	b := newBench(t, nil)
	b.client.Queue = failing{b.queue}
	w := b.post(t, policy, "x")
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || w.Header().Get("Location") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for job := range b.client.Store.List(t.Context()) {
		t.Errorf("a job that was refused is there: %+v", job)
	}
}

func TestJobAddress(t *testing.T) {
	b := newBench(t, nil)
	location := b.post(t, policy, "secret body", "Cookie: secret=1").Header().Get("Location")
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, location, 200}, {http.MethodHead, location, 200}, {http.MethodPost, location, 405},
		{http.MethodGet, jobs.Path, 404}, {http.MethodGet, location + "x", 404}, {http.MethodGet, jobs.Path + "00000000000-aaaaaaaaaaaaaaaaaaaaaaaaaa", 404},
	} {
		w := httptest.NewRecorder()
		b.client.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if w.Code != c.status || strings.Contains(w.Body.String(), "secret") || !strings.Contains(w.Header().Get("Cache-Control"), "no-store") {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
		}
	}
}
