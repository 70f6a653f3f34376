package tests_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// answerPatience is how long any answer may take to be complete, on a machine that has
// more to do than these tests.
const answerPatience = 2 * time.Minute

// request is an HTTP request as it goes over the wire: the target is sent as it
// stands, however wrong it is.
type request struct {
	method, target string
	// header holds "Name: value" lines, sent in this order; one for Host stands
	// in place of the server's address.
	header []string
	body   string
}

func (q request) String() string {
	text := q.method + " " + q.target
	for _, line := range q.header {
		if name, value, _ := strings.Cut(line, ": "); len(value) > 100 {
			line = name + ": " + value[:100] + "…"
		}
		text += " [" + line + "]"
	}
	if q.body != "" {
		text += fmt.Sprintf(" (body of %d bytes)", len(q.body))
	}
	return text
}

// with gives the request with further headers.
func (q request) with(lines ...string) request {
	q.header = append(q.header[:len(q.header):len(q.header)], lines...)
	return q
}

func get(target string, header ...string) request {
	return request{method: http.MethodGet, target: target, header: header}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// send makes one request on a connection of its own and reads all of the answer.
// A body that breaks off is an error; the answer then holds what came.
func (s *server) send(q request) (*answer, error) { return send(s.host(), q) }

func send(host string, q request) (*answer, error) {
	conn, err := net.DialTimeout("tcp", host, 10*time.Second)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(answerPatience))
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\n", q.method, q.target)
	if !slices.ContainsFunc(q.header, func(line string) bool { return strings.HasPrefix(line, "Host: ") }) {
		text.WriteString("Host: " + host + "\r\n")
	}
	for _, line := range q.header {
		text.WriteString(line + "\r\n")
	}
	if q.body != "" || q.method == http.MethodPost || q.method == http.MethodPut || q.method == http.MethodPatch {
		fmt.Fprintf(&text, "Content-Length: %d\r\n", len(q.body))
	}
	text.WriteString("\r\n" + q.body)
	if _, err := io.WriteString(conn, text.String()); err != nil {
		return nil, fmt.Errorf("%s: write: %w", q, err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: q.method})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", q, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	a := &answer{status: response.StatusCode, header: response.Header, body: string(body)}
	if err != nil {
		return a, fmt.Errorf("%s: read body after %d bytes: %w", q, len(body), err)
	}
	return a, nil
}

// must sends a request that has to be answered with the given status.
func (s *server) must(t testing.TB, q request, status int) *answer {
	t.Helper()
	a, err := s.send(q)
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	if a.status != status {
		t.Fatalf("%s: %s: status %d, want %d; body: %.300s", s.name, q, a.status, status, a.body)
	}
	return a
}

// eventually polls until the condition says nothing, and fails with what it
// said last when the patience is over.
func eventually(t testing.TB, patience time.Duration, condition func() (complaint string)) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		complaint := condition()
		if complaint == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still so after %s: %s", patience, complaint)
		}
		time.Sleep(25 * time.Millisecond)
	}
}
