package local

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// maxPayload is AWS's limit of an event, in bytes.
const maxPayload = 6 << 20

// URL is the function URL of one function, in response streaming mode: it makes the
// payload 2.0 event of each request and streams the answer out. The function may be
// added later or replaced. What the function does wrong is a 502, as on AWS, also a
// timeout; where the answer has begun, the connection breaks off with
// http.ErrAbortHandler. A client that goes away does not stop the function.
func (s *Service) URL(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serveURL(w, r, name) })
}

func (s *Service) serveURL(w http.ResponseWriter, r *http.Request, name string) {
	inv := &invocation{
		name:    name,
		id:      newRequestID(),
		trace:   headerText(r.Header.Get("X-Amzn-Trace-Id")),
		maxWait: s.opts.MaxWait,
	}
	if inv.trace == "" {
		inv.trace = newTrace()
	}
	body, err := requestBody(w, r)
	defer body.free()
	if err != nil {
		refuseURL(w, inv.id, err)
		return
	}
	event := getBuffer()
	event.bytes = appendEvent(event.bytes, r, body.bytes, eventMeta{name, inv.id, inv.trace, time.Now()})
	if n := len(event.bytes); n > maxPayload {
		event.free()
		refuseURL(w, inv.id, &TooLargeError{Size: n, Limit: maxPayload})
		return
	}
	inv.payload = event
	st, err := s.invoke(context.Background(), inv)
	if err != nil {
		refuseURL(w, inv.id, err)
		return
	}
	if st.Streamed {
		streamAnswer(w, r, st)
		return
	}
	wholeAnswer(w, r, st)
}

// requestBody reads what an event may hold. The buffer is never nil.
func requestBody(w http.ResponseWriter, r *http.Request) (*buffer, error) {
	b := getBuffer()
	if r.ContentLength == 0 || r.Body == nil {
		return b, nil
	}
	if r.ContentLength > maxPayload {
		return b, &TooLargeError{Size: int(r.ContentLength), Limit: maxPayload}
	}
	var err error
	b.bytes, err = appendAll(b.bytes, http.MaxBytesReader(w, r.Body, maxPayload))
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return b, &TooLargeError{Size: maxPayload + 1, Limit: maxPayload}
	}
	return b, err
}

// headerText drops a header that could end a line of the Runtime API; net/http refuses
// such headers, but a Handler may be called with anything.
func headerText(v string) string {
	for i := range len(v) {
		if v[i] < ' ' || v[i] == 0x7f {
			return ""
		}
	}
	return v
}

// refuseURL answers in place of the function, in AWS's words.
func refuseURL(w http.ResponseWriter, requestID string, err error) {
	var (
		notFound  *NotFoundError
		throttled *ThrottledError
		tooLarge  *TooLargeError
		failed    *FunctionError
	)
	status, body := http.StatusInternalServerError, "Internal Server Error"
	switch {
	case errors.As(err, &notFound):
		status, body = http.StatusNotFound, `{"Message":"Not Found"}`
	case errors.As(err, &throttled):
		status, body = http.StatusTooManyRequests, `{"Message":"Rate Exceeded."}`
	case errors.As(err, &tooLarge):
		status, body = http.StatusRequestEntityTooLarge, `{"Message":"Request Entity Too Large"}`
	case errors.As(err, &failed):
		status = http.StatusBadGateway
	case errors.Is(err, ErrClosed):
		status, body = http.StatusServiceUnavailable, `{"Message":"Service Unavailable"}`
	case errors.Is(err, io.ErrUnexpectedEOF):
		status, body = http.StatusBadRequest, `{"Message":"Bad Request"}`
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Amzn-Requestid", requestID)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // a client that is gone
}
