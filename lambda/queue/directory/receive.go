package directory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
		names, err := list(q.messages())
		if err != nil {
			return nil, fmt.Errorf("receive messages: %w", err)
		}
		if len(q.due(names, 1, time.Now())) > 0 {
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

// due picks the messages that may be received now, limit at most.
func (q *Queue) due(names []name, limit int, now time.Time) []name {
	var picked []name
	blocked := make(map[string]bool)
	for _, n := range names {
		if len(picked) == limit {
			break
		}
		switch {
		case q.fifo && blocked[n.group]:
		case n.visible > now.UnixMilli():
			blocked[n.group] = true
		default:
			picked = append(picked, n)
		}
	}
	return picked
}

// take receives what is due, and moves what was received too often to the dead
// letters.
func (q *Queue) take(ctx context.Context, r queue.Receive) ([]queue.Delivery, error) {
	unlock, err := q.lock(ctx)
	if err != nil {
		return nil, fmt.Errorf("receive messages: %w", err)
	}
	defer unlock()
	names, err := list(q.messages())
	if err != nil {
		return nil, fmt.Errorf("receive messages: %w", err)
	}
	now := time.Now()
	names = slices.DeleteFunc(names, func(n name) bool {
		if n.receives < q.receives || n.visible > now.UnixMilli() {
			return false
		}
		err = errors.Join(err, os.Rename(filepath.Join(q.messages(), n.String()), filepath.Join(q.dead(), n.String())))
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("receive messages: %w", err)
	}
	var deliveries []queue.Delivery
	for _, n := range q.due(names, r.Max, now) {
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
	var failures []queue.Failure
	for i, receipt := range receipts {
		err := q.received(receipt, func(n name) error { return os.Remove(filepath.Join(q.messages(), n.String())) })
		if err != nil && !errors.Is(err, errOutdated) {
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
	err = q.received(receipt, func(n name) error {
		later := n
		later.visible = time.Now().Add(d).UnixMilli()
		return q.rename(n, later)
	})
	if err != nil {
		return fmt.Errorf("defer message: %w", err)
	}
	return nil
}

var errOutdated = errors.New("the receipt is not that of a message that is out")

// received calls change with the message of a receipt; the lock is held.
func (q *Queue) received(receipt string, change func(name) error) error {
	names, err := list(q.messages())
	if err != nil {
		return err
	}
	at := slices.IndexFunc(names, func(n name) bool { return n.receives > 0 && n.receipt() == receipt })
	if at < 0 {
		return errOutdated
	}
	if err := change(names[at]); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return errOutdated
}
