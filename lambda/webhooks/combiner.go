package webhooks

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// writeLimit is how long one combined write may take, with its repetitions. It
// belongs to no single caller, so none of theirs ends it. GitHub, WooCommerce
// and Storyblok send once, and hang up after five to ten seconds: what fails for
// a moment is better tried again here than left to them.
const writeLimit = 4500 * time.Millisecond

// pauses are between the attempts at a write.
var pauses = []time.Duration{100 * time.Millisecond, 400 * time.Millisecond, 1600 * time.Millisecond}

// combiner puts what is asked for while a write is under way into one next
// write.
type combiner struct {
	write func(ctx context.Context, tags []string) error

	mu      sync.Mutex
	writing bool
	next    *batch
}

// batch is one write to come: done is closed when err is set. Its context is
// that of the first caller, whose invocation is open until the write has ended.
type batch struct {
	ctx  context.Context
	tags map[string]bool
	done chan struct{}
	err  error
}

func newCombiner(write func(ctx context.Context, tags []string) error) *combiner {
	return &combiner{write: write}
}

// do returns when a write that holds the tags, and that began after do was
// called, has ended; its error is that of the write. A canceled context ends
// the waiting, not the write.
func (c *combiner) do(ctx context.Context, tags []string) error {
	c.mu.Lock()
	if c.next == nil {
		c.next = &batch{ctx: context.WithoutCancel(ctx), tags: make(map[string]bool), done: make(chan struct{})}
	}
	b := c.next
	for _, tag := range tags {
		b.tags[tag] = true
	}
	if !c.writing {
		c.writing = true
		go c.run()
	}
	c.mu.Unlock()
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run writes batches until there are none.
func (c *combiner) run() {
	for {
		c.mu.Lock()
		b := c.next
		if b == nil {
			c.writing = false
			c.mu.Unlock()
			return
		}
		c.next = nil
		c.mu.Unlock()
		limited, cancel := context.WithTimeout(b.ctx, writeLimit)
		b.err = c.attempt(limited, slices.Sorted(maps.Keys(b.tags)))
		cancel()
		close(b.done)
	}
}

// attempt writes until that succeeds or there is no time left.
func (c *combiner) attempt(ctx context.Context, tags []string) error {
	for _, pause := range pauses {
		err := c.write(ctx, tags)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
	return c.write(ctx, tags)
}
