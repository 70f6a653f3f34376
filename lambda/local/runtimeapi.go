package local

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Headers, trailers and paths of the Runtime API. See
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
const (
	headerRequestID     = "Lambda-Runtime-Aws-Request-Id"
	headerDeadline      = "Lambda-Runtime-Deadline-Ms"
	headerFunctionARN   = "Lambda-Runtime-Invoked-Function-Arn"
	headerTrace         = "Lambda-Runtime-Trace-Id"
	headerClientContext = "Lambda-Runtime-Client-Context"
	headerResponseMode  = "Lambda-Runtime-Function-Response-Mode"
	headerErrorType     = "Lambda-Runtime-Function-Error-Type" // also a trailer
	headerErrorBody     = "Lambda-Runtime-Function-Error-Body" // trailer, base64
	// headerPipelining is not AWS's. It tells a runtime that it may send the request
	// for more work right behind an answer, without waiting for the answer's 202: that
	// saves each side a system call and a switch between processes per invocation.
	headerPipelining = "Pack-Runtime-Pipelining"

	runtimePath    = "/2018-06-01/runtime/"
	nextPath       = runtimePath + "invocation/next"
	invocationPath = runtimePath + "invocation/"
	initErrorPath  = runtimePath + "init/error"
)

// maxBuffered is AWS's limit of an answer that is not streamed, in bytes: 6 MiB and
// something for the envelope. maxErrorBody is ours.
const (
	maxBuffered  = 6<<20 + 100
	maxErrorBody = 1 << 20
)

// runtimeConn is one connection of a runtime. Requests are parsed by net/http, but the
// loop is ours: a connection that waits for work is written to by whoever brings some,
// which saves two switches between goroutines per invocation.
type runtimeConn struct {
	in   *instance
	nc   net.Conn
	br   *bufio.Reader
	head []byte // scratch for answers
	owed bool   // a 202 goes out with what is written next
	peek func(fd uintptr)
	left int // bytes that peek saw
}

// accept serves the Runtime API of one instance until its listener is closed.
func (in *instance) accept(l net.Listener) {
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		in.mu.Lock()
		dead := in.state == stateDead
		if !dead {
			in.conns[nc] = struct{}{}
		}
		in.mu.Unlock()
		if dead {
			_ = nc.Close()
			continue
		}
		c := &runtimeConn{in: in, nc: nc, br: bufio.NewReaderSize(nc, 16<<10)}
		c.peek = func(fd uintptr) { c.left = pendingBytes(fd) }
		in.svc.wg.Go(c.serve)
	}
}

func (c *runtimeConn) serve() {
	defer func() {
		c.in.unpark(c)
		_ = c.nc.Close()
		c.in.mu.Lock()
		delete(c.in.conns, c.nc)
		c.in.mu.Unlock()
	}()
	for {
		req, err := http.ReadRequest(c.br)
		if err != nil {
			return
		}
		if c.owed && req.URL.Path != nextPath && c.settleDebt() != nil {
			return
		}
		if req.Header.Get("Expect") != "" { // curl, for longer bodies
			if _, err := io.WriteString(c.nc, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
				return
			}
		}
		if !c.route(req) || req.Close {
			return
		}
	}
}

// route answers one request; false closes the connection.
func (c *runtimeConn) route(req *http.Request) bool {
	path := req.URL.Path
	want := http.MethodPost
	if path == nextPath {
		want = http.MethodGet
	}
	id, action, _ := strings.Cut(strings.TrimPrefix(path, invocationPath), "/")
	answers := strings.HasPrefix(path, invocationPath) && (action == "response" || action == "error")
	switch {
	case path != nextPath && path != initErrorPath && !answers:
		return c.reject(req, http.StatusNotFound, "NotFound", "There is no such resource")
	case req.Method != want:
		return c.reject(req, http.StatusMethodNotAllowed, "MethodNotAllowed", "The resource wants "+want)
	case path == nextPath:
		return c.next(req)
	case path == initErrorPath:
		return c.initError(req)
	case action == "error":
		return c.invocationError(req, id)
	default:
		return c.response(req, id)
	}
}

// sendInvocation answers the request for work that this connection is waiting with.
func (c *runtimeConn) sendInvocation(inv *invocation, deadline time.Time) error {
	h := c.head[:0]
	if c.owed {
		c.owed = false
		h = append(h, acceptedAnswer...)
	}
	h = append(h, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"+headerPipelining+": yes\r\n"+headerRequestID+": "...)
	h = append(h, inv.id...)
	h = append(h, "\r\n"+headerDeadline+": "...)
	h = strconv.AppendInt(h, deadline.UnixMilli(), 10)
	h = append(h, "\r\n"+headerFunctionARN+": "...)
	h = append(h, c.in.fn.arn...)
	h = append(h, "\r\n"+headerTrace+": "...)
	h = append(h, inv.trace...)
	if inv.clientContext != "" {
		h = append(h, "\r\n"+headerClientContext+": "...)
		h = append(h, inv.clientContext...)
	}
	h = append(h, "\r\nContent-Length: "...)
	h = strconv.AppendInt(h, int64(len(inv.payload.bytes)), 10)
	h = append(h, "\r\n\r\n"...)
	if len(inv.payload.bytes) <= 16<<10 { // one write is cheaper than no copy
		h = append(h, inv.payload.bytes...)
		c.head = h
		_, err := c.nc.Write(h)
		return err
	}
	c.head = h
	both := net.Buffers{h, inv.payload.bytes}
	_, err := both.WriteTo(c.nc)
	return err
}

const acceptedAnswer = "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n"

// accepted answers 202: at once, or together with the next invocation when the
// request for it is there already.
func (c *runtimeConn) accepted() bool {
	if c.br.Buffered() > 0 {
		c.owed = true
		return true
	}
	_, err := io.WriteString(c.nc, acceptedAnswer)
	return err == nil
}

// settleDebt writes a 202 that is owed.
func (c *runtimeConn) settleDebt() error {
	if !c.owed {
		return nil
	}
	c.owed = false
	_, err := io.WriteString(c.nc, acceptedAnswer)
	return err
}

// tooLarge refuses a body after reading it to its end, because a runtime that still
// writes would not see the answer.
func (c *runtimeConn) tooLarge(req *http.Request, limit int) bool {
	_, err := io.Copy(io.Discard, req.Body)
	return c.refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
		"Exceeded maximum allowed payload size ("+strconv.Itoa(limit)+" bytes).") && err == nil
}

// reject answers with an error and reads the rest of the request.
func (c *runtimeConn) reject(req *http.Request, status int, kind, message string) bool {
	n, err := io.Copy(io.Discard, io.LimitReader(req.Body, maxBuffered))
	return c.refuse(status, kind, message) && err == nil && n < maxBuffered
}

func (c *runtimeConn) refuse(status int, kind, message string) bool {
	doc, _ := json.Marshal(struct { // two strings always marshal
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{message, kind})
	if err := c.settleDebt(); err != nil {
		return false
	}
	_, err := io.WriteString(c.nc, "HTTP/1.1 "+strconv.Itoa(status)+" "+http.StatusText(status)+
		"\r\nContent-Type: application/json\r\nContent-Length: "+strconv.Itoa(len(doc))+"\r\n\r\n"+string(doc))
	return err == nil
}
