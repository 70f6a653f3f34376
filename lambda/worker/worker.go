// Package worker is the function behind the queues: it renders stale pages anew
// and runs durable jobs.
package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"pack/lambda/jobs"
	"pack/lambda/queue"
	"pack/lambda/refresh"
	"pack/manifest"
)

// How long a message waits after its first failure, and at most: a page that
// could not be rendered is tried again soon after its cause is gone. With
// state.RefreshReceives it is tried for over five minutes, as long as the queue
// remembers that it was asked for.
const (
	firstWait   = time.Second
	longestWait = 15 * time.Second
)

// Worker answers SQS events. Messages of one group are worked off in order,
// groups beside each other.
type Worker struct {
	// Deployment is the id of the deployment that it belongs to.
	Deployment string
	Refresher  *refresh.Refresher
	Jobs       *jobs.Runner
	// Refreshes and JobQueue are the queues that the messages come from, for
	// putting failed ones off.
	Refreshes, JobQueue queue.Queue
	// Others has the workers of other deployments that are kept; nil where there
	// are none: what belongs to them is dropped, but for jobs.
	Others Others
	// Crons are the deployment's, Client submits their jobs.
	Crons  []manifest.Cron
	Client *jobs.Client
}

// Others has the workers of other deployments.
type Others interface {
	// Hand has the worker of a deployment answer an event. kept is false when
	// there is none any more.
	Hand(ctx context.Context, deployment string, event []byte) (answer []byte, kept bool, err error)
}

// task is a message's body: one of its fields is set.
type task struct {
	Refresh *refresh.Page `json:"refresh"`
	Job     *jobs.Ticket  `json:"job"`
	Cron    *jobs.CronDue `json:"cron"`
}

// Handle takes an event and returns which of its messages failed. Those were
// put off by their visibility timeout, longer with every receive.
func (w *Worker) Handle(ctx context.Context, payload []byte) ([]byte, error) {
	event, err := parse(payload)
	if err != nil {
		return nil, err
	}
	groups := make(map[string][]queue.Delivery)
	for i := range event.Records {
		d := event.Records[i].delivery()
		group := d.Group
		if group == "" {
			group = "\x00" + d.ID
		}
		groups[group] = append(groups[group], d)
	}
	var mu sync.Mutex
	answer := Answer{BatchItemFailures: []ItemFailure{}}
	var all sync.WaitGroup
	for _, deliveries := range groups {
		all.Go(func() {
			done := w.inOrder(ctx, deliveries)
			mu.Lock()
			defer mu.Unlock()
			for _, d := range deliveries[done:] {
				answer.BatchItemFailures = append(answer.BatchItemFailures, ItemFailure{d.ID})
			}
		})
	}
	all.Wait()
	return json.Marshal(answer)
}

// inOrder works off the messages of a group until one fails, and returns how
// many are done. The others are put off with it, to stay in order.
func (w *Worker) inOrder(ctx context.Context, deliveries []queue.Delivery) (done int) {
	for i, d := range deliveries {
		from, err := w.work(ctx, d)
		if err == nil {
			continue
		}
		wait := queue.Backoff(d.ReceiveCount, firstWait, longestWait)
		slog.Error("message failed, to be received again", "message", d.ID, "receives", d.ReceiveCount, "in", wait.Round(time.Millisecond), "error", err)
		if from == nil {
			return i // its visibility timeout will do
		}
		for _, later := range deliveries[i:] {
			if err := from.Defer(context.WithoutCancel(ctx), later.Receipt, wait); err != nil {
				slog.Error("message not put off", "message", later.ID, "error", err)
			}
		}
		return i
	}
	return len(deliveries)
}

// work does what a message says. from is the queue that it came from, nil when
// that cannot be told.
func (w *Worker) work(ctx context.Context, d queue.Delivery) (from queue.Queue, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panic: %v", problem)
		}
	}()
	var t task
	if err := json.Unmarshal([]byte(d.Body), &t); err != nil {
		return nil, fmt.Errorf("decode message: %w", err)
	}
	if handed, err := w.hand(ctx, t.deployment(), d); handed || err != nil {
		return nil, err // The other worker has put it off.
	}
	switch {
	case t.Refresh != nil:
		if t.Refresh.Deployment != "" && t.Refresh.Deployment != w.Deployment {
			// Its pages are another worker's, or nobody's any more.
			slog.Info("refresh of another deployment's page dropped", "deployment", t.Refresh.Deployment, "path", t.Refresh.Path)
			return w.Refreshes, nil
		}
		if err := w.Refresher.Refresh(ctx, *t.Refresh); err != nil {
			return w.Refreshes, fmt.Errorf("refresh %s: %w", t.Refresh.Path, err)
		}
		return w.Refreshes, nil
	case t.Job != nil:
		return w.JobQueue, w.Jobs.Run(ctx, t.Job.ID)
	case t.Cron != nil:
		return w.JobQueue, w.begin(ctx, *t.Cron)
	}
	return nil, errors.New("a message of an unknown kind")
}

// deployment is whose a message is; empty for anybody's. A cron's is of the
// schedule, which knows no deployment.
func (t *task) deployment() string {
	switch {
	case t.Refresh != nil:
		return t.Refresh.Deployment
	case t.Job != nil:
		return t.Job.Deployment
	}
	return ""
}

// hand gives a message to the worker of the deployment that it belongs to, and
// reports whether that one has it. A job whose deployment is gone is run by this
// one: it was acknowledged.
func (w *Worker) hand(ctx context.Context, deployment string, d queue.Delivery) (handed bool, err error) {
	if w.Others == nil || deployment == "" || deployment == w.Deployment {
		return false, nil
	}
	event, err := json.Marshal(Event{Records: []Record{{
		MessageID: d.ID, ReceiptHandle: d.Receipt, Body: d.Body, Attributes: Attributes(d),
		MessageAttributes: map[string]any{}, EventSource: "aws:sqs",
	}}})
	if err != nil {
		return false, err
	}
	answer, kept, err := w.Others.Hand(ctx, deployment, event)
	if err != nil {
		return false, fmt.Errorf("hand message to the worker of deployment %s: %w", deployment, err)
	}
	if !kept {
		return false, nil
	}
	var a Answer
	if err := json.Unmarshal(answer, &a); err != nil {
		return true, fmt.Errorf("decode what the worker of deployment %s answers: %w", deployment, err)
	}
	if len(a.BatchItemFailures) > 0 {
		return true, fmt.Errorf("the worker of deployment %s failed", deployment)
	}
	return true, nil
}

// begin submits the job of a cron that is due. A scheduler's message may come
// twice, and from a deployment before: its job is begun once, and not when this
// deployment has no such cron.
func (w *Worker) begin(ctx context.Context, due jobs.CronDue) error {
	for _, c := range w.Crons {
		if c.Path != due.Path || c.Schedule != due.Schedule {
			continue
		}
		if _, err := w.Client.Submit(ctx, jobs.CronJob(c, due.Due.Truncate(time.Minute))); err != nil {
			return fmt.Errorf("begin cron %s: %w", due.Path, err)
		}
		return nil
	}
	slog.Info("cron of another deployment dropped", "path", due.Path, "schedule", due.Schedule)
	return nil
}
