// Package directory keeps a queue in a directory of one machine's file system,
// shared by any number of processes, any of which may be stopped or killed at
// any moment.
//
// A message is one file; what decides about it (order, visibility, receive
// count, group) is in its name, so that every change is a rename. Changes are
// made under a lock that the kernel frees when its holder is killed; waiting
// receivers look without it. Nothing is synced to disk: after a power failure
// the newest changes may be gone.
package directory

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"pack/lambda/queue"
)

// Options of a queue. The zero value is a standard queue.
type Options struct {
	// FIFO makes it a FIFO queue.
	FIFO bool
	// MaxReceives is how often a message is received before it becomes a dead
	// letter; 0 means 10.
	MaxReceives int
}

// Queue is a queue.Queue. It need not be closed.
type Queue struct {
	root     string
	fifo     bool
	receives int
	// swept is when this process last removed old deduplication ids, in seconds
	// since 1970.
	swept atomic.Int64
}

// sweepPause is how long a process leaves them alone.
const sweepPause = time.Minute

var _ queue.Queue = (*Queue)(nil)

// Open opens the queue in the directory path, which is made if need be. All
// who open it must say the same options.
func Open(path string, o Options) (*Queue, error) {
	q := &Queue{root: path, fifo: o.FIFO, receives: o.MaxReceives}
	if q.receives == 0 {
		q.receives = 10
	}
	for _, folder := range []string{q.messages(), q.dead(), q.seen(), q.temp()} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, fmt.Errorf("open queue: %w", err)
		}
	}
	sweep(q.temp(), time.Minute)
	return q, nil
}

func (q *Queue) messages() string { return filepath.Join(q.root, "messages") }
func (q *Queue) dead() string     { return filepath.Join(q.root, "dead") }

// seen holds an empty file per deduplication id, as old as its message.
func (q *Queue) seen() string { return filepath.Join(q.root, "seen") }

// temp holds files on their way.
func (q *Queue) temp() string { return filepath.Join(q.root, "temp") }

// Send implements queue.Queue.
func (q *Queue) Send(ctx context.Context, messages ...queue.Message) error {
	if len(messages) == 0 {
		return nil
	}
	if len(messages) > queue.MaxBatch {
		return fmt.Errorf("send messages: %w: %d at once, %d at most", queue.ErrRefused, len(messages), queue.MaxBatch)
	}
	var failures []queue.Failure
	unlock, err := q.lock(ctx)
	if err != nil {
		return fmt.Errorf("send messages: %w", err)
	}
	defer unlock()
	for i, m := range messages {
		err := queue.Check(m, q.fifo)
		if err == nil {
			err = q.send(m, time.Now())
		}
		if err != nil {
			failures = append(failures, queue.Failure{Index: i, Err: err})
		}
	}
	if failures != nil {
		return &queue.PartialError{Doing: "send", Failures: failures}
	}
	return nil
}

// send writes one message; the lock is held.
func (q *Queue) send(m queue.Message, now time.Time) error {
	var mark string
	if q.fifo {
		mark = filepath.Join(q.seen(), hashed(m.Deduplication))
		if stat, err := os.Stat(mark); err == nil && now.Sub(stat.ModTime()) < queue.DeduplicationWindow {
			return nil
		}
		last := q.swept.Load()
		if now.Sub(time.Unix(last, 0)) > sweepPause && q.swept.CompareAndSwap(last, now.Unix()) {
			sweep(q.seen(), queue.DeduplicationWindow)
		}
	}
	n := name{visible: now.Add(m.Delay).UnixMilli(), id: rand.Text()}
	if q.fifo {
		n.group = hashed(m.Group)
	}
	c := content{Body: m.Body, Group: m.Group, Deduplication: m.Deduplication, Sent: now.UnixMilli()}
	if err := q.write(n, c, now); err != nil {
		return err
	}
	if mark == "" {
		return nil
	}
	// Killed before this, the message may be sent twice, and never not at all.
	if err := os.WriteFile(mark, nil, 0o644); err != nil {
		return err
	}
	return os.Chtimes(mark, now, now)
}

// write gives a message the next sequence number and puts it among the others.
func (q *Queue) write(n name, c content, now time.Time) error {
	counter := filepath.Join(q.root, "sequence")
	raw, err := os.ReadFile(counter)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	last, _ := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64)
	n.sequence = max(last+1, now.UnixNano())
	encoded, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := q.place(strconv.AppendInt(nil, n.sequence, 10), counter); err != nil {
		return err
	}
	return q.place(encoded, filepath.Join(q.messages(), n.String()))
}

// place writes a file as a whole.
func (q *Queue) place(content []byte, path string) error {
	temp := filepath.Join(q.temp(), rand.Text())
	if err := os.WriteFile(temp, content, 0o644); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		os.Remove(temp)
		return err
	}
	return nil
}

// sweep removes what is older than age; another sweeper may be at work too.
func sweep(folder string, age time.Duration) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if stat, err := entry.Info(); err == nil && time.Since(stat.ModTime()) > age {
			os.Remove(filepath.Join(folder, entry.Name()))
		}
	}
}
