// Package eventsource stands in for Lambda's event source mapping of SQS: it
// receives messages, invokes a function with them, and deletes those that did
// not fail.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
package eventsource

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"pack/lambda/queue"
	"pack/lambda/worker"
)

// visibility is how long a message is kept from others at a time. It is renewed
// while the function works, so that messages come back soon after a machine was
// switched off, and not before.
const (
	visibility = 12 * time.Second
	renewal    = 4 * time.Second
)

// Mapping is one queue's. Queue and Invoke are needed.
type Mapping struct {
	// Name is the queue's, for records and the log.
	Name  string
	Queue queue.Queue
	// Invoke runs the function with an event and returns its whole answer.
	Invoke func(ctx context.Context, event []byte) (io.ReadCloser, error)
	// BatchSize is how many messages an event has at most; 0 means 1.
	BatchSize int
	// Concurrency is how many events are with the function at a time; 0 means 1.
	Concurrency int
	// Log is slog.Default() when nil.
	Log *slog.Logger
}

// Run works until ctx ends. Then it waits for the function's answers; what it
// was about to answer is received again otherwise.
func (m *Mapping) Run(ctx context.Context) {
	log := m.Log
	if log == nil {
		log = slog.Default()
	}
	var all sync.WaitGroup
	defer all.Wait()
	slots := make(chan struct{}, max(1, m.Concurrency))
	for failures := 0; ; {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		deliveries, err := m.Queue.Receive(ctx, queue.Receive{Max: max(1, m.BatchSize), Visibility: visibility, Wait: queue.MaxWait})
		if ctx.Err() != nil && len(deliveries) == 0 {
			return
		}
		if err != nil {
			failures++
			log.Error("queue not read", "queue", m.Name, "error", err)
			pause(ctx, queue.Backoff(failures, time.Second, 3*time.Second))
		} else {
			failures = 0
		}
		if len(deliveries) == 0 {
			<-slots
			continue
		}
		all.Go(func() {
			defer func() { <-slots }()
			if err := m.hand(context.WithoutCancel(ctx), deliveries); err != nil {
				log.Error("messages not worked off, to be received again", "queue", m.Name, "messages", len(deliveries), "error", err)
			}
		})
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// hand invokes the function with messages and deletes those that it worked off.
func (m *Mapping) hand(ctx context.Context, deliveries []queue.Delivery) error {
	event := worker.Event{}
	for _, d := range deliveries {
		sum := md5.Sum([]byte(d.Body))
		event.Records = append(event.Records, worker.Record{
			MessageID: d.ID, ReceiptHandle: d.Receipt, Body: d.Body, Attributes: worker.Attributes(d),
			MessageAttributes: map[string]any{}, MD5OfBody: hex.EncodeToString(sum[:]),
			EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:us-east-1:000000000000:" + m.Name, AWSRegion: "us-east-1",
		})
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return err
	}
	stop := m.keep(ctx, deliveries)
	answer, err := m.invoke(ctx, payload)
	stop()
	if err != nil {
		return err
	}
	var done []string
	for _, d := range deliveries {
		if !slices.Contains(answer.BatchItemFailures, worker.ItemFailure{ItemIdentifier: d.ID}) {
			done = append(done, d.Receipt)
		}
	}
	if len(done) == 0 {
		return nil
	}
	return m.Queue.Delete(ctx, done...)
}

func (m *Mapping) invoke(ctx context.Context, payload []byte) (*worker.Answer, error) {
	body, err := m.Invoke(ctx, payload)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(body)
	if err = errors.Join(err, body.Close()); err != nil {
		return nil, err
	}
	var answer worker.Answer
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("decode answer: %w", err)
	}
	for _, f := range answer.BatchItemFailures {
		if f.ItemIdentifier == "" {
			return nil, errors.New("decode answer: an itemIdentifier is empty, so all messages count as failed")
		}
	}
	return &answer, nil
}

// keep renews the visibility of messages until stop is called. Of a batch, one
// that the function has put off may come back earlier for it.
func (m *Mapping) keep(ctx context.Context, deliveries []queue.Delivery) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() {
		tick := time.NewTicker(renewal)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			for _, d := range deliveries {
				// One that is not renewed is received twice at worst.
				_ = m.Queue.Defer(ctx, d.Receipt, visibility)
			}
		}
	})
	return func() {
		cancel()
		keeper.Wait()
	}
}
