package assets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// file is an object that is read from wherever it was sought to, by one request
// for all of it.
type file struct {
	ctx   context.Context
	store *Store
	key   string
	size  int64
	end   int64

	at   int64
	body io.ReadCloser
	// broken counts bodies that broke off.
	broken int
}

// bodies is how often an object that breaks off is gone on with.
const bodies = 3

// Read implements io.Reader.
func (f *file) Read(p []byte) (int, error) {
	for {
		if f.at >= f.size {
			return 0, io.EOF
		}
		if f.body == nil {
			if err := f.open(); err != nil {
				return 0, err
			}
		}
		n, err := f.body.Read(p)
		f.at += int64(n)
		if err == nil || n > 0 {
			return n, nil
		}
		f.forget()
		if errors.Is(err, io.EOF) && f.at >= f.end {
			return 0, io.EOF
		}
		if f.broken++; f.broken == bodies || f.ctx.Err() != nil {
			return 0, fmt.Errorf("read object %s: %w", f.key, noEOF(err))
		}
	}
}

// open begins to read. A small file is read whole, for the next request too.
func (f *file) open() error {
	if f.size <= smallFile {
		content, err := f.store.whole(f.ctx, f.key)
		if err != nil {
			return err
		}
		if int64(len(content)) != f.size {
			return fmt.Errorf("read object %s: it has %d bytes and not %d", f.key, len(content), f.size)
		}
		f.end, f.body = f.size, io.NopCloser(bytes.NewReader(content[f.at:]))
		return nil
	}
	to := f.end
	if f.at >= to {
		to = f.size // sought to beyond what was said
	}
	object, err := f.store.Bucket.Open(f.ctx, f.key, f.at, to)
	if err != nil {
		return err
	}
	f.end, f.body = to, object
	return nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Seek implements io.Seeker.
func (f *file) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	if offset != f.at {
		f.forget()
		f.at = offset
	}
	return offset, nil
}

func (f *file) forget() {
	if f.body != nil {
		f.body.Close()
		f.body = nil
	}
}

// Close implements io.Closer.
func (f *file) Close() error {
	f.forget()
	return nil
}
