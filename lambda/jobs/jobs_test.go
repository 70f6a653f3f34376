package jobs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pack/lambda/jobs"
	"pack/lambda/queue"
	"pack/lambda/queue/directory"
	"pack/s3cache"
)

// bench is a store, a queue, and an app that answers jobs.
type bench struct {
	objects *s3cache.Directory
	queue   queue.Queue
	client  *jobs.Client
	runner  *jobs.Runner
	// app answers; runs are the requests that it got, by arrival.
	app  http.HandlerFunc
	mu   sync.Mutex
	runs []*http.Request
	at   []time.Time
}

func newBench(t *testing.T, app http.HandlerFunc) *bench {
	t.Helper()
	objects, err := s3cache.OpenDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	q, err := directory.Open(t.TempDir(), directory.Options{MaxReceives: 20})
	if err != nil {
		t.Fatal(err)
	}
	store := &jobs.Store{Objects: objects}
	b := &bench{objects: objects, queue: q, client: &jobs.Client{Store: store, Queue: q}, app: app}
	b.runner = &jobs.Runner{Store: store, Queue: q, Send: b.send}
	return b
}

func (b *bench) send(r *http.Request, _ *jobs.Job, _ *jobs.Request) (*http.Response, error) {
	b.mu.Lock()
	b.runs, b.at = append(b.runs, r), append(b.at, time.Now())
	b.mu.Unlock()
	w := httptest.NewRecorder()
	b.app(w, r)
	return w.Result(), nil
}

// work takes messages and runs their jobs until none has come for two hours.
func (b *bench) work(t *testing.T) {
	t.Helper()
	for quiet := 0; quiet < 7200; quiet++ {
		if b.once(t, 0) {
			quiet = 0
		}
		time.Sleep(time.Second)
	}
}

// once runs the job of one message, and reports whether there was one.
func (b *bench) once(t *testing.T, wait time.Duration) bool {
	t.Helper()
	found, err := b.queue.Receive(t.Context(), queue.Receive{Wait: wait, Visibility: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range found {
		var m jobs.Message
		if err := json.Unmarshal([]byte(d.Body), &m); err != nil {
			t.Fatal(err)
		}
		if err := b.runner.Run(t.Context(), m.Job.ID); err != nil {
			t.Fatal(err)
		}
		if err := b.queue.Delete(t.Context(), d.Receipt); err != nil {
			t.Fatal(err)
		}
	}
	return len(found) > 0
}

// post sends a request that asks for a job.
func (b *bench) post(t *testing.T, policy jobs.Policy, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://shop.example/api/export?a=1", strings.NewReader(body))
	r.Header.Set("Prefer", "respond-async")
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	b.client.Accept(w, r, jobs.Request{Path: "/api/export", Query: "a=1", Route: "/api/export", URL: "http://shop.example/api/export?a=1"}, policy)
	return w
}

// job gives the state of the job that an answer names.
func (b *bench) job(t *testing.T, w *httptest.ResponseRecorder) *jobs.Job {
	t.Helper()
	job, err := b.client.Store.Get(t.Context(), strings.TrimPrefix(w.Header().Get("Location"), jobs.Path))
	if err != nil {
		t.Fatalf("%v after %d: %s", err, w.Code, w.Body)
	}
	return job
}

var policy = jobs.Policy{Retries: 3, MaxAge: 86400, Backoff: 10}

func answers(statuses ...int) http.HandlerFunc {
	n := 0
	return func(w http.ResponseWriter, _ *http.Request) {
		status := statuses[min(n, len(statuses)-1)]
		n++
		w.WriteHeader(status)
		fmt.Fprint(w, "said ", status)
	}
}

func TestAcceptedAndRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var body string
		b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
			all, _ := io.ReadAll(r.Body)
			body = string(all)
			w.WriteHeader(http.StatusCreated)
		})
		big := strings.Repeat("0123456789", 500_000)
		w := b.post(t, policy, big, "Connection: close, X-Hop", "X-Hop: 1", "Te: trailers", "X-Kept: 1", "X-Kept: 2", "Cookie: a=1", "Pack-Delay: 0")
		if w.Code != http.StatusAccepted || w.Header().Get("Preference-Applied") != "respond-async" || !strings.Contains(w.Header().Get("Cache-Control"), "no-store") {
			t.Fatalf("answer %d %v", w.Code, w.Header())
		}
		var view jobs.View
		if err := json.Unmarshal(w.Body.Bytes(), &view); err != nil || view.State != jobs.Queued || jobs.Path+view.ID != w.Header().Get("Location") {
			t.Errorf("body %s, %v", w.Body, err)
		}
		b.work(t)
		if len(b.runs) != 1 || body != big {
			t.Fatalf("%d runs, a body of %d bytes", len(b.runs), len(body))
		}
		got := b.runs[0]
		want := http.Header{"X-Kept": {"1", "2"}, "Cookie": {"a=1"}, "X-Pack-Job-Id": {view.ID}, "X-Pack-Job-Attempt": {"1"}}
		if diff := cmp.Diff(want, got.Header); diff != "" {
			t.Error(diff)
		}
		if got.Method != http.MethodPost || got.Host != "shop.example" || got.URL.String() != "/api/export?a=1" {
			t.Errorf("ran %s %s %s", got.Method, got.Host, got.URL)
		}
		job := b.job(t, w)
		if job.State != jobs.Done || job.Status != http.StatusCreated || job.Attempts != 1 || job.Finished == 0 {
			t.Errorf("job %+v", job)
		}
	})
}

func TestRetries(t *testing.T) {
	for name, c := range map[string]struct {
		app      []int
		policy   jobs.Policy
		state    jobs.State
		attempts int
		status   int
	}{
		"500 and then right": {[]int{500, 502, 200}, policy, jobs.Done, 3, 200},
		"429 and 408":        {[]int{429, 408, 204}, policy, jobs.Done, 3, 204},
		"404 is an answer":   {[]int{404}, policy, jobs.Done, 1, 404},
		"never right":        {[]int{503}, policy, jobs.Dead, 4, 503},
		"no retries":         {[]int{500, 200}, jobs.Policy{MaxAge: 60, Backoff: 1}, jobs.Dead, 1, 500},
		"too old":            {[]int{500}, jobs.Policy{Retries: 50, MaxAge: 100, Backoff: 10}, jobs.Dead, 0, 500},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, answers(c.app...))
				w := b.post(t, c.policy, "x")
				began := time.Now()
				b.work(t)
				job := b.job(t, w)
				if job.State != c.state || job.Status != c.status || c.attempts > 0 && job.Attempts != c.attempts || len(b.runs) != job.Attempts {
					t.Errorf("job %+v after %d runs", job, len(b.runs))
				}
				if job.State == jobs.Dead && !strings.Contains(job.Error, fmt.Sprint("said ", c.status)) {
					t.Errorf("the error does not say why: %s", job.Error)
				}
				for i, at := range b.at[1:] {
					// Doubled every time, the latter half of it random.
					longest := time.Duration(c.policy.Backoff) * time.Second << i
					if wait := at.Sub(b.at[i]); wait < longest/2 || wait > longest+2*time.Second {
						t.Errorf("attempt %d came %s after the one before, want %s to %s", i+2, wait, longest/2, longest)
					}
				}
				if last := b.at[len(b.at)-1]; last.Sub(began) > time.Duration(c.policy.MaxAge)*time.Second {
					t.Errorf("the last attempt came %s after the job", last.Sub(began))
				}
			})
		})
	}
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.app = func(w http.ResponseWriter, _ *http.Request) {
			if len(b.runs) == 1 {
				w.Header().Set("Retry-After", "3600")
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}
		b.post(t, policy, "x")
		b.work(t)
		if len(b.at) != 2 || b.at[1].Sub(b.at[0]) < time.Hour {
			t.Errorf("runs at %v", b.at)
		}
	})
}

// TestDelay: beyond what the queue can delay, the job is queued again.
func TestDelay(t *testing.T) {
	for _, seconds := range []int{0, 30, 4000} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, answers(200))
			w := b.post(t, policy, "x", fmt.Sprint("Pack-Delay: ", seconds))
			began := time.Now()
			b.work(t)
			if len(b.at) != 1 {
				t.Fatalf("%d runs", len(b.at))
			}
			if late := b.at[0].Sub(began) - time.Duration(seconds)*time.Second; late < 0 || late > 2*time.Second {
				t.Errorf("a job delayed by %d s ran %s later than that; %+v", seconds, late, b.job(t, w))
			}
		})
	}
	b := newBench(t, nil)
	for _, wrong := range []string{"-1", "soon", "604801", "1.5"} {
		if w := b.post(t, policy, "x", "Pack-Delay: "+wrong); w.Code != http.StatusBadRequest {
			t.Errorf("Pack-Delay %s: %d", wrong, w.Code)
		}
	}
}

// TestDuplicateMessages: a message that comes twice, also at the same time,
// runs its job once.
func TestDuplicateMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(http.ResponseWriter, *http.Request) { time.Sleep(time.Minute) })
		id := b.job(t, b.post(t, policy, "x")).ID
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if err := b.runner.Run(t.Context(), id); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		b.work(t)
		if len(b.runs) != 1 {
			t.Errorf("%d runs", len(b.runs))
		}
	})
}

// TestDeadWorker: a job whose worker is gone is run by another when the lease
// has run out, and given up when it kills every one.
func TestDeadWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		deaths := 0
		b.app = func(http.ResponseWriter, *http.Request) {
			deaths++
			panic("the worker's process ends here")
		}
		id := b.job(t, b.post(t, jobs.Policy{Retries: 0, MaxAge: 86400, Backoff: 1}, "x")).ID
		for range 20 {
			func() {
				defer func() { _ = recover() }()
				_ = b.runner.Run(t.Context(), id)
			}()
			time.Sleep(20 * time.Second)
		}
		job, err := b.client.Store.Get(t.Context(), id)
		if err != nil || job.State != jobs.Dead || deaths != 4 || !strings.Contains(job.Error, "died") {
			t.Errorf("job %+v, %v, after %d deaths", job, err, deaths)
		}
	})
}

func TestRedriveAndDiscard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, answers(500))
		w := b.post(t, jobs.Policy{MaxAge: 60, Backoff: 1}, "x")
		b.work(t)
		id := b.job(t, w).ID
		b.app = answers(200)
		if err := b.client.Redrive(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		b.work(t)
		if job := b.job(t, w); job.State != jobs.Done || len(b.runs) != 2 {
			t.Errorf("after a redrive: %+v, %d runs", job, len(b.runs))
		}
		gone := b.job(t, b.post(t, policy, "y")).ID
		if err := b.client.Store.Discard(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		b.work(t)
		if len(b.runs) != 2 {
			t.Errorf("a discarded job ran")
		}
		for _, err := range []error{b.client.Redrive(t.Context(), gone), b.client.Store.Discard(t.Context(), gone), b.client.Store.Discard(t.Context(), "../../etc")} {
			if !errors.Is(err, jobs.ErrNotFound) {
				t.Errorf("error %v, want ErrNotFound", err)
			}
		}
		var listed []string
		for job, err := range b.client.Store.List(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			listed = append(listed, job.ID)
		}
		if diff := cmp.Diff([]string{id}, listed); diff != "" {
			t.Error(diff)
		}
		if n, err := b.client.Store.Sweep(t.Context(), time.Now()); err != nil || n != 1 {
			t.Errorf("swept %d, %v", n, err)
		}
	})
}
