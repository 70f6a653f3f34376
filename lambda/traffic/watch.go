// Package traffic stands before the gateway and gives each visitor the release
// that they belong to: the one that a request names, the one that a cookie pins
// them to, a canary, or production, which is the gateway behind it.
package traffic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"pack/lambda/bucket"
	"pack/lambda/event"
	"pack/manifest"
)

// How long what was read counts, and how long reading may take. A read that
// failed is not repeated for a while: whoever asks gets production meanwhile.
const (
	memory     = manifest.TrafficMemory
	readTime   = 2 * time.Second
	failedTime = time.Second
)

// Watch knows manifest.Traffic as it was a short time ago. Its methods may be
// called by any number of goroutines.
type Watch struct {
	// Bucket is that of state.
	Bucket *bucket.Bucket

	// reading is held by whoever reads.
	reading sync.Mutex

	mu     sync.Mutex
	known  *manifest.Traffic
	read   time.Time // when known was; zero before the first time
	failed time.Time
}

// Known returns what is known without reading: nil for nothing. current says
// that it is recent.
func (w *Watch) Known() (t *manifest.Traffic, current bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.known, time.Since(w.read) < memory
}

// Now returns what is not older than age, reading where it must. The error says
// that it cannot be known now.
func (w *Watch) Now(ctx context.Context, age time.Duration) (*manifest.Traffic, error) {
	w.reading.Lock()
	defer w.reading.Unlock()
	w.mu.Lock()
	known, read, failed := w.known, w.read, w.failed
	w.mu.Unlock()
	if time.Since(read) < age {
		return known, nil
	}
	if time.Since(failed) < failedTime {
		return nil, errLately
	}
	t, err := w.load(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.failed = now()
		return nil, err
	}
	w.known, w.read = t, now()
	return t, nil
}

// now is the time by the wall clock alone: the monotonic one may stand still while
// an instance is frozen.
func now() time.Time { return time.Now().Round(0) }

var errLately = errors.New("read traffic: it failed a moment ago")

func (w *Watch) load(ctx context.Context) (*manifest.Traffic, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	raw, err := w.Bucket.Read(ctx, manifest.TrafficKey)
	if errors.Is(err, bucket.ErrNotFound) {
		return &manifest.Traffic{Schema: manifest.ReleaseSchema}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read traffic: %w", err)
	}
	var t manifest.Traffic
	if err := json.Unmarshal(raw, &t); err != nil {
		return nil, fmt.Errorf("decode traffic: %w", err)
	}
	if t.Schema != manifest.ReleaseSchema {
		return nil, fmt.Errorf("traffic has schema %d, this program reads %d", t.Schema, manifest.ReleaseSchema)
	}
	return &t, nil
}

// Refresh has what is not recent read for the next request, beside this one: it
// never waits, and the invocation ends after the read. An instance that has
// read nothing yet begins after its first response, which has connections of
// its own to make.
func (w *Watch) Refresh(ctx context.Context) {
	known, current := w.Known()
	if current {
		return
	}
	ctx = context.WithoutCancel(ctx)
	read := func() {
		if _, err := w.Now(ctx, memory); err != nil && !errors.Is(err, errLately) {
			slog.Error("traffic could not be read, visitors get production", "error", err)
		}
	}
	if known == nil {
		event.AfterResponse(ctx, read)
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		read()
	}()
	event.AfterResponse(ctx, func() { <-done })
}
