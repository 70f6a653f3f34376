package local

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// preludeEnd separates the prelude of a streamed answer from its body.
var preludeEnd = make([]byte, 8)

// maxPrelude bounds a prelude, in bytes; ours.
const maxPrelude = 1 << 20

// prelude is what a function says about its HTTP answer before the body.
type prelude struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Cookies    []string          `json:"cookies"`
}

// looseAnswer is the same with what AWS also takes: numbers and booleans as values, a
// status in quotes, and the body of an answer that isn't streamed.
type looseAnswer struct {
	StatusCode      json.RawMessage            `json:"statusCode"`
	Headers         map[string]json.RawMessage `json:"headers"`
	Cookies         []string                   `json:"cookies"`
	Body            json.RawMessage            `json:"body"`
	IsBase64Encoded bool                       `json:"isBase64Encoded"`
}

func (l *looseAnswer) prelude() (prelude, error) {
	p := prelude{Cookies: l.Cookies, Headers: make(map[string]string, len(l.Headers))}
	if len(l.StatusCode) > 0 && string(l.StatusCode) != "null" {
		var err error
		if p.StatusCode, err = strconv.Atoi(strings.Trim(string(l.StatusCode), `"`)); err != nil {
			return p, fmt.Errorf("read statusCode: %w", err)
		}
	}
	for name, value := range l.Headers {
		p.Headers[name] = plainText(value)
	}
	return p, nil
}

// plainText is a JSON string's text, and any other value's JSON.
func plainText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func parsePrelude(doc []byte) (p prelude, err error) {
	if len(bytes.TrimSpace(doc)) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(doc, &p); err == nil {
		return p, nil
	}
	var loose looseAnswer
	if err := json.Unmarshal(doc, &loose); err != nil {
		return p, fmt.Errorf("read the prelude: %w", err)
	}
	return loose.prelude()
}

// streamAnswer passes a stream on as the function writes it.
func streamAnswer(w http.ResponseWriter, r *http.Request, st *Stream) {
	b := getBuffer()
	defer b.free()
	buf := b.bytes[:cap(b.bytes)]
	var n int
	var err error
	if strings.HasPrefix(st.ContentType, httpIntegration) {
		var p prelude
		var head int
		if p, buf, head, n, err = readPrelude(st, buf); err != nil {
			_ = st.Close()
			refuseURL(w, st.RequestID, badAnswer(st, err))
			return
		}
		if !validStatus(p.StatusCode) {
			_ = st.Close()
			refuseURL(w, st.RequestID, badAnswer(st, fmt.Errorf("status %d", p.StatusCode)))
			return
		}
		writeHead(w, st.RequestID, p, "application/octet-stream")
		if !bodyAllowed(r, p.StatusCode) {
			_ = st.Close() // the client has all; the function is read to its end
			return
		}
		if n > head {
			if _, werr := w.Write(buf[head:n]); werr != nil {
				_ = st.Close()
				return
			}
		}
		b.bytes = buf[:0]
	} else {
		writeHead(w, st.RequestID, prelude{StatusCode: http.StatusOK}, defaulted(st.ContentType, "application/octet-stream"))
		if !bodyAllowed(r, http.StatusOK) {
			_ = st.Close()
			return
		}
	}
	pass(w, st, buf)
}

// pass copies the rest of a stream, and flushes whenever the function pauses.
func pass(w http.ResponseWriter, st *Stream, buf []byte) {
	flusher := http.NewResponseController(w)
	for {
		if !st.more() {
			_ = flusher.Flush() // a writer that can't is no reason to stop
		}
		n, err := st.Read(buf)
		if n > 0 {
			if _, werr := w.Write(buf[:n]); werr != nil {
				_ = st.Close()
				return
			}
		}
		switch err {
		case nil:
		case io.EOF:
			return
		default:
			panic(http.ErrAbortHandler) // the only way to tell the client
		}
	}
}

// readPrelude reads until the prelude is there: it and the rest of what was read.
func readPrelude(st *Stream, buf []byte) (p prelude, grown []byte, head, n int, err error) {
	for {
		if n == len(buf) {
			if n >= maxPrelude {
				return p, buf, 0, n, fmt.Errorf("the prelude has more than %d bytes", maxPrelude)
			}
			buf = append(buf, make([]byte, len(buf))...)
		}
		m, rerr := st.Read(buf[n:])
		from := max(0, n-len(preludeEnd)+1)
		n += m
		if i := bytes.Index(buf[from:n], preludeEnd); i >= 0 {
			end := from + i
			p, err = parsePrelude(buf[:end])
			if p.StatusCode == 0 {
				p.StatusCode = http.StatusOK
			}
			return p, buf, end + len(preludeEnd), n, err
		}
		if rerr == io.EOF {
			rerr = fmt.Errorf("the answer ended before its prelude did: %w", io.ErrUnexpectedEOF)
		}
		if rerr != nil {
			return p, buf, 0, n, rerr
		}
	}
}

// badAnswer is the error of a function whose answer can't be used.
func badAnswer(st *Stream, err error) error {
	if failed, ok := err.(*FunctionError); ok {
		return failed
	}
	return newFunctionError(st.RequestID, "Runtime.InvalidResponse", "%v", err)
}

// wholeAnswer applies the rules of payload 2.0 to an answer in memory: an object with
// statusCode describes the HTTP answer, other JSON is its body.
func wholeAnswer(w http.ResponseWriter, r *http.Request, st *Stream) {
	doc := st.whole
	var loose looseAnswer
	if err := json.Unmarshal(doc, &loose); err != nil || loose.StatusCode == nil {
		if !json.Valid(doc) {
			refuseURL(w, st.RequestID, badAnswer(st, fmt.Errorf("the answer isn't JSON")))
			return
		}
		writeBody(w, r, st, prelude{StatusCode: http.StatusOK}, doc)
		return
	}
	p, err := loose.prelude()
	body := []byte(plainText(loose.Body))
	if string(loose.Body) == "null" {
		body = nil
	}
	if err == nil && loose.IsBase64Encoded {
		body, err = base64.StdEncoding.DecodeString(string(body))
	}
	if err == nil && !validStatus(p.StatusCode) {
		err = fmt.Errorf("status %d", p.StatusCode)
	}
	if err != nil {
		refuseURL(w, st.RequestID, badAnswer(st, err))
		return
	}
	writeBody(w, r, st, p, body)
}

func writeBody(w http.ResponseWriter, r *http.Request, st *Stream, p prelude, body []byte) {
	writeHead(w, st.RequestID, p, "application/json")
	if bodyAllowed(r, p.StatusCode) {
		_, _ = w.Write(body) // a client that is gone
	}
}

// writeHead sends status and headers. Those of the connection are not the function's.
func writeHead(w http.ResponseWriter, requestID string, p prelude, contentType string) {
	h := w.Header()
	h["X-Amzn-Requestid"] = []string{requestID}
	for name, value := range p.Headers {
		switch name = http.CanonicalHeaderKey(name); name {
		case "Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Trailer":
		default:
			h[name] = []string{value}
		}
	}
	for _, cookie := range p.Cookies {
		h.Add("Set-Cookie", cookie)
	}
	if _, ok := h["Content-Type"]; !ok && bodyAllowed(nil, p.StatusCode) {
		h["Content-Type"] = []string{contentType}
	}
	w.WriteHeader(p.StatusCode)
}

func bodyAllowed(r *http.Request, status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified &&
		(r == nil || r.Method != http.MethodHead)
}

func validStatus(status int) bool { return status >= 200 && status <= 999 }
