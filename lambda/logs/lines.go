package logs

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Lines makes JSON lines of what a Node process writes: what it writes at once
// is one message where the lines belong together, as those of a stack trace do.
// Lines that are JSON objects already, from a logger of the app's, get the
// fields that they lack.
type Lines struct {
	Out io.Writer
	// Level is slog's: INFO for stdout, ERROR for stderr.
	Level string

	mu   sync.Mutex
	held []byte
}

// longestLine is where a line without an end is cut, in bytes: CloudWatch takes
// events of 1 MB and no more.
const longestLine = 256 << 10

// Write implements io.Writer. The process may be frozen in the middle of a line:
// what has no end waits for it.
func (l *Lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := append(l.held, p...)
	end := bytes.LastIndexByte(text, '\n') + 1
	if end == 0 && len(text) > longestLine {
		end = len(text)
	}
	whole := text[:end]
	var message []byte
	for len(whole) > 0 {
		line, rest, _ := bytes.Cut(whole, []byte("\n"))
		whole = rest
		if len(message) > 0 && (!continues(line) || len(message) > longestLine) {
			l.message(message)
			message = nil
		}
		if len(message) > 0 {
			message = append(message, '\n')
		}
		message = append(message, line...)
	}
	if len(message) > 0 {
		l.message(message)
	}
	l.held = append([]byte(nil), text[end:]...)
	return len(p), nil
}

// continues reports whether a line belongs to the one before: it is indented, or
// closes what that opened.
func continues(line []byte) bool {
	return len(line) > 0 && strings.IndexByte(" \t}]", line[0]) >= 0
}

// fields are those of a line of text.
type fields struct {
	Time    string `json:"time"`
	Level   string `json:"level"`
	Message string `json:"msg"`
	Request string `json:"requestId,omitempty"`
	Route   string `json:"route,omitempty"`
}

func (l *Lines) message(text []byte) {
	if len(bytes.TrimSpace(text)) == 0 {
		return
	}
	var line []byte
	if object := completed(text); object != nil {
		line = object
	} else {
		line, _ = json.Marshal(fields{ // strings always marshal
			Time: time.Now().UTC().Format(time.RFC3339Nano), Level: l.Level, Message: valid(text),
			Request: current(&request), Route: current(&route),
		})
	}
	_, _ = l.Out.Write(append(line, '\n')) // nobody to tell that logs can't be written
}

func valid(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	return strings.ToValidUTF8(string(text), "\uFFFD")
}

// completed returns a JSON object with the request and the route in it; nil for
// what is none.
func completed(text []byte) []byte {
	trimmed := bytes.TrimSpace(text)
	if len(trimmed) < 2 || trimmed[0] != '{' || !json.Valid(trimmed) {
		return nil
	}
	var has map[string]json.RawMessage
	if json.Unmarshal(trimmed, &has) != nil {
		return nil
	}
	var more []byte
	for _, f := range []struct{ name, value string }{{RequestField, current(&request)}, {RouteField, current(&route)}} {
		if _, there := has[f.name]; there || f.value == "" {
			continue
		}
		value, _ := json.Marshal(f.value)
		more = append(append(append(append(more, '"'), f.name...), `":`...), value...)
		more = append(more, ',')
	}
	if len(has) == 0 {
		more = bytes.TrimSuffix(more, []byte(","))
	}
	// It may be written over several lines, and a line is an event.
	var compact bytes.Buffer
	if json.Compact(&compact, append(append([]byte{'{'}, more...), trimmed[1:]...)) != nil {
		return nil
	}
	return compact.Bytes()
}
