package event

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// largeBody is from how many bytes on an event's body is taken out before the rest is
// decoded: encoding/json looks at each byte of a string several times.
const largeBody = 4 << 10

// decode is json.Unmarshal of an event, with the body decoded from base64.
func decode(raw []byte) (p payload, body []byte, err error) {
	if rest, encoded, ok := cutBody(raw); ok {
		if err := json.Unmarshal(rest, &p); err != nil {
			return p, nil, fmt.Errorf("decode event: %w", err)
		}
		if p.IsBase64 && p.Body == "" {
			body, err = decodeBase64(encoded)
			return p, body, err
		}
		p = payload{}
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return p, nil, fmt.Errorf("decode event: %w", err)
	}
	if !p.IsBase64 {
		return p, []byte(p.Body), nil
	}
	body, err = decodeBase64([]byte(p.Body))
	return p, body, err
}

func decodeBase64(encoded []byte) ([]byte, error) {
	body, err := base64.StdEncoding.AppendDecode(nil, encoded)
	if err != nil {
		return nil, fmt.Errorf("decode event: body: %w", err)
	}
	return body, nil
}

// cutBody returns an event with an empty body, and the body as it is written there,
// between its quotes. It gives up (ok is false) where the body is small or has escapes,
// and where the event is no JSON, which is for a decoder to say.
func cutBody(raw []byte) (rest, body []byte, ok bool) {
	if len(raw) < largeBody {
		return nil, nil, false
	}
	at := skipSpace(raw, 0)
	if at == len(raw) || raw[at] != '{' {
		return nil, nil, false
	}
	for at < len(raw) && raw[at] != '}' {
		name := skipSpace(raw, at+1)
		colon := skipSpace(raw, skipValue(raw, name))
		value := skipSpace(raw, colon+1)
		if value >= len(raw) || raw[name] != '"' || raw[colon] != ':' {
			return nil, nil, false
		}
		end := skipValue(raw, value)
		if raw[value] == '"' && string(raw[name+1:colon]) == `body"` {
			if end-value < largeBody || raw[end-1] != '"' || bytes.IndexByte(raw[value:end], '\\') >= 0 {
				return nil, nil, false
			}
			rest = append(make([]byte, 0, len(raw)-(end-value)+2), raw[:value]...)
			return append(append(rest, `""`...), raw[end:]...), raw[value+1 : end-1], true
		}
		at = skipSpace(raw, end)
	}
	return nil, nil, false
}

func skipSpace(raw []byte, at int) int {
	for at < len(raw) && (raw[at] == ' ' || raw[at] == '\n' || raw[at] == '\t' || raw[at] == '\r') {
		at++
	}
	return at
}

// skipValue returns where the JSON value that begins at at ends, or len(raw).
func skipValue(raw []byte, at int) int {
	depth := 0
	for at < len(raw) {
		switch raw[at] {
		case '"':
			at = skipString(raw, at)
			if depth == 0 {
				return at
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return at // of what this value is in
			}
			if depth--; depth == 0 {
				return at + 1
			}
		case ',':
			if depth == 0 {
				return at
			}
		}
		at++
	}
	return at
}

// skipString returns what is behind the closing quote of the string at at.
func skipString(raw []byte, at int) int {
	at++
	for at < len(raw) {
		quote := bytes.IndexByte(raw[at:], '"')
		if quote < 0 {
			return len(raw)
		}
		escape := bytes.IndexByte(raw[at:at+quote], '\\')
		if escape < 0 {
			return at + quote + 1
		}
		at += escape + 2
	}
	return len(raw)
}

// appendBody adds a body to an event that was encoded without one, as base64: what JSON
// need not escape.
func appendBody(event, body []byte) []byte {
	const before, after = `,"body":"`, `"}`
	whole := make([]byte, 0, len(event)+len(before)+len(after)+base64.StdEncoding.EncodedLen(len(body)))
	whole = append(whole, event[:len(event)-1]...)
	whole = append(whole, before...)
	whole = base64.StdEncoding.AppendEncode(whole, body)
	return append(whole, after...)
}

// readBody reads a request's body, which may be absent.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	var body bytes.Buffer
	if r.ContentLength > 0 && r.ContentLength <= maxPayload {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	if _, err := io.Copy(&body, r.Body); err != nil {
		return nil, fmt.Errorf("read request body: %w", err)
	}
	return body.Bytes(), nil
}

// maxPayload is Lambda's limit of a synchronous invocation's payload, in bytes.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxPayload = 6 << 20
