package s3cache

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// TagDirectory is a TagStore in a directory of one machine's file system, shared by any
// number of processes, any of which may be stopped or killed at any moment.
//
// Every Write appends one record to a journal; a record is one write(2), so concurrent
// writers lose nothing, and merging is idempotent and knows no order. A Read is one
// stat(2) while nothing was written, and otherwise parses what was appended since. A
// journal that has become mostly history is rewritten.
type TagDirectory struct {
	journal *journal

	mu       sync.RWMutex
	marks    map[string]Tag // never changed, only replaced
	revision uint64         // how often they were
	reader   journalReader
}

// OpenTagDirectory opens the tag store in the directory path, which is made if need be.
// Close frees its file.
func OpenTagDirectory(path string) (*TagDirectory, error) {
	if err := os.MkdirAll(filepath.Join(path, "temp"), 0o755); err != nil {
		return nil, fmt.Errorf("open tag store: %w", err)
	}
	d := &TagDirectory{journal: newJournal(path)}
	d.journal.temp.sweep(time.Now())
	if err := d.journal.create(); err != nil {
		return nil, fmt.Errorf("open tag store: %w", err)
	}
	return d, nil
}

// Close frees what Read holds. The store can be used again afterwards.
func (d *TagDirectory) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.marks = nil
	return d.reader.close()
}

// Read implements TagStore.
func (d *TagDirectory) Read(ctx context.Context, tags []string) (map[string]Tag, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all, _, err := d.current()
	if err != nil {
		return nil, fmt.Errorf("read tags: %w", err)
	}
	var found map[string]Tag
	for _, tag := range tags {
		if mark, ok := all[tag]; ok {
			if found == nil {
				found = make(map[string]Tag)
			}
			found[tag] = mark
		}
	}
	return found, nil
}

// Revision implements TagStore. It is one stat(2) while nothing was written.
func (d *TagDirectory) Revision(ctx context.Context) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	_, revision, err := d.current()
	if err != nil {
		return 0, fmt.Errorf("read revision of tags: %w", err)
	}
	return revision, nil
}

// current returns every tag's mark as the journal has them now, and the revision.
func (d *TagDirectory) current() (marks map[string]Tag, revision uint64, err error) {
	stat, err := os.Stat(d.journal.path)
	if err != nil {
		return nil, 0, err
	}
	d.mu.RLock()
	marks, revision, unchanged := d.marks, d.revision, d.reader.has(stat)
	d.mu.RUnlock()
	if unchanged {
		return marks, revision, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.reader.has(stat) {
		fresh, err := d.reader.read(d.journal.path, d.marks)
		if err != nil {
			return nil, 0, err
		}
		d.marks = fresh
		d.revision++
	}
	return d.marks, d.revision, nil
}

// Write implements TagStore.
func (d *TagDirectory) Write(ctx context.Context, updates map[string]Tag) error {
	if err := ctx.Err(); err != nil || len(updates) == 0 {
		return err
	}
	if _, ok := updates[""]; ok {
		return errors.New("write tags: a tag is empty")
	}
	if err := d.journal.append(ctx, updates); err != nil {
		return fmt.Errorf("write tags: %w", err)
	}
	return nil
}
