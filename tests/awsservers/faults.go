//go:build unix

package awsservers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Fault is what happens to one request. The zero value lets it through.
type Fault struct {
	Kind Kind
	// Delay passes before anything else does.
	Delay time.Duration
	// Answer is what an Answered request gets.
	Answer Answer
	// Ahead is how far ahead of this machine's the clock of the server seems to be.
	Ahead time.Duration
}

// Kind is a way in which a request can fail.
type Kind int

const (
	// Passed: the request and its answer are let through.
	Passed Kind = iota
	// Reset: the connection is reset before the server hears of the request.
	Reset
	// Lost: the server does what is asked, and the connection is reset in place of the
	// answer.
	Lost
	// HalfRequest: the server gets half of the body and no end; the client a reset.
	HalfRequest
	// HalfAnswer: the client gets half of the answer's body and no end.
	HalfAnswer
	// Answered: the client gets Fault.Answer; the server hears nothing.
	Answered
	// Twice: the server gets the request twice, one after the other; the client the
	// second answer.
	Twice
	// Silent: nothing happens until the client gives up.
	Silent
)

// Answer is one of a server that is not asked.
type Answer struct {
	Status      int
	ContentType string
	Body        string
}

// SlowDown is S3's answer to too many requests.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func SlowDown() Fault {
	return Fault{Kind: Answered, Answer: Answer{http.StatusServiceUnavailable, "application/xml",
		`<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`}}
}

// Throttled is the answer of a JSON service to too many requests, of DynamoDB
// ProvisionedThroughputExceededException or ThrottlingException, of SQS
// RequestThrottled.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
func Throttled(exception string) Fault {
	return Fault{Kind: Answered, Answer: Answer{http.StatusBadRequest, "application/x-amz-json-1.0",
		fmt.Sprintf(`{"__type":"com.amazonaws#%s","message":"Rate exceeded"}`, exception)}}
}

// Faults stands before a server and breaks what it is told to.
type Faults struct {
	// Server is the way through.
	Server
	target    *url.URL
	transport *http.Transport

	mu      sync.Mutex
	decide  func(*http.Request) Fault
	seen    []string
	address string
	web     *http.Server
	serving sync.WaitGroup
}

// NewFaults opens a way to a server that ends with the test. It lets everything
// through at first.
func NewFaults(t testing.TB, server Server) *Faults {
	t.Helper()
	target, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	f := &Faults{target: target, transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 100}}
	if f.address, err = freeAddress(); err != nil {
		t.Fatal(err)
	}
	if err := f.listen(); err != nil {
		t.Fatal(err)
	}
	f.Server = reach(t, "http://"+f.address)
	t.Cleanup(func() {
		f.hangUp()
		f.transport.CloseIdleConnections()
	})
	return f
}

// Decide says what happens to each request from now on; nil is nothing. decide is
// called by one request at a time.
func (f *Faults) Decide(decide func(*http.Request) Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.decide = decide
}

// Next makes the next n requests fail, and lets through what follows.
func (f *Faults) Next(n int, fault Fault) {
	f.Decide(func(*http.Request) Fault {
		if n--; n < 0 {
			return Fault{}
		}
		return fault
	})
}

// Seen returns what was asked since it was last called, one line a request: method and
// path, and the operation where a header says it, as "POST / BatchGetItem".
func (f *Faults) Seen() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.seen
	f.seen = nil
	return seen
}

// Refuse hangs up on everyone and refuses connections until Accept.
func (f *Faults) Refuse() { f.hangUp() }

// Accept takes connections again after Refuse.
func (f *Faults) Accept() error { return f.listen() }

func (f *Faults) listen() error {
	listener, err := net.Listen("tcp", f.address)
	if err != nil {
		return err
	}
	web := &http.Server{Handler: f}
	f.mu.Lock()
	f.web = web
	f.mu.Unlock()
	f.serving.Go(func() { _ = web.Serve(listener) })
	return nil
}

func (f *Faults) hangUp() {
	f.mu.Lock()
	web := f.web
	f.mu.Unlock()
	_ = web.Close()
	f.serving.Wait()
}

// ServeHTTP takes one request.
func (f *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault := f.next(r)
	if fault.Delay > 0 {
		select {
		case <-time.After(fault.Delay):
		case <-r.Context().Done():
			return
		}
	}
	switch fault.Kind {
	case Reset:
		reset(w)
		return
	case Silent:
		_, _ = io.Copy(io.Discard, r.Body) // only then is the client's leaving seen
		<-r.Context().Done()
		return
	case Answered:
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", fault.Answer.ContentType)
		w.WriteHeader(fault.Answer.Status)
		_, _ = io.WriteString(w, fault.Answer.Body)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		reset(w)
		return
	}
	if fault.Kind == HalfRequest {
		_, _, _ = f.pass(r, io.MultiReader(bytes.NewReader(body[:len(body)/2]), broken{}), int64(len(body)))
		reset(w)
		return
	}
	answer, content, err := f.pass(r, bytes.NewReader(body), int64(len(body)))
	if err == nil && fault.Kind == Twice {
		answer, content, err = f.pass(r, bytes.NewReader(body), int64(len(body)))
	}
	if err != nil || fault.Kind == Lost {
		reset(w)
		return
	}
	header := w.Header()
	for name, values := range answer.Header {
		header[name] = values
	}
	if fault.Kind == HalfAnswer && len(content) > 1 {
		header.Set("Content-Length", fmt.Sprint(len(content)))
		content = content[:len(content)/2]
		defer panic(http.ErrAbortHandler) // ends the connection, and says nothing
	}
	if fault.Ahead != 0 {
		header.Set("Date", time.Now().Add(fault.Ahead).UTC().Format(http.TimeFormat))
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(content)
	if fault.Kind == HalfAnswer {
		_ = http.NewResponseController(w).Flush()
	}
}

// next notes a request and says what happens to it.
func (f *Faults) next(r *http.Request) Fault {
	line := r.Method + " " + r.URL.EscapedPath()
	if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		line += " " + operation
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, line)
	if f.decide == nil {
		return Fault{}
	}
	return f.decide(r)
}

// pass asks the server. The host stays the one that the client asked for: it is signed.
func (f *Faults) pass(r *http.Request, body io.Reader, length int64) (*http.Response, []byte, error) {
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host, out.RequestURI = f.target.Scheme, f.target.Host, ""
	out.Body, out.ContentLength, out.TransferEncoding = io.NopCloser(body), length, nil
	if length == 0 {
		out.Body = http.NoBody
	}
	answer, err := f.transport.RoundTrip(out)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	return answer, content, err
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken off") }

// reset ends a connection so that the client's next read or write of it fails.
func reset(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = connection.Close()
}
