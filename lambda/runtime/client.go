// Package runtime is the invocation loop of pack's functions: it speaks the
// Lambda Runtime API (2018-06-01), answers with streams, and asks for the next
// invocation when the post-response work of the last one is done.
//
// aws-lambda-go does the same through net/http's client, at several times the
// processor time per invocation (measured: docs/design.md), which is most of
// what an answer from the page cache costs. The local Lambda service is held
// against AWS's own clients, and this loop against the service.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
package runtime

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Header names of the Runtime API.
const (
	headerRequestID    = "Lambda-Runtime-Aws-Request-Id"
	headerDeadline     = "Lambda-Runtime-Deadline-Ms"
	headerTrace        = "Lambda-Runtime-Trace-Id"
	headerErrorType    = "Lambda-Runtime-Function-Error-Type"
	headerErrorBody    = "Lambda-Runtime-Function-Error-Body"
	headerResponseMode = "Lambda-Runtime-Function-Response-Mode"
	// headerAttempt names one attempt of a request. Who sends it back with an answer
	// cannot answer, having run out of time, the next attempt of the same id:
	// https://github.com/aws/aws-lambda-rust-runtime/issues/1155
	headerAttempt = "Lambda-Runtime-Invocation-Id"

	// headerPipelining is sent by pack's own Lambda service with an invocation:
	// the request for the next one may follow an answer without waiting for its
	// 202. AWS does not send it, and is never treated so (RFC 9112, 9.3.2).
	headerPipelining = "Pack-Runtime-Pipelining"

	base = "/2018-06-01/runtime"
)

// invocation is one piece of work, as GET /invocation/next hands it out.
type invocation struct {
	id       string
	attempt  string // empty where the service names none
	trace    string
	deadline time.Time
	payload  []byte
}

// client is one connection to the Runtime API, used for one request at a time.
type client struct {
	address string
	conn    io.ReadWriteCloser
	in      *bufio.Reader
	out     *bufio.Writer
	// pipelining: the service said that it takes requests back to back.
	pipelining bool
	// asked: the request for the next invocation is under way.
	asked bool
}

// errClosed is returned when the service closed an idle connection.
var errClosed = errors.New("connection to the Runtime API closed")

func (c *client) connect() error {
	if c.conn != nil {
		return nil
	}
	conn, err := dial(c.address)
	if err != nil {
		return fmt.Errorf("connect to the Runtime API: %w", err)
	}
	c.conn, c.in, c.out = conn, bufio.NewReaderSize(conn, 16<<10), bufio.NewWriterSize(conn, 64<<10)
	return nil
}

// dial connects without the runtime's poller: this program waits for one
// connection at a time, and a read that blocks its thread costs a third of one
// that goes through epoll and the scheduler.
func dial(address string) (io.ReadWriteCloser, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.(*net.TCPConn).File()
}

func (c *client) drop() {
	if c.conn != nil {
		c.conn.Close()
		c.conn, c.asked = nil, false
	}
}

// next waits for an invocation. An idle connection that the service closed is
// replaced once.
func (c *client) next() (*invocation, error) {
	i, err := c.tryNext()
	if errors.Is(err, errClosed) {
		i, err = c.tryNext()
	}
	return i, err
}

func (c *client) tryNext() (*invocation, error) {
	if err := c.connect(); err != nil {
		return nil, err
	}
	if !c.asked {
		c.ask()
		if err := c.out.Flush(); err != nil {
			c.drop()
			return nil, errClosed
		}
	}
	c.asked = false
	if _, err := c.in.Peek(1); err != nil {
		c.drop()
		return nil, errClosed
	}
	response, body, err := c.response()
	if err != nil {
		return nil, err
	}
	c.pipelining = response.Header.Get(headerPipelining) != ""
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("next invocation: status %d: %s", response.StatusCode, body)
	}
	i := &invocation{
		id: response.Header.Get(headerRequestID), attempt: response.Header.Get(headerAttempt),
		trace: response.Header.Get(headerTrace), payload: body,
	}
	if i.id == "" {
		return nil, fmt.Errorf("next invocation: %s is missing", headerRequestID)
	}
	if ms, err := strconv.ParseInt(response.Header.Get(headerDeadline), 10, 64); err == nil {
		i.deadline = time.UnixMilli(ms)
	}
	return i, nil
}

// ask writes the request for the next invocation.
func (c *client) ask() {
	c.requestLine(http.MethodGet, "/invocation/next")
	c.line("", "")
}

// respond streams an answer and waits until the service has taken it. The
// error is for the log: the invocation is over either way. idle is asked at the
// answer's end whether nothing is left to do.
func (c *client) respond(i *invocation, contentType string, next func() (p []byte, done bool, err error), idle func() bool) error {
	if err := c.connect(); err != nil {
		return err
	}
	c.answerLine(i, "/response")
	c.line("Content-Type", contentType)
	c.line(headerResponseMode, "streaming")
	c.line("Transfer-Encoding", "chunked")
	c.line("Trailer", headerErrorType+", "+headerErrorBody)
	c.line("", "")
	for {
		p, done, err := next()
		if len(p) > 0 {
			c.chunk(p)
		}
		if err != nil {
			c.out.WriteString("0\r\n")
			c.line(headerErrorType, "Runtime.StreamError")
			c.line(headerErrorBody, encodeErrorTrailer("Runtime.StreamError", err))
			c.line("", "")
			done = true
		} else if done {
			c.out.WriteString("0\r\n\r\n")
			if c.pipelining && idle() {
				c.ask()
				c.asked = true
			}
		}
		if failed := c.out.Flush(); failed != nil {
			c.drop()
			return fmt.Errorf("send response: %w", failed)
		}
		if done {
			break
		}
	}
	return c.accepted("send response")
}

// respondWhole sends an answer in one piece.
func (c *client) respondWhole(i *invocation, answer []byte) error {
	return c.post("send response", i, "/response", answer, "Content-Type", "application/json")
}

// fail reports an invocation that has no answer.
func (c *client) fail(i *invocation, kind string, cause error) error {
	return c.post("send error", i, "/error", encodeError(kind, cause),
		"Content-Type", "application/vnd.aws.lambda.error+json", headerErrorType, kind)
}

// post answers an invocation with a body, and a header of names and values.
func (c *client) post(doing string, i *invocation, action string, body []byte, header ...string) error {
	if err := c.connect(); err != nil {
		return err
	}
	c.answerLine(i, action)
	for at := 0; at < len(header); at += 2 {
		c.line(header[at], header[at+1])
	}
	c.line("Content-Length", strconv.Itoa(len(body)))
	c.line("", "")
	c.out.Write(body)
	if err := c.out.Flush(); err != nil {
		c.drop()
		return fmt.Errorf("%s: %w", doing, err)
	}
	return c.accepted(doing)
}

func (c *client) accepted(what string) error {
	response, body, err := c.response()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if response.StatusCode != http.StatusAccepted {
		return &StatusError{Doing: what, Status: response.StatusCode, Body: string(body)}
	}
	return nil
}

// StatusError is a refusal by the Runtime API. 500 means that the process has
// to end.
type StatusError struct {
	Doing  string
	Status int
	Body   string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s: status %d: %s", e.Doing, e.Status, e.Body)
}

func (c *client) response() (*http.Response, []byte, error) {
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.drop()
		return nil, nil, fmt.Errorf("read from the Runtime API: %w", err)
	}
	var body []byte
	if response.ContentLength > 0 {
		body = make([]byte, response.ContentLength)
		_, err = io.ReadFull(response.Body, body)
	} else {
		body, err = io.ReadAll(response.Body)
	}
	response.Body.Close()
	if err != nil {
		c.drop()
		return nil, nil, fmt.Errorf("read from the Runtime API: %w", err)
	}
	if response.Close {
		c.drop()
	}
	return response, body, nil
}

func (c *client) requestLine(method, path string) {
	c.out.WriteString(method)
	c.out.WriteString(" " + base)
	c.out.WriteString(path)
	c.out.WriteString(" HTTP/1.1\r\nHost: ")
	c.out.WriteString(c.address)
	c.out.WriteString("\r\nUser-Agent: pack\r\n")
}

// answerLine begins an answer to an invocation.
func (c *client) answerLine(i *invocation, action string) {
	c.requestLine(http.MethodPost, "/invocation/"+i.id+action)
	if i.attempt != "" {
		c.line(headerAttempt, i.attempt)
	}
}

// line writes one header field, or the empty line after the last.
func (c *client) line(name, value string) {
	if name != "" {
		c.out.WriteString(name)
		c.out.WriteString(": ")
		c.out.WriteString(value)
	}
	c.out.WriteString("\r\n")
}

func (c *client) chunk(p []byte) {
	var size [20]byte
	c.out.Write(append(strconv.AppendInt(size[:0], int64(len(p)), 16), '\r', '\n'))
	c.out.Write(p)
	c.out.WriteString("\r\n")
}
