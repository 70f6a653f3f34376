package host_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pack/lambda/jobs"
	"pack/lambda/local/host"
	"pack/lambda/queue/directory"
	"pack/manifest"
	"pack/s3cache"
)

// TestSchedules: every schedule makes its jobs at its minutes, in UTC, and two
// schedulers make no more than one.
func TestSchedules(t *testing.T) {
	objects, err := s3cache.OpenDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	q, err := directory.Open(t.TempDir(), directory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		client := &jobs.Client{Store: &jobs.Store{Objects: objects}, Queue: q}
		crons := []manifest.Cron{
			{Path: "/api/often?x=1", Schedule: "*/10 * * * *"},
			{Path: "/api/daily", Schedule: "0 5 * * *"},
			{Path: "/api/sundays", Schedule: "30 12 * * 0"},
			{Path: "/api/never", Schedule: "0 0 30 2 *"},
		}
		ctx, cancel := context.WithCancel(t.Context())
		var schedulers sync.WaitGroup
		for range 2 {
			schedulers.Go(func() { host.RunCrons(ctx, crons, client, slog.Default()) })
		}
		time.Sleep(47*time.Hour + 59*time.Minute) // from Saturday, midnight
		cancel()
		schedulers.Wait()
		got := map[string][]string{}
		for job, err := range client.Store.List(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got[job.Path] = append(got[job.Path], jobs.Time(job.Created))
			request, err := client.Store.Request(t.Context(), job.ID)
			if err != nil || request.Method != "GET" || !request.Cron || request.Route != "" || job.Cron == "" {
				t.Errorf("job %+v, request %+v, %v", job, request, err)
			}
		}
		if len(got["/api/often?x=1"]) != 6*48-1 || len(got["/api/daily"]) != 2 || len(got["/api/sundays"]) != 1 || len(got) != 3 {
			t.Errorf("%d often, %v, %v", len(got["/api/often?x=1"]), got["/api/daily"], got["/api/sundays"])
		}
		if at := got["/api/sundays"]; len(at) == 1 && at[0] != "2000-01-02T12:30:00.000Z" {
			t.Errorf("sundays: %v", at)
		}
	})
}
