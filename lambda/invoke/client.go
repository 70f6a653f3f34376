// Package invoke calls one of pack's functions from another one, over Lambda's
// InvokeWithResponseStream.
//
// The request and the answer are spoken here and not through the SDK's Lambda
// client: that would add a third to the size, and so to the cold start, of the
// gateway. Signing and the event stream's encoding are the SDK's.
// https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
package invoke

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream/eventstreamapi"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"pack/lambda/event"
	"pack/manifest"
)

// Client invokes functions of one region.
type Client struct {
	// Endpoint is the Lambda API's address, such as
	// https://lambda.eu-central-1.amazonaws.com.
	Endpoint string
	Region   string
	// Credentials sign the requests; nil sends them unsigned, which only a
	// local service takes.
	Credentials aws.CredentialsProvider
	// Prefix makes a deployment's names of functions into those on AWS
	// (manifest.LambdaName); empty where they are the same.
	Prefix string
	// HTTP is http.DefaultClient when nil.
	HTTP *http.Client
}

// Error is a refusal by the service or a failure of the function itself, with
// AWS's names: TooManyRequestsException, Runtime.ExitError and so on.
type Error struct {
	Function string
	// Status is the API's HTTP status, or 0 when the function failed.
	Status int
	Type   string
	Detail string
}

func (e *Error) Error() string {
	return fmt.Sprintf("invoke %s: %s: %s", e.Function, e.Type, e.Detail)
}

// Throttled reports whether trying again later may help.
func (e *Error) Throttled() bool { return e.Status == http.StatusTooManyRequests }

// Invoke sends r and call to a function ("name" or "name:version") and returns
// its answer as it streams in; the caller closes the body. Errors are *Error,
// ctx's, or the connection's.
func (c *Client) Invoke(ctx context.Context, function string, r *http.Request, call *event.Call) (*http.Response, error) {
	payload, err := event.Encode(r, call)
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", function, err)
	}
	name, qualifier, _ := strings.Cut(function, ":")
	if c.Prefix != "" {
		name = manifest.LambdaName(c.Prefix, name)
	}
	address := strings.TrimSuffix(c.Endpoint, "/") + "/2021-11-15/functions/" + url.PathEscape(name) + "/response-streaming-invocations"
	if qualifier != "" {
		address += "?Qualifier=" + url.QueryEscape(qualifier)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", function, err)
	}
	request.Header.Set("Content-Type", "application/json")
	if err := c.sign(ctx, request, payload); err != nil {
		return nil, fmt.Errorf("invoke %s: %w", function, err)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", function, err)
	}
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		return nil, refusal(function, response)
	}
	return answer(function, r, response.Body)
}

func (c *Client) sign(ctx context.Context, r *http.Request, payload []byte) error {
	if c.Credentials == nil {
		return nil
	}
	credentials, err := c.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("get credentials: %w", err)
	}
	sum := sha256.Sum256(payload)
	return v4.NewSigner().SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), "lambda", c.Region, time.Now())
}

func refusal(function string, response *http.Response) error {
	var body struct{ Message, Type string }
	raw, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	_ = json.Unmarshal(raw, &body)
	kind, _, _ := strings.Cut(response.Header.Get("X-Amzn-Errortype"), ":")
	if kind == "" {
		kind = "UnknownError"
	}
	if body.Message == "" {
		body.Message = strings.TrimSpace(string(raw))
	}
	return &Error{Function: function, Status: response.StatusCode, Type: kind, Detail: body.Message}
}

// answer reads the prelude and leaves the rest of the stream to the caller.
func answer(function string, r *http.Request, body io.ReadCloser) (*http.Response, error) {
	s := &stream{function: function, body: body, decoder: eventstream.NewDecoder()}
	var head []byte
	for {
		if i := bytes.Index(head, event.PreludeEnd); i >= 0 {
			s.chunk = head[i+len(event.PreludeEnd):]
			head = head[:i]
			break
		}
		if len(head) > 1<<20 {
			body.Close()
			return nil, &Error{Function: function, Type: "InvalidResponse", Detail: "no prelude in the first MiB of the answer"}
		}
		chunk, err := s.next()
		if err == io.EOF {
			err = &Error{Function: function, Type: "InvalidResponse", Detail: "the answer ended inside its prelude"}
		}
		if err != nil {
			body.Close()
			return nil, err
		}
		head = append(head, chunk...)
	}
	var prelude struct {
		StatusCode int
		Headers    map[string]string
		Cookies    []string
	}
	if err := json.Unmarshal(head, &prelude); err != nil {
		body.Close()
		return nil, &Error{Function: function, Type: "InvalidResponse", Detail: "prelude: " + err.Error()}
	}
	response := &http.Response{
		StatusCode: prelude.StatusCode, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header, len(prelude.Headers)+1), Body: s, ContentLength: -1, Request: r,
	}
	for name, value := range prelude.Headers {
		response.Header.Set(name, value)
	}
	for _, cookie := range prelude.Cookies {
		response.Header.Add("Set-Cookie", cookie)
	}
	return response, nil
}

// stream is the body of an answer: the PayloadChunk events after the prelude.
type stream struct {
	function string
	body     io.ReadCloser
	decoder  *eventstream.Decoder
	buffer   []byte
	chunk    []byte
	end      error
}

func (s *stream) Read(p []byte) (int, error) {
	for len(s.chunk) == 0 {
		chunk, err := s.next()
		if err != nil {
			return 0, err
		}
		s.chunk = chunk
	}
	n := copy(p, s.chunk)
	s.chunk = s.chunk[n:]
	return n, nil
}

// next returns the following chunk, io.EOF after InvokeComplete, and an *Error
// when the function failed midway.
func (s *stream) next() ([]byte, error) {
	if s.end != nil {
		return nil, s.end
	}
	message, err := s.decoder.Decode(s.body, s.buffer[:0])
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		s.end = fmt.Errorf("invoke %s: %w", s.function, err)
		return nil, s.end
	}
	s.buffer = message.Payload
	if kind := text(message, eventstreamapi.MessageTypeHeader); kind == eventstreamapi.ExceptionMessageType {
		s.end = &Error{Function: s.function, Type: text(message, eventstreamapi.ExceptionTypeHeader), Detail: string(message.Payload)}
		return nil, s.end
	}
	switch text(message, eventstreamapi.EventTypeHeader) {
	case "PayloadChunk":
		return message.Payload, nil
	case "InvokeComplete":
		s.end = io.EOF
		var complete struct{ ErrorCode, ErrorDetails string }
		if len(message.Payload) > 0 {
			if err := json.Unmarshal(message.Payload, &complete); err != nil {
				s.end = fmt.Errorf("invoke %s: decode InvokeComplete: %w", s.function, err)
			}
		}
		if complete.ErrorCode != "" {
			s.end = &Error{Function: s.function, Type: complete.ErrorCode, Detail: complete.ErrorDetails}
		}
		return nil, s.end
	}
	return s.next()
}

func text(m eventstream.Message, name string) string {
	if v := m.Headers.Get(name); v != nil {
		return v.String()
	}
	return ""
}

// Close implements io.Closer. The function goes on to the end, as under AWS.
func (s *stream) Close() error { return s.body.Close() }
