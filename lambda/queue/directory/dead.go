package directory

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"pack/lambda/queue"
)

// DeadLetters implements queue.Queue.
func (q *Queue) DeadLetters(ctx context.Context, limit int) ([]queue.DeadLetter, error) {
	unlock, err := q.lock(ctx)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	defer unlock()
	names, err := list(q.dead())
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	var letters []queue.DeadLetter
	for _, n := range names {
		if limit > 0 && len(letters) == limit {
			break
		}
		c, err := readContent(q.dead(), n)
		if err != nil {
			return letters, fmt.Errorf("list dead letters: %w", err)
		}
		letters = append(letters, queue.DeadLetter{ID: n.id, Body: c.Body, Group: c.Group, Sent: c.sent()})
	}
	return letters, nil
}

// Redrive implements queue.Queue.
func (q *Queue) Redrive(ctx context.Context, ids ...string) (int, error) {
	n, err := q.eachDead(ctx, ids, func(n name) error {
		c, err := readContent(q.dead(), n)
		if err != nil {
			return err
		}
		now := time.Now()
		again := name{visible: now.UnixMilli(), group: n.group, id: rand.Text()}
		if err := q.write(again, c, now); err != nil {
			return err
		}
		return os.Remove(filepath.Join(q.dead(), n.String()))
	})
	if err != nil {
		return n, fmt.Errorf("redrive dead letters: %w", err)
	}
	return n, nil
}

// Discard implements queue.Queue.
func (q *Queue) Discard(ctx context.Context, ids ...string) (int, error) {
	n, err := q.eachDead(ctx, ids, func(n name) error { return os.Remove(filepath.Join(q.dead(), n.String())) })
	if err != nil {
		return n, fmt.Errorf("discard dead letters: %w", err)
	}
	return n, nil
}

// eachDead does something with the dead letters of these ids, or with all.
func (q *Queue) eachDead(ctx context.Context, ids []string, do func(name) error) (done int, err error) {
	unlock, err := q.lock(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	names, err := list(q.dead())
	if err != nil {
		return 0, err
	}
	for _, n := range names {
		if len(ids) > 0 && !slices.Contains(ids, n.id) {
			continue
		}
		if err := do(n); err != nil {
			return done, err
		}
		done++
	}
	return done, nil
}
