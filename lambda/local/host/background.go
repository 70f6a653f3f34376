package host

import (
	"context"
	"io"
	"log/slog"
	"time"

	"pack/lambda/jobs"
	"pack/lambda/local/eventsource"
	"pack/lambda/queue"
	"pack/lambda/state"
	"pack/manifest"
)

// How many messages of a queue are worked off at a time: each takes an instance
// of the worker and one of a route.
const (
	refreshesAtATime = 8
	jobsAtATime      = 4
)

// jobsKept is how long finished jobs can be looked at.
const jobsKept = 7 * 24 * time.Hour

// work starts what stands in for AWS's event sources and scheduler.
func (h *Host) work(o Options) error {
	worker := ""
	for _, f := range o.Deployment.Functions {
		if f.Kind == manifest.WorkerFunction {
			worker = f.Name
		}
	}
	if worker == "" {
		return nil
	}
	queues, err := state.OpenQueues(o.State)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(logs(o.Logs), &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	ctx, cancel := context.WithCancel(context.Background())
	h.cancel = cancel
	for _, source := range []struct {
		name    string
		queue   queue.Queue
		atATime int
	}{{"refresh", queues.Refreshes, refreshesAtATime}, {"jobs", queues.Jobs, jobsAtATime}} {
		if source.queue == nil {
			continue
		}
		m := &eventsource.Mapping{
			Name: source.name, Queue: source.queue, Concurrency: source.atATime, Log: log,
			Invoke: func(ctx context.Context, event []byte) (io.ReadCloser, error) {
				return h.service.Invoke(ctx, worker, event)
			},
		}
		h.background.Go(func() { m.Run(ctx) })
	}
	if queues.Jobs == nil {
		return nil
	}
	store, err := state.OpenJobs(o.State)
	if err != nil {
		return err
	}
	client := &jobs.Client{Store: store, Queue: queues.Jobs}
	h.background.Go(func() { runCrons(ctx, o.Deployment.Crons, client, log) })
	h.background.Go(func() {
		if _, err := store.Sweep(ctx, time.Now().Add(-jobsKept)); err != nil && ctx.Err() == nil {
			log.Error("finished jobs not removed", "error", err)
		}
	})
	return nil
}

func logs(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey && len(groups) == 0 {
		return slog.Attr{}
	}
	return a
}
