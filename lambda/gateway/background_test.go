package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pack/lambda/event"
	"pack/lambda/gateway"
	"pack/lambda/jobs"
	"pack/lambda/queue"
	"pack/lambda/queue/directory"
	"pack/lambda/refresh"
	"pack/manifest"
	"pack/s3cache"
)

// flaky is a queue whose sends fail as long as down is set.
type flaky struct {
	queue.Queue
	down bool
}

func (q *flaky) Send(ctx context.Context, m ...queue.Message) error {
	if q.down {
		return errors.New("connection refused")
	}
	return q.Queue.Send(ctx, m...)
}

// queued is a site whose gateway has queues.
type queued struct {
	*site
	refreshes, jobs *flaky
	store           *jobs.Store
}

func openQueued(t *testing.T, answer func(r *http.Request, call *event.Call) (*http.Response, error)) *queued {
	t.Helper()
	store, tags, err := s3cache.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tags.Close() })
	q := &queued{
		site:      &site{cache: s3cache.New(s3cache.Options{Store: store, Tags: tags, Prefix: "d1"}), functions: &functions{answer: answer}},
		refreshes: &flaky{Queue: openQueue(t, true)}, jobs: &flaky{Queue: openQueue(t, false)},
		store: &jobs.Store{Objects: store},
	}
	d := shop()
	d.Jobs = []manifest.JobRoute{{Route: "/api", JobPolicy: manifest.JobPolicy{Retries: 1, MaxAge: 60, Backoff: 1}}}
	q.Handler, err = gateway.New(gateway.Options{
		Deployment: d, Cache: q.cache, Invoker: q.functions,
		Refreshes: &refresh.Sender{Queue: q.refreshes}, Jobs: &jobs.Client{Store: q.store, Queue: q.jobs},
	})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func openQueue(t *testing.T, fifo bool) queue.Queue {
	t.Helper()
	q, err := directory.Open(t.TempDir(), directory.Options{FIFO: fifo})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func messages(t *testing.T, q queue.Queue) []queue.Delivery {
	t.Helper()
	found, err := q.Receive(t.Context(), queue.Receive{Max: 10})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestStalePageIsQueued: readers have the old page, the queue one message, and
// no function was asked.
func TestStalePageIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openQueued(t, nil)
		s.site.store(t, "/blog/a", 2*time.Minute)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if r := s.get("/blog/a?utm=1"); r.Header.Get("X-Nextjs-Cache") != "STALE" {
					t.Errorf("x-nextjs-cache is %q", r.Header.Get("X-Nextjs-Cache"))
				}
			})
		}
		all.Wait()
		synctest.Wait()
		found := messages(t, s.refreshes)
		if len(found) != 1 || s.calls.Load() != 0 {
			t.Fatalf("%d messages, %d renders", len(found), s.calls.Load())
		}
		var m refresh.Message
		if err := json.Unmarshal([]byte(found[0].Body), &m); err != nil {
			t.Fatal(err)
		}
		p := *m.Refresh
		if p.Created = 0; p != (refresh.Page{
			Deployment: "d1", Key: "/route-cache/APP_PAGE/aa/$/blog/a", Function: "blog-slug", Entry: "/blog/[slug]", Path: "/blog/a", URL: "http://example.com/blog/a", Kind: s3cache.KindAppPage,
		}) {
			t.Errorf("message %s", found[0].Body)
		}
		if strings.Contains(found[0].Body, token) {
			t.Error("the message holds the app's secret")
		}
	})
}

// TestQueueDown: the instance helps itself, after its answer.
func TestQueueDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s *queued
		s = openQueued(t, func(r *http.Request, call *event.Call) (*http.Response, error) {
			if call.Meta["refresh"] != "/route-cache/APP_PAGE/aa/$/blog/a" {
				t.Errorf("asked for with %v", call.Meta)
			}
			s.site.store(t, "/blog/a", 0)
			return respond(200, nil, "new"), nil
		})
		s.refreshes.down, s.jobs.down = true, true
		s.site.store(t, "/blog/a", 2*time.Minute)
		s.get("/blog/a")
		synctest.Wait()
		if s.calls.Load() != 1 {
			t.Errorf("%d renders", s.calls.Load())
		}
		if r := s.ask("/api"); r.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("a job that cannot be queued: %d", r.StatusCode)
		}
	})
}

// ask posts a request that asks for a job.
func (s *queued) ask(path string, header ...string) *http.Response {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("body"))
	r.Header.Set("Prefer", "respond-async")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func TestJobsOfOptedInRoutes(t *testing.T) {
	s := openQueued(t, func(*http.Request, *event.Call) (*http.Response, error) { return respond(200, nil, "at once"), nil })
	taken := s.ask("/api?a=1", "X-Pack-Job-Id", "forged")
	id := strings.TrimPrefix(taken.Header.Get("Location"), jobs.Path)
	if taken.StatusCode != http.StatusAccepted || len(messages(t, s.jobs)) != 1 || s.calls.Load() != 0 {
		t.Fatalf("%d %v", taken.StatusCode, taken.Header)
	}
	request, err := s.store.Request(t.Context(), id)
	if err != nil || request.Route != "/api" || request.Path != "/api" || request.Query != "a=1" || string(request.Body) != "body" || request.Header.Get("X-Pack-Job-Id") != "" {
		t.Errorf("stored %+v, %v", request, err)
	}
	if r := s.get(jobs.Path + id); r.StatusCode != http.StatusOK {
		t.Errorf("the job's address: %d", r.StatusCode)
	}
	// Another route, and pack's own requests, are answered.
	if r := s.ask("/blog/a"); r.StatusCode != http.StatusOK {
		t.Errorf("a route that takes no jobs: %d", r.StatusCode)
	}
	r := httptest.NewRequest(http.MethodGet, "/api", nil)
	r.Header.Set("Prefer", "respond-async")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, event.WithCall(r, &event.Call{Trusted: true}))
	if w.Code != http.StatusOK || w.Body.String() != "at once" {
		t.Errorf("a trusted request: %d", w.Code)
	}
}
