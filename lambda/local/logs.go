package local

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"sync"
)

// maxLogLine is where a line without an end is cut, in bytes: CloudWatch's limit of an
// event.
const maxLogLine = 256 << 10

// lineWriter writes whole lines, each in one Write, one at a time.
type lineWriter struct {
	mu  sync.Mutex
	w   io.Writer
	buf []byte
}

func newLineWriter(w io.Writer) *lineWriter {
	if w == nil {
		w = io.Discard
	}
	return &lineWriter{w: w}
}

// write writes one line; breaks inside text are not lines of their own.
func (l *lineWriter) write(prefix, text string) {
	l.line(prefix, []byte(strings.ReplaceAll(text, "\n", " ")))
}

func (l *lineWriter) line(prefix string, text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(append(append(l.buf[:0], prefix...), text...), '\n')
	_, _ = l.w.Write(l.buf) // nobody to tell that logs can't be written
}

// copy passes on every line of r until it ends, and a last one without an end.
func (l *lineWriter) copy(prefix string, r io.Reader) {
	br := bufio.NewReaderSize(r, 4<<10)
	var held []byte
	for {
		part, err := br.ReadSlice('\n')
		whole := err == nil
		part = bytes.TrimSuffix(part, []byte("\n"))
		for len(held)+len(part) > maxLogLine {
			n := maxLogLine - len(held)
			l.line(prefix, append(held, part[:n]...))
			held, part = held[:0], part[n:]
		}
		if whole && len(held) == 0 {
			l.line(prefix, part)
			continue
		}
		held = append(held, part...)
		switch {
		case whole:
			l.line(prefix, held)
			held = held[:0]
		case err != bufio.ErrBufferFull:
			if len(held) > 0 {
				l.line(prefix, held)
			}
			return
		}
	}
}
