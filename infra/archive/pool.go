package archive

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"pack/manifest"
)

// Bodies up to bodyLimit bytes are kept in memory until cacheLimit bytes are
// reached: small files are in almost every archive.
const (
	bodyLimit  = 1 << 20
	cacheLimit = 64 << 20
)

// Pool is a folder of compressed files by Entry.Key. They are kept in a few
// large files, segments: making thousands of small ones would cost more than
// compressing does. One process at a time may add and prune; others may read
// meanwhile, and keep what they found when they opened the pool. Close it.
type Pool struct {
	dir      string
	segments []*os.File

	mu     sync.Mutex
	blobs  map[string]*blob
	cached int64
}

// OpenPool opens the pool in dir, which is made when needed.
func OpenPool(dir string) (*Pool, error) {
	dir = filepath.Join(dir, Format)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for {
		p := &Pool{dir: dir, blobs: map[string]*blob{}}
		err := p.scan()
		if err == nil {
			return p, nil
		}
		_ = p.Close()
		// Another process has moved everything to a new segment.
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
}

// scan opens the segments and lists what they hold.
func (p *Pool) scan() error {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		f, err := os.Open(filepath.Join(p.dir, e.Name()))
		if err != nil {
			return err
		}
		p.segments = append(p.segments, f)
		blobs, err := scanSegment(f)
		if err != nil {
			return err
		}
		for _, b := range blobs {
			p.blobs[b.key] = b
		}
	}
	return nil
}

// Close closes the pool's files.
func (p *Pool) Close() error {
	var errs []error
	for _, f := range p.segments {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// Added says what Pool.Add had to compress.
type Added struct {
	Files int
	// Plain and Packed are in bytes, before and after.
	Plain, Packed int64
}

// Add compresses the entries that the pool does not hold yet, several at a
// time. progress, when not nil, is called with the number of entries dealt
// with and to deal with, from one goroutine at a time. Calls must not overlap.
// What is done when ctx is cancelled, or when the process is killed, stays in
// the pool.
//
// A file whose size is not the one that the entry gives has changed since the
// build: that is a *manifest.UserError.
func (p *Pool) Add(ctx context.Context, entries []Entry, progress func(done, total int)) (Added, error) {
	var added Added
	missing, err := p.missing(entries)
	if err != nil || len(missing) == 0 {
		return added, err
	}
	work := make(chan *Entry)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(work)
		for _, e := range missing {
			select {
			case work <- e:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	done := 0
	for range min(runtime.GOMAXPROCS(0), len(missing)) {
		segment, err := os.CreateTemp(p.dir, "*.segment")
		if err != nil {
			g.Go(func() error { return err })
			break
		}
		p.segments = append(p.segments, segment)
		g.Go(func() error {
			c, err := newCompressor(segment)
			if err != nil {
				return err
			}
			for e := range work {
				b, err := add(c, e)
				if err != nil {
					return err
				}
				p.mu.Lock()
				p.blobs[e.Key] = b
				added.Files++
				added.Plain += b.size
				added.Packed += b.packed
				if done++; progress != nil {
					progress(done, len(missing))
				}
				p.mu.Unlock()
			}
			return nil
		})
	}
	err = g.Wait()
	return added, err
}

// missing gives one entry of each content that the pool does not hold, large
// ones first, so that the last to finish is a small one.
func (p *Pool) missing(entries []Entry) ([]*Entry, error) {
	var missing []*Entry
	seen := map[string]bool{}
	for i := range entries {
		e := &entries[i]
		if e.IsLink() || seen[e.Key] {
			continue
		}
		seen[e.Key] = true
		switch b := p.blobs[e.Key]; {
		case b == nil:
			missing = append(missing, e)
		case b.size != e.Size:
			return nil, changed(e, b.size)
		}
	}
	slices.SortFunc(missing, func(a, b *Entry) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), strings.Compare(a.Name, b.Name))
	})
	return missing, nil
}

// add compresses one entry.
func add(c *compressor, e *Entry) (*blob, error) {
	var src io.ReadSeeker = bytes.NewReader(e.content)
	if e.source != "" {
		f, err := os.Open(e.source)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, changed(e, -1)
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", e.Name, err)
		}
		defer f.Close()
		src = f
	}
	b, err := c.prepare(e.Key, e.Size, src)
	if err != nil {
		return nil, fmt.Errorf("compress %s: %w", e.Name, err)
	}
	if b.size != e.Size {
		return nil, changed(e, b.size)
	}
	return b, c.commit(b)
}

// ErrChanged is wrapped by the *manifest.UserError for a file that is not what
// the build saw.
var ErrChanged = errors.New("a file has changed since the build")

// Changed makes that error. The reason may be empty.
func Changed(path, reason string) error {
	return &manifest.UserError{
		What:  "the recorded build cannot be packed",
		Where: path,
		Why:   reason,
		Hint:  "run pack build again",
		Err:   ErrChanged,
	}
}

// changed is Changed for a file of another size, or one that is gone (size -1).
func changed(e *Entry, size int64) error {
	where := e.source
	if where == "" {
		where = e.Name
	}
	if size < 0 {
		return Changed(where, "it does not exist any more")
	}
	return Changed(where, fmt.Sprintf("it had %d bytes and now has %d", e.Size, size))
}

// Holds reports whether the pool has the contents of all entries.
func (p *Pool) Holds(entries []Entry) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range entries {
		if e := &entries[i]; !e.IsLink() && p.blobs[e.Key] == nil {
			return false
		}
	}
	return true
}

// Forget makes Add compress the entries again, whatever the pool holds.
func (p *Pool) Forget(entries []Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range entries {
		delete(p.blobs, entries[i].Key)
	}
}

// Open reads an entry's content, inflated. The caller closes it. An error of
// its Read also tells of bytes that are not those that were compressed.
func (p *Pool) Open(e *Entry) (io.ReadCloser, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.blobs[e.Key]
	if b == nil {
		return nil, fmt.Errorf("file %s is not in the pool", e.Key)
	}
	return b.open(), nil
}

// blob gives what the pool holds, with its body where that is small.
func (p *Pool) blob(key string) (*blob, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.blobs[key]
	if b == nil {
		return nil, fmt.Errorf("file %s is not in the pool", key)
	}
	if b.body == nil && b.packed <= bodyLimit && p.cached+b.packed <= cacheLimit {
		body := make([]byte, b.packed)
		if _, err := io.ReadFull(b.bytes(), body); err != nil {
			return nil, err
		}
		b.body = body
		p.cached += b.packed
	}
	return b, nil
}
