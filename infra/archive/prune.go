package archive

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxSegments bounds how many files a pool is spread over.
const maxSegments = 16

// Prune gives up every file that is not to be kept. Space is given back once
// half of it is unused, by copying the other half; until then unused files stay
// and are used again when they come back.
func (p *Pool) Prune(keep map[string]bool) error {
	// Pools of other formats are nobody's.
	parent := filepath.Dir(p.dir)
	names, err := os.ReadDir(parent)
	if err != nil {
		return err
	}
	for _, e := range names {
		if e.Name() != filepath.Base(p.dir) {
			if err := os.RemoveAll(filepath.Join(parent, e.Name())); err != nil {
				return err
			}
		}
	}
	var live, total int64
	var kept []*blob
	for key, b := range p.blobs {
		if keep[key] {
			kept = append(kept, b)
			live += blobHeaderSize + b.packed
		}
	}
	for _, f := range p.segments {
		st, err := f.Stat()
		if err != nil {
			return err
		}
		total += st.Size()
	}
	if total <= 2*live && len(p.segments) <= maxSegments {
		return nil
	}
	return p.compact(kept)
}

// compact moves blobs to one new segment and removes all others. A process that
// is killed meanwhile leaves some blobs twice, which does no harm.
func (p *Pool) compact(kept []*blob) (err error) {
	slices.SortFunc(kept, func(a, b *blob) int { return strings.Compare(a.key, b.key) })
	f, err := os.CreateTemp(p.dir, "*.segment")
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	moved := make([]*blob, len(kept))
	at := int64(0)
	for i, b := range kept {
		copied := *b
		copied.segment, copied.at = f, at+blobHeaderSize
		moved[i], at = &copied, copied.at+b.packed
		_, err := w.Write(b.header())
		if err == nil {
			_, err = io.Copy(w, b.bytes())
		}
		if err != nil {
			return errors.Join(err, f.Close())
		}
	}
	if err := w.Flush(); err != nil {
		return errors.Join(err, f.Close())
	}
	old := p.segments
	p.segments, p.blobs = []*os.File{f}, make(map[string]*blob, len(moved))
	for _, b := range moved {
		p.blobs[b.key] = b
	}
	var errs []error
	for _, f := range old {
		errs = append(errs, f.Close(), os.Remove(f.Name()))
	}
	return errors.Join(errs...)
}
