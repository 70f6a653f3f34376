package directory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pack/lambda/queue"
)

// How long a waiting receiver waits between two looks: at first, and when
// nothing has come for a while.
const (
	shortestPause = 5 * time.Millisecond
	longestPause  = 50 * time.Millisecond
)

// Receive implements queue.Queue.
func (q *Queue) Receive(ctx context.Context, r queue.Receive) ([]queue.Delivery, error) {
	r, err := r.Filled()
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(r.Wait)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		texts, err := listing(q.messages(), true)
		if err != nil {
			return nil, fmt.Errorf("receive messages: %w", err)
		}
		if due, dead := q.due(texts, 1, time.Now()); len(due)+len(dead) > 0 {
			deliveries, err := q.take(ctx, r)
			if err != nil || len(deliveries) > 0 {
				return deliveries, err
			}
		}
		left := time.Until(deadline)
		if left <= 0 {
			return nil, nil
		}
		timer.Reset(min(pause, left))
	}
}

// due picks the messages that may be received now, limit at most, and those
// before them that were received too often.
func (q *Queue) due(texts []string, limit int, now time.Time) (due, dead []name) {
	blocked := make(map[string]bool)
	for _, text := range texts {
		if len(due) == limit {
			break
		}
		n, ok := parseName(text)
		switch {
		case !ok || q.fifo && blocked[n.group]:
		case n.visible > now.UnixMilli():
			blocked[n.group] = true
		case n.receives >= q.receives:
			dead = append(dead, n)
		default:
			due = append(due, n)
		}
	}
	return due, dead
}

// take receives what is due, and moves what was received too often to the dead
// letters.
func (q *Queue) take(ctx context.Context, r queue.Receive) ([]queue.Delivery, error) {
	unlock, err := q.lock(ctx)
	if err != nil {
		return nil, fmt.Errorf("receive messages: %w", err)
	}
	defer unlock()
	texts, err := listing(q.messages(), true)
	if err != nil {
		return nil, fmt.Errorf("receive messages: %w", err)
	}
	now := time.Now()
	due, dead := q.due(texts, r.Max, now)
	for _, n := range dead {
		if err := os.Rename(filepath.Join(q.messages(), n.String()), filepath.Join(q.dead(), n.String())); err != nil {
			return nil, fmt.Errorf("receive messages: %w", err)
		}
	}
	var deliveries []queue.Delivery
	for _, n := range due {
		c, err := readContent(q.messages(), n)
		if err != nil {
			return deliveries, fmt.Errorf("receive messages: %w", err)
		}
		out := n
		out.receives++
		out.visible = now.Add(r.Visibility).UnixMilli()
		if err := q.rename(n, out); err != nil {
			return deliveries, fmt.Errorf("receive messages: %w", err)
		}
		deliveries = append(deliveries, queue.Delivery{
			ID: out.id, Receipt: out.receipt(), Body: c.Body, Group: c.Group, Deduplication: c.Deduplication,
			ReceiveCount: out.receives, Sent: c.sent(),
		})
	}
	return deliveries, nil
}

func (q *Queue) rename(from, to name) error {
	return os.Rename(filepath.Join(q.messages(), from.String()), filepath.Join(q.messages(), to.String()))
}

// Delete implements queue.Queue.
func (q *Queue) Delete(ctx context.Context, receipts ...string) error {
	if len(receipts) > queue.MaxBatch {
		return fmt.Errorf("delete messages: %w: %d at once, %d at most", queue.ErrRefused, len(receipts), queue.MaxBatch)
	}
	unlock, err := q.lock(ctx)
	if err != nil {
		return fmt.Errorf("delete messages: %w", err)
	}
	defer unlock()
	texts, err := listing(q.messages(), false)
	if err != nil {
		return fmt.Errorf("delete messages: %w", err)
	}
	var failures []queue.Failure
	for i, receipt := range receipts {
		n, ok := received(texts, receipt)
		if !ok {
			continue
		}
		if err := os.Remove(filepath.Join(q.messages(), n.String())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failures = append(failures, queue.Failure{Index: i, Err: err})
		}
	}
	if failures != nil {
		return &queue.PartialError{Doing: "delete", Failures: failures}
	}
	return nil
}

// Defer implements queue.Queue.
func (q *Queue) Defer(ctx context.Context, receipt string, d time.Duration) error {
	if d < 0 || d > queue.MaxVisibility {
		return fmt.Errorf("defer message: %w: %s", queue.ErrRefused, d)
	}
	unlock, err := q.lock(ctx)
	if err != nil {
		return fmt.Errorf("defer message: %w", err)
	}
	defer unlock()
	texts, err := listing(q.messages(), false)
	if err != nil {
		return fmt.Errorf("defer message: %w", err)
	}
	n, ok := received(texts, receipt)
	if !ok {
		return fmt.Errorf("defer message: %w", errOutdated)
	}
	later := n
	later.visible = time.Now().Add(d).UnixMilli()
	if err := q.rename(n, later); err != nil {
		return fmt.Errorf("defer message: %w", err)
	}
	return nil
}

var errOutdated = errors.New("the receipt is not that of a message that is out")

// received finds the message of a receipt.
func received(texts []string, receipt string) (name, bool) {
	id, _, _ := strings.Cut(receipt, ".")
	for _, text := range texts {
		if !strings.HasSuffix(text, id) {
			continue
		}
		if n, ok := parseName(text); ok && n.receives > 0 && n.receipt() == receipt {
			return n, true
		}
	}
	return name{}, false
}
