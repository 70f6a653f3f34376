package worker_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pack/lambda/jobs"
	"pack/lambda/queue"
	"pack/lambda/queue/directory"
	"pack/lambda/worker"
	"pack/manifest"
	"pack/s3cache"
)

// TestCron: the scheduler's message becomes one job, however often it comes,
// with the policy of this deployment; another deployment's is dropped.
func TestCron(t *testing.T) {
	objects, err := s3cache.OpenDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	q, err := directory.Open(t.TempDir(), directory.Options{MaxReceives: 20})
	if err != nil {
		t.Fatal(err)
	}
	store := &jobs.Store{Objects: objects}
	cron := manifest.Cron{Path: "/api/report?size=large", Schedule: "0 5 * * *", JobPolicy: manifest.JobPolicy{Retries: 2, MaxAge: 60, Backoff: 1}}
	w := &worker.Worker{JobQueue: q, Client: &jobs.Client{Store: store, Queue: q}, Crons: []manifest.Cron{cron}}
	deliver := func(path, due string) {
		t.Helper()
		body := fmt.Sprintf(`{"cron":{"path":%q,"schedule":"0 5 * * *","due":%q}}`, path, due)
		event, err := json.Marshal(worker.Event{Records: []worker.Record{{MessageID: "m", ReceiptHandle: "r", Body: body, EventSource: "aws:sqs"}}})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := w.Handle(t.Context(), event)
		if err != nil || string(answer) != `{"batchItemFailures":[]}` {
			t.Fatalf("%s %v", answer, err)
		}
	}
	deliver(cron.Path, "2026-11-21T05:00:00Z")
	deliver(cron.Path, "2026-11-21T05:00:41Z") // the same minute, sent again
	deliver("/api/gone", "2026-11-21T05:00:00Z")
	var found []*jobs.Job
	for job, err := range store.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, job)
	}
	if len(found) != 1 || found[0].Path != cron.Path || found[0].Cron != cron.Schedule || found[0].Policy.Retries != 2 {
		t.Fatalf("%d jobs: %+v", len(found), found)
	}
	deliver(cron.Path, "2026-11-22T05:00:00Z")
	ids := map[string]bool{}
	for {
		got, err := q.Receive(t.Context(), queue.Receive{Max: 10, Visibility: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			break
		}
		for _, d := range got {
			ids[d.Body] = true
		}
	}
	if len(ids) != 2 {
		t.Errorf("messages of %d jobs, want 2: %v", len(ids), ids)
	}
}
