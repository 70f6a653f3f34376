// Package purge removes from a CDN what has been revalidated.
//
// Purges are put together: what is asked for within a window is one request,
// however many webhooks asked for it, and instances that ask for the same in
// the same window make the same request, which the CDN does once.
package purge

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"pack/lambda/event"
)

// ErrRefused marks what trying again would not change: a distribution that is
// not there, a permission that is missing. CDNs wrap it.
var ErrRefused = errors.New("refused by the CDN")

// CDN removes objects from its caches.
type CDN interface {
	// Invalidate does so with everything that carries one of the tags (as Tag
	// gives them) or lies at one of the paths. The same reference with the same
	// content is done once, however often it is asked for.
	Invalidate(ctx context.Context, reference string, tags, paths []string) error
}

// Options make a Purger.
type Options struct {
	CDN CDN
	// Window is how long purges are collected; 0 means one second. Windows
	// begin at its multiples since 1970, on every machine.
	Window time.Duration
	// Margin is how long after its window a purge is sent; 0 means half a
	// second. Instances whose clocks differ by less may send the same request,
	// and none of them is too early for another's change.
	Margin time.Duration
	// MostItems is how many tags and paths one request holds; 0 means 1,000.
	MostItems int
	// Attempts is how often a request is made; 0 means 6. Pauses begin at
	// FirstPause, 0 meaning 250 ms, and double.
	Attempts   int
	FirstPause time.Duration
}

// Purger collects purges and sends them. It may be used by any number of
// goroutines.
type Purger struct {
	o  Options
	mu sync.Mutex
	// windows are those not sent yet, by number.
	windows map[int64]*window
}

// window is what is to be purged together.
type window struct {
	number      int64
	tags, paths map[string]bool
	// sender is set when some Flush has taken it upon itself; done is closed
	// when err is the outcome.
	sender bool
	done   chan struct{}
	err    error
}

// New returns a Purger. It does no I/O.
func New(o Options) *Purger {
	o.Window = cmp.Or(o.Window, time.Second)
	o.Margin = cmp.Or(o.Margin, 500*time.Millisecond)
	o.MostItems = cmp.Or(o.MostItems, 1000)
	o.Attempts = cmp.Or(o.Attempts, 6)
	o.FirstPause = cmp.Or(o.FirstPause, 250*time.Millisecond)
	return &Purger{o: o, windows: make(map[int64]*window)}
}

// Tags asks for what carries one of the tags, which are Next's. Flush sends it.
func (p *Purger) Tags(tags ...string) {
	p.add(func(w *window) {
		for _, tag := range tags {
			w.tags[Tag(tag)] = true
		}
	}, len(tags))
}

// Paths asks for what lies at the paths, which begin with a slash, are
// percent-encoded and may end in * as the CDN has it. Flush sends it.
func (p *Purger) Paths(paths ...string) {
	p.add(func(w *window) {
		for _, path := range paths {
			w.paths[path] = true
		}
	}, len(paths))
}

func (p *Purger) add(fill func(*window), items int) {
	if items == 0 {
		return
	}
	number := time.Now().UnixNano() / int64(p.o.Window)
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.windows[number]
	if w == nil {
		w = &window{number: number, tags: make(map[string]bool), paths: make(map[string]bool), done: make(chan struct{})}
		p.windows[number] = w
	}
	fill(w)
}

// Observe is for what calls when tags were revalidated: it asks for them, and
// sends the purge after the response that ctx belongs to.
func (p *Purger) Observe(ctx context.Context, tags []string) {
	p.Tags(tags...)
	detached := context.WithoutCancel(ctx)
	event.AfterResponse(ctx, func() {
		if err := p.Flush(detached); err != nil {
			slog.Error("cdn not purged", "error", err)
		}
	})
}

// Flush returns when everything that was asked for before it has been sent; it
// waits for the end of the window first. What could not be sent although it was
// tried again is in the error, and is asked for anew, for the next Flush. A
// canceled context ends the waiting and the trying.
func (p *Purger) Flush(ctx context.Context) error {
	p.mu.Lock()
	waiting := slices.SortedFunc(maps.Values(p.windows), func(a, b *window) int { return cmp.Compare(a.number, b.number) })
	p.mu.Unlock()
	var failed error
	for _, w := range waiting {
		failed = errors.Join(failed, p.send(ctx, w))
	}
	return failed
}

// send sends one window, or waits for who does.
func (p *Purger) send(ctx context.Context, w *window) error {
	p.mu.Lock()
	mine := !w.sender
	w.sender = true
	p.mu.Unlock()
	if !mine {
		select {
		case <-w.done:
			return w.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	due := time.Unix(0, (w.number+1)*int64(p.o.Window)).Add(p.o.Margin)
	err := pause(ctx, time.Until(due))
	p.mu.Lock()
	delete(p.windows, w.number)
	tags, paths := slices.Sorted(maps.Keys(w.tags)), slices.Sorted(maps.Keys(w.paths))
	p.mu.Unlock()
	if err == nil {
		err = p.request(ctx, w.number, tags, paths)
	}
	if err != nil && !errors.Is(err, ErrRefused) {
		p.add(func(again *window) {
			maps.Copy(again.tags, w.tags)
			maps.Copy(again.paths, w.paths)
		}, 1)
	}
	w.err = err
	close(w.done)
	return err
}

// request sends tags and paths in as many requests as they need. Objects with
// too many tags are in every request that purges by tag.
func (p *Purger) request(ctx context.Context, number int64, tags, paths []string) error {
	if len(tags) > 0 {
		room := p.o.MostItems - 1
		for part := range slices.Chunk(tags, room) {
			if err := p.try(ctx, number, append(slices.Clone(part), Many), nil); err != nil {
				return err
			}
		}
	}
	for part := range slices.Chunk(paths, p.o.MostItems) {
		if err := p.try(ctx, number, nil, part); err != nil {
			return err
		}
	}
	return nil
}

// try makes one request until it succeeds.
func (p *Purger) try(ctx context.Context, number int64, tags, paths []string) error {
	name := reference(number, tags, paths)
	wait := p.o.FirstPause
	for attempt := 1; ; attempt++ {
		err := p.o.CDN.Invalidate(ctx, name, tags, paths)
		if err == nil || errors.Is(err, ErrRefused) || attempt == p.o.Attempts {
			if err != nil {
				err = fmt.Errorf("purge %d tags and %d paths, attempt %d: %w", len(tags), len(paths), attempt, err)
			}
			return err
		}
		// Full jitter, but at least half: others have failed at the same time.
		if stopped := pause(ctx, wait/2+rand.N(wait/2+1)); stopped != nil {
			return fmt.Errorf("purge %d tags and %d paths, attempt %d: %w", len(tags), len(paths), attempt, errors.Join(err, stopped))
		}
		wait *= 2
	}
}

// reference names a request by its window and what is in it.
func reference(number int64, tags, paths []string) string {
	h := sha256.New()
	for _, list := range [][]string{tags, paths} {
		for _, item := range list {
			h.Write([]byte(item + "\x00"))
		}
		h.Write([]byte{1})
	}
	return "pack-" + strconv.FormatInt(number, 36) + "-" + hex.EncodeToString(h.Sum(nil)[:16])
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
