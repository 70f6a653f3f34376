package invoke

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream/eventstreamapi"

	"pack/lambda/event"
)

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
