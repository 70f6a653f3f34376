package images

import (
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"strings"
)

// maxEncodings is how many codings a response may stack.
const maxEncodings = 5

// decodeBody undoes Content-Encoding (RFC 9110, section 8.4). A coding that
// isn't known leaves the body as it is; it's no picture then.
func decodeBody(response *http.Response) (io.Reader, error) {
	header := response.Header.Get("Content-Encoding")
	if header == "" {
		return response.Body, nil
	}
	codings := strings.Split(strings.ToLower(header), ",")
	if len(codings) > maxEncodings {
		return nil, newError(400, invalidUpstream, nil)
	}
	var body io.Reader = response.Body
	for i := len(codings) - 1; i >= 0; i-- {
		switch strings.TrimSpace(codings[i]) {
		case "gzip", "x-gzip":
			body = &lazyReader{open: func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }, source: body}
		case "deflate":
			body = &lazyReader{open: inflate, source: body}
		default:
			return response.Body, nil
		}
	}
	return body, nil
}

// lazyReader opens a decoder on the first read, and forgives an end that comes
// early, as Node does with Z_SYNC_FLUSH.
type lazyReader struct {
	open   func(io.Reader) (io.Reader, error)
	source io.Reader
	reader io.Reader
}

func (l *lazyReader) Read(p []byte) (int, error) {
	if l.reader == nil {
		reader, err := l.open(l.source)
		if err != nil {
			return 0, err
		}
		l.reader = reader
	}
	n, err := l.reader.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

// inflate reads deflate in both of its forms, with and without zlib's header.
func inflate(r io.Reader) (io.Reader, error) {
	first := make([]byte, 1)
	if _, err := io.ReadFull(r, first); err != nil {
		return nil, err
	}
	r = io.MultiReader(strings.NewReader(string(first)), r)
	if first[0]&0x0f == 8 {
		return zlib.NewReader(r)
	}
	return flate.NewReader(r), nil
}
