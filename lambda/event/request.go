// Package event turns Lambda invocations into HTTP: a function URL's event
// (payload format 2.0) into an *http.Request, and what an http.Handler writes
// into a streamed response with the http-integration prelude. Work that a
// handler leaves for after the response runs once the caller has everything.
//
// Sources: AWS Lambda Developer Guide, "Invoking Lambda function URLs"
// (payload format) and "Response streaming for Lambda functions".
package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// payload is format 2.0, less what nothing here reads.
type payload struct {
	Version        string            `json:"version"`
	RawPath        string            `json:"rawPath"`
	RawQueryString string            `json:"rawQueryString"`
	Cookies        []string          `json:"cookies,omitempty"`
	Headers        map[string]string `json:"headers"`
	RequestContext requestContext    `json:"requestContext"`
	Body           string            `json:"body,omitempty"`
	IsBase64       bool              `json:"isBase64Encoded"`
	// Call is pack's own: only who may invoke the function by name can set a
	// top-level field, a function URL's caller cannot.
	Call *Call `json:"pack,omitempty"`
}

type requestContext struct {
	HTTP       requestLine `json:"http"`
	RequestID  string      `json:"requestId,omitempty"`
	DomainName string      `json:"domainName,omitempty"`
}

type requestLine struct {
	Method   string `json:"method"`
	Path     string `json:"path"`
	Protocol string `json:"protocol,omitempty"`
	SourceIP string `json:"sourceIp,omitempty"`
}

// Call is what one of pack's functions tells another beside the HTTP request.
type Call struct {
	// Entry is the manifest.Entry.Pathname that shall answer.
	Entry string `json:"entry,omitempty"`
	// InitURL is the absolute address that the viewer asked for, before any
	// rewrite.
	InitURL string `json:"initUrl,omitempty"`
	// Meta is more of Next's requestMeta.
	Meta map[string]any `json:"meta,omitempty"`
	// Trusted marks headers that Next reserves for the platform as pack's own;
	// without it the gateway drops them.
	Trusted bool `json:"trusted,omitempty"`
	// Pinned marks a viewer's request that another release's gateway has handed
	// over: this one answers it, whatever it names.
	Pinned bool `json:"pinned,omitempty"`
	// Deployment is the one whose request it is: the pages that the function
	// reads and writes are below its id. A function that two deployments have
	// in common is one function.
	Deployment string `json:"deployment,omitempty"`
	// Gateway is the gateway ("name:version") of the release that calls, which
	// the function asks in its turn.
	Gateway string `json:"gateway,omitempty"`
}

// Copy is a Call of the same, to be changed; nil is an empty one.
func (c *Call) Copy() Call {
	if c == nil {
		return Call{}
	}
	return *c
}

// functionURL is what the host names of AWS's function URLs have behind the
// function's own part.
const functionURL = ".lambda-url."

// parse makes the request of an invocation. Bodies are in memory already. direct says
// that a function URL of AWS passes the answer on, and not one of pack's functions.
func parse(raw []byte) (r *http.Request, call *Call, direct bool, err error) {
	p, body, err := decode(raw)
	if err != nil {
		return nil, nil, false, err
	}
	line := p.RequestContext.HTTP
	if line.Method == "" {
		return nil, nil, false, fmt.Errorf("decode event: requestContext.http.method is missing; this function answers function URL events, payload format 2.0")
	}
	path := p.RawPath
	if path == "" {
		path = "/"
	}
	// Function URLs make a space of a query's plus sign, which would end the address in
	// a request line: https://github.com/aws/aws-lambda-web-adapter/issues/491
	target, query := path, strings.ReplaceAll(p.RawQueryString, " ", "+")
	if query != "" {
		target += "?" + query
	}
	header := make(http.Header, len(p.Headers)+1)
	for name, value := range p.Headers {
		header[http.CanonicalHeaderKey(name)] = []string{value}
	}
	if len(p.Cookies) > 0 {
		header["Cookie"] = []string{strings.Join(p.Cookies, "; ")}
	}
	host := header.Get("Host")
	if host == "" {
		host = p.RequestContext.DomainName
	}
	delete(header, "Host")
	r = &http.Request{
		Method:        line.Method,
		URL:           location(path, query),
		RequestURI:    target,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Host:          host,
		RemoteAddr:    line.SourceIP,
		ContentLength: int64(len(body)),
		Body:          http.NoBody,
	}
	if len(body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return r, p.Call, p.Call == nil && strings.Contains(p.RequestContext.DomainName, functionURL), nil
}

// location keeps the path as the viewer wrote it, also where it is no valid
// URL: refusing is the router's to do.
func location(path, query string) *url.URL {
	decoded, err := url.PathUnescape(path)
	if err != nil {
		decoded = path
	}
	return &url.URL{Path: decoded, RawPath: path, RawQuery: query}
}

// Encode makes the event of a request that one function sends to another. The
// body is read whole: Lambda takes no streams in.
func Encode(r *http.Request, call *Call) ([]byte, error) {
	p := payload{
		Version:        "2.0",
		RawPath:        r.URL.EscapedPath(),
		RawQueryString: r.URL.RawQuery,
		Headers:        make(map[string]string, len(r.Header)+1),
		Call:           call,
	}
	if r.URL.RawPath != "" {
		p.RawPath = r.URL.RawPath
	}
	p.RequestContext.HTTP = requestLine{Method: r.Method, Path: p.RawPath, Protocol: r.Proto, SourceIP: r.RemoteAddr}
	for name, values := range r.Header {
		separator := ","
		if name == "Cookie" {
			separator = "; "
		}
		p.Headers[strings.ToLower(name)] = strings.Join(values, separator)
	}
	if cookie, ok := p.Headers["cookie"]; ok {
		delete(p.Headers, "cookie")
		p.Cookies = strings.Split(cookie, "; ")
	}
	if r.Host != "" {
		p.Headers["host"] = r.Host
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	p.IsBase64 = len(body) > 0
	event, err := json.Marshal(p)
	if err != nil || len(body) == 0 {
		return event, err
	}
	return appendBody(event, body), nil
}
