package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pack/lambda/event"
	"pack/lambda/jobs"
	"pack/lambda/local/eventsource"
	"pack/lambda/queue"
	"pack/lambda/queue/directory"
	"pack/lambda/refresh"
	"pack/lambda/worker"
	"pack/s3cache"
)

// bench is a worker between real queues and an app.
type bench struct {
	worker    *worker.Worker
	refreshes *directory.Queue
	jobs      *directory.Queue

	mu sync.Mutex
	// asked are the paths that were asked for, in order; answer says what with.
	asked  []string
	answer func(path string) (status int, err error)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	store, tags, err := s3cache.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{answer: func(string) (int, error) { return 200, nil }}
	if b.refreshes, err = directory.Open(t.TempDir(), directory.Options{FIFO: true, MaxReceives: 3}); err != nil {
		t.Fatal(err)
	}
	if b.jobs, err = directory.Open(t.TempDir(), directory.Options{}); err != nil {
		t.Fatal(err)
	}
	cache := s3cache.New(s3cache.Options{Store: store, Tags: tags, Prefix: "d"})
	b.worker = &worker.Worker{
		Deployment: "d", Refreshes: b.refreshes, JobQueue: b.jobs,
		Refresher: &refresh.Refresher{Cache: cache, Invoker: b, Gateway: "gateway", Limit: func(string) time.Duration { return time.Minute }},
		Jobs:      &jobs.Runner{Store: &jobs.Store{Objects: store}, Queue: b.jobs},
	}
	return b
}

func (b *bench) Invoke(_ context.Context, _ string, r *http.Request, _ *event.Call) (*http.Response, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, r.URL.Path)
	status, err := b.answer(r.URL.Path)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}, nil
}

// event makes an SQS event of what a queue hands out now.
func receive(t *testing.T, q queue.Queue) ([]byte, []queue.Delivery) {
	t.Helper()
	found, err := q.Receive(t.Context(), queue.Receive{Max: 10})
	if err != nil {
		t.Fatal(err)
	}
	e := worker.Event{}
	for _, d := range found {
		e.Records = append(e.Records, worker.Record{MessageID: d.ID, ReceiptHandle: d.Receipt, Body: d.Body, Attributes: worker.Attributes(d), EventSource: "aws:sqs"})
	}
	payload, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return payload, found
}

func (b *bench) send(t *testing.T, group string, paths ...string) {
	t.Helper()
	for _, path := range paths {
		body, _ := json.Marshal(refresh.Message{Refresh: &refresh.Page{Path: path}})
		if err := b.refreshes.Send(t.Context(), queue.Message{Body: string(body), Group: group, Deduplication: strings.Trim(path, "/")}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPartialFailures: a failed message takes those behind it in its group
// along, and no others.
func TestPartialFailures(t *testing.T) {
	b := newBench(t)
	b.answer = func(path string) (int, error) {
		switch path {
		case "/a2":
			return 500, nil
		case "/c1":
			return 0, errors.New("throttled")
		}
		return 200, nil
	}
	b.send(t, "a", "/a1", "/a2", "/a3")
	b.send(t, "b", "/b1", "/b2")
	b.send(t, "c", "/c1")
	payload, found := receive(t, b.refreshes)
	raw, err := b.worker.Handle(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	var answer worker.Answer
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatal(err)
	}
	failed := map[string]bool{}
	for _, f := range answer.BatchItemFailures {
		failed[f.ItemIdentifier] = true
	}
	for _, d := range found {
		want := strings.Contains(d.Body, "/a2") || strings.Contains(d.Body, "/a3") || strings.Contains(d.Body, "/c1")
		if failed[d.ID] != want {
			t.Errorf("%s: failed %v, want %v", d.Body, failed[d.ID], want)
		}
	}
	if slices.Contains(b.asked, "/a3") {
		t.Error("the group went on behind a failure")
	}
}

// TestBackoffAndDeadLetters: a page that fails is tried again later and later,
// and is a dead letter in the end.
func TestBackoffAndDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var at []time.Time
		b.answer = func(string) (int, error) { at = append(at, time.Now()); return 500, nil }
		b.send(t, "a", "/a")
		ctx, cancel := context.WithCancel(t.Context())
		var source sync.WaitGroup
		m := &eventsource.Mapping{Name: "refresh", Queue: b.refreshes, Invoke: b.invoke}
		source.Go(func() { m.Run(ctx) })
		time.Sleep(time.Minute)
		letters, err := b.refreshes.DeadLetters(t.Context(), 0)
		if err != nil || len(letters) != 1 || len(at) != 3 {
			t.Fatalf("dead letters %v, %v, after %d attempts", letters, err, len(at))
		}
		if first, second := at[1].Sub(at[0]), at[2].Sub(at[1]); first < 500*time.Millisecond || first > 2*time.Second || second < time.Second || second > 3*time.Second {
			t.Errorf("tried again after %s and %s", first, second)
		}
		// Sent again, and right this time.
		b.answer = func(string) (int, error) { return 200, nil }
		if n, err := b.refreshes.Redrive(t.Context()); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		time.Sleep(time.Minute)
		cancel()
		source.Wait()
		if len(b.asked) != 4 {
			t.Errorf("asked %v", b.asked)
		}
		if found, err := b.refreshes.Receive(t.Context(), queue.Receive{}); err != nil || len(found) > 0 {
			t.Errorf("left in the queue: %v, %v", found, err)
		}
	})
}

func (b *bench) invoke(ctx context.Context, payload []byte) (io.ReadCloser, error) {
	answer, err := b.worker.Handle(ctx, payload)
	return io.NopCloser(strings.NewReader(string(answer))), err
}

// TestLongWork: a message stays with its worker for as long as it takes, and is
// received again soon when the invocation fails as a whole.
func TestLongWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.send(t, "a", "/a")
		var at []time.Time
		m := &eventsource.Mapping{Name: "refresh", Queue: b.refreshes, Concurrency: 4, Invoke: func(context.Context, []byte) (io.ReadCloser, error) {
			at = append(at, time.Now())
			time.Sleep(5 * time.Minute)
			if len(at) == 1 {
				return nil, errors.New("the function died")
			}
			return io.NopCloser(strings.NewReader(`{"batchItemFailures":[]}`)), nil
		}}
		ctx, cancel := context.WithCancel(t.Context())
		var source sync.WaitGroup
		source.Go(func() { m.Run(ctx) })
		time.Sleep(12 * time.Minute)
		cancel()
		source.Wait()
		if len(at) != 2 {
			t.Fatalf("invoked at %v, want twice", at)
		}
		if gap := at[1].Sub(at[0]); gap < 5*time.Minute || gap > 5*time.Minute+15*time.Second {
			t.Errorf("received again %s after the first time", gap)
		}
	})
}

// TestOtherDeployments: their pages are not this worker's.
func TestOtherDeployments(t *testing.T) {
	b := newBench(t)
	s := &refresh.Sender{Queue: b.refreshes}
	if err := s.Send(t.Context(), refresh.Page{Deployment: "older", Key: "/k", Created: 1, Path: "/x"}); err != nil {
		t.Fatal(err)
	}
	payload, _ := receive(t, b.refreshes)
	if answer, err := b.worker.Handle(t.Context(), payload); err != nil || string(answer) != `{"batchItemFailures":[]}` || len(b.asked) > 0 {
		t.Errorf("answer %s, %v, asked for %v", answer, err, b.asked)
	}
}

func TestForeignEvents(t *testing.T) {
	b := newBench(t)
	for _, payload := range []string{`{}`, `{"Records":[]}`, `{"Records":[{"eventSource":"aws:s3"}]}`, `not JSON`, `{"version":"2.0"}`} {
		if answer, err := b.worker.Handle(t.Context(), []byte(payload)); err == nil {
			t.Errorf("%s: answered %s", payload, answer)
		}
	}
	for _, body := range []string{`{}`, `nonsense`, `{"job":null}`} {
		payload, _ := json.Marshal(worker.Event{Records: []worker.Record{{MessageID: "m", Body: body, EventSource: "aws:sqs"}}})
		if answer, err := b.worker.Handle(t.Context(), payload); err != nil || !strings.Contains(string(answer), `"itemIdentifier":"m"`) {
			t.Errorf("%s: %s, %v", body, answer, err)
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"Records":[{"messageId":"m","body":"{}","eventSource":"aws:sqs","attributes":{"MessageGroupId":"g"}}]}`))
	f.Add([]byte(`{"Records":[{"messageId":"m","body":"{\"refresh\":{\"path\":\"/x\",\"key\":\"/k\",\"url\":\"%zz\"}}","eventSource":"aws:sqs"}]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		b := newBench(t)
		answer, err := b.worker.Handle(t.Context(), payload)
		if err == nil && !json.Valid(answer) {
			t.Errorf("answer %s", answer)
		}
	})
}
