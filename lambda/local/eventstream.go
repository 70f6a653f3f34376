package local

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream/eventstreamapi"
)

// invokeStream answers with an event stream: PayloadChunk for every piece that the
// function writes, then InvokeComplete, which also carries what went wrong.
func (s *Service) invokeStream(w http.ResponseWriter, r *http.Request, inv *invocation) {
	st, err := s.invoke(r.Context(), inv)
	var failed *FunctionError
	if err != nil && !errors.As(err, &failed) {
		invokeFailed(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
	w.WriteHeader(http.StatusOK)
	events := &eventWriter{w: w, flusher: http.NewResponseController(w), encoder: eventstream.NewEncoder()}
	if st != nil {
		if err = events.chunks(st); err != nil && !errors.As(err, &failed) { // the client is gone
			_ = st.Close()
			return
		}
	}
	_ = events.complete(failed)
}

type eventWriter struct {
	w       io.Writer
	flusher *http.ResponseController
	encoder *eventstream.Encoder
}

func (e *eventWriter) chunks(st *Stream) error {
	b := getBuffer()
	defer b.free()
	buf := b.bytes[:cap(b.bytes)]
	for {
		if !st.more() {
			_ = e.flusher.Flush()
		}
		n, err := st.Read(buf)
		if n > 0 {
			if werr := e.send("PayloadChunk", "application/octet-stream", buf[:n]); werr != nil {
				return werr
			}
		}
		switch err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}

func (e *eventWriter) complete(failed *FunctionError) error {
	var end struct {
		ErrorCode    string `json:",omitempty"`
		ErrorDetails string `json:",omitempty"`
	}
	if failed != nil {
		end.ErrorCode, end.ErrorDetails = "Unhandled", string(failed.Payload)
	}
	doc, _ := json.Marshal(end) // two strings always marshal
	return e.send("InvokeComplete", "application/json", doc)
}

func (e *eventWriter) send(kind, contentType string, payload []byte) error {
	m := eventstream.Message{Payload: payload}
	m.Headers.Set(eventstreamapi.MessageTypeHeader, eventstream.StringValue(eventstreamapi.EventMessageType))
	m.Headers.Set(eventstreamapi.EventTypeHeader, eventstream.StringValue(kind))
	m.Headers.Set(eventstreamapi.ContentTypeHeader, eventstream.StringValue(contentType))
	return e.encoder.Encode(e.w, m)
}
