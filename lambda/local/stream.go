package local

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// httpIntegration is the content type of an answer that begins with a prelude: JSON
// with statusCode, headers and cookies, then eight NUL bytes, then the body.
const httpIntegration = "application/vnd.awslambda.http-integration-response"

// maxStreamed is AWS's limit of a streamed answer, in bytes; it is cut off there.
const maxStreamed = 200 << 20

// Stream is the answer of one invocation. One goroutine may use it at a time.
type Stream struct {
	RequestID   string
	ContentType string // as the function sent it
	// Streamed says that the function streams; otherwise the whole answer is in memory.
	Streamed bool

	whole []byte // what is left of an answer in memory

	in   *instance
	conn *runtimeConn
	req  *http.Request
	read int
	err  error // sticky
	end  sync.Once
	done chan struct{} // closed when the connection is the Runtime API's again
}

// Read gives the answer's bytes as the function writes them. io.EOF is the end of a
// complete answer; a *FunctionError says why it broke off.
func (s *Stream) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if !s.Streamed {
		if len(s.whole) == 0 {
			return 0, io.EOF
		}
		n := copy(p, s.whole)
		s.whole = s.whole[n:]
		return n, nil
	}
	n, err := s.req.Body.Read(p)
	s.read += n
	switch {
	case s.read > maxStreamed:
		s.finish(newFunctionError(s.RequestID, errTooLarge,
			"Response payload size exceeded maximum allowed payload size (%d bytes).", maxStreamed))
	case err == io.EOF:
		s.finish(s.trailer())
	case err != nil:
		s.finish(s.in.broken(s.RequestID))
	}
	if n > 0 {
		return n, nil
	}
	return 0, s.err
}

// more says that a further Read will not block, as far as that can be seen.
func (s *Stream) more() bool {
	return s.err != nil || !s.Streamed || s.conn.readable()
}

// Close gives up the rest of the answer. The function is not stopped by that: what it
// still writes is read and dropped. It never fails.
func (s *Stream) Close() error {
	if s.Streamed && s.err == nil {
		go func() { _, _ = io.Copy(io.Discard, s) }()
	}
	return nil
}

// trailer is the end of a stream: io.EOF, or the error that the function reported
// after it had begun to answer.
func (s *Stream) trailer() error {
	kind := s.req.Trailer.Get(headerErrorType)
	if kind == "" {
		return io.EOF
	}
	doc, err := base64.StdEncoding.DecodeString(s.req.Trailer.Get(headerErrorBody))
	if err != nil || len(doc) == 0 {
		return newFunctionError(s.RequestID, kind, "the function failed while it answered")
	}
	s.in.fn.stats.errors.Add(1)
	return &FunctionError{Type: kind, Payload: doc}
}

func (s *Stream) finish(err error) {
	s.end.Do(func() {
		s.err = err
		close(s.done)
	})
}

// broken says why the connection of an answer in flight ended.
func (in *instance) broken(requestID string) error {
	select {
	case <-in.gone: // the usual case: the process is no more
	case <-time.After(brokenWait):
		return newFunctionError(requestID, errTruncated, "the runtime closed the connection inside its response")
	}
	return in.failure(requestID)
}

// brokenWait is how much later than its connections a process may be seen to end.
const brokenWait = time.Second

// readWhole collects an answer up to limit bytes.
func (s *Stream) readWhole(limit int) ([]byte, error) {
	if !s.Streamed {
		whole := s.whole
		s.whole = nil
		if len(whole) > limit {
			return nil, errOverLimit
		}
		return whole, nil
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(io.LimitReader(s, int64(limit)+1)); err != nil {
		return nil, err
	}
	if b.Len() > limit {
		return nil, errOverLimit
	}
	return b.Bytes(), nil
}

var errOverLimit = errors.New("the answer is over the limit")
