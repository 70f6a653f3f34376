package archive

import (
	"archive/zip"
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
	"unicode/utf8"
)

const (
	// The earliest time that a zip file can hold, 1980-01-01 (APPNOTE.TXT
	// 4.4.6): day, month<<5, (year-1980)<<9.
	zipEpochDate = 1 | 1<<5
	// Bit 11 of the flags: names are UTF-8 (APPNOTE.TXT 4.4.4).
	zipFlagUTF8 = 1 << 11
	// Made on Unix, so that the external attributes are Unix modes.
	zipCreatorUnix = 3<<8 | 20
	zipReader      = 20
)

// buffers hold most archives whole: a file that is written in one piece costs
// the system less than half of what it costs in pieces.
var buffers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 2<<20) }}

// Write writes the archive of entries, whose files the pool holds already.
// Nothing is compressed. It returns the size in bytes. It stops early when ctx
// is cancelled.
func (p *Pool) Write(ctx context.Context, out io.Writer, entries []Entry) (int64, error) {
	counted := &countingWriter{w: out}
	buffered := buffers.Get().(*bufio.Writer)
	defer buffers.Put(buffered)
	buffered.Reset(counted)
	w := zip.NewWriter(buffered)
	for i := range entries {
		if err := ctx.Err(); err != nil {
			return 0, context.Cause(ctx)
		}
		if err := p.writeEntry(w, &entries[i]); err != nil {
			return 0, fmt.Errorf("write %s: %w", entries[i].Name, err)
		}
	}
	if err := errors.Join(w.Close(), buffered.Flush()); err != nil {
		return 0, err
	}
	return counted.n, nil
}

// Sizes of a zip file's records less names (APPNOTE.TXT 4.3.7, 4.3.12, 4.3.14
// to 4.3.16).
const (
	localHeaderSize   = 30
	centralHeaderSize = 46
	endSize           = 22
	end64Size         = 56 + 20
	maxRecords        = 1<<16 - 1
)

// Size is how many bytes Write will write.
func (p *Pool) Size(entries []Entry) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	size := int64(endSize)
	for i := range entries {
		e := &entries[i]
		packed := e.Size
		if !e.IsLink() {
			b := p.blobs[e.Key]
			if b == nil {
				return 0, fmt.Errorf("file %s is not in the pool", e.Key)
			}
			packed = b.packed
		}
		size += localHeaderSize + centralHeaderSize + 2*int64(len(e.Name)) + packed
	}
	if len(entries) >= maxRecords {
		size += end64Size
	}
	return size, nil
}

func (p *Pool) writeEntry(w *zip.Writer, e *Entry) error {
	h := &zip.FileHeader{
		Name:           e.Name,
		CreatorVersion: zipCreatorUnix,
		ReaderVersion:  zipReader,
		//lint:ignore SA1019 CreateRaw writes this field as it is and ignores Modified.
		ModifiedDate: zipEpochDate,
	}
	h.SetMode(e.Mode)
	for i := range len(e.Name) {
		if e.Name[i] >= utf8.RuneSelf {
			h.Flags = zipFlagUTF8
		}
	}
	if e.IsLink() {
		h.CRC32 = crc32.ChecksumIEEE([]byte(e.Link))
		h.CompressedSize64, h.UncompressedSize64 = uint64(len(e.Link)), uint64(len(e.Link))
		body, err := w.CreateRaw(h)
		if err != nil {
			return err
		}
		_, err = io.WriteString(body, e.Link)
		return err
	}
	b, err := p.blob(e.Key)
	if err != nil {
		return err
	}
	h.Method, h.CRC32 = b.method, b.crc
	h.CompressedSize64, h.UncompressedSize64 = uint64(b.packed), uint64(b.size)
	body, err := w.CreateRaw(h)
	if err != nil {
		return err
	}
	if b.body != nil || b.packed == 0 {
		_, err = body.Write(b.body)
		return err
	}
	_, err = io.Copy(body, b.bytes())
	return err
}

type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
