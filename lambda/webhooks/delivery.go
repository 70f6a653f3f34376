package webhooks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pack/manifest"
)

// Delivery is one webhook as it came in: what signatures are made of.
type Delivery struct {
	Method string
	// Target is the path and the query as the sender wrote them.
	Target string
	Header http.Header
	// Body is raw: signatures are over its bytes.
	Body []byte
	// Received is when it came in, by this machine's clock.
	Received time.Time
}

// query gives one parameter of the target.
func (d *Delivery) query(name string) string {
	_, raw, _ := strings.Cut(d.Target, "?")
	values, err := url.ParseQuery(raw)
	if err != nil {
		return ""
	}
	return values.Get(name)
}

// Message decodes the delivery for the expressions of pack.json: JSON, a form,
// or, failing both, the body as text.
func (e *Endpoint) Message(d *Delivery) *manifest.Message {
	m := &manifest.Message{Name: e.hook.Name, Body: decode(d), Headers: make(map[string]string, len(d.Header))}
	for name, values := range d.Header {
		m.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	m.Event = e.sender.eventOf(d.Header, m.Body)
	return m
}

// decode reads a body. GitHub can be told to send its JSON as the form field
// "payload"; WooCommerce sends a form when a webhook is made.
func decode(d *Delivery) any {
	if kind, _, _ := mime.ParseMediaType(d.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		if values, err := url.ParseQuery(string(d.Body)); err == nil {
			if payload := values.Get("payload"); len(values) == 1 && payload != "" {
				if body, err := decodeJSON([]byte(payload)); err == nil {
					return body
				}
			}
			return formBody(values)
		}
	}
	if body, err := decodeJSON(d.Body); err == nil {
		return body
	}
	if len(d.Body) == 0 {
		return nil
	}
	return string(d.Body)
}

func formBody(values url.Values) map[string]any {
	body := make(map[string]any, len(values))
	for name, list := range values {
		if len(list) == 1 {
			body[name] = list[0]
			continue
		}
		items := make([]any, len(list))
		for i, item := range list {
			items[i] = item
		}
		body[name] = items
	}
	return body
}

// decodeJSON reads one JSON value. Whole numbers that a float64 cannot hold,
// such as long ids, become strings of their digits.
func decodeJSON(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, fmt.Errorf("more than one value")
	}
	return numbers(value), nil
}

func numbers(value any) any {
	switch v := value.(type) {
	case json.Number:
		f, err := v.Float64()
		if err != nil || math.IsInf(f, 0) {
			return v.String()
		}
		if math.Abs(f) >= 1<<53 && strings.Trim(v.String(), "-0123456789") == "" {
			return v.String()
		}
		return f
	case map[string]any:
		for key, item := range v {
			v[key] = numbers(item)
		}
	case []any:
		for i, item := range v {
			v[i] = numbers(item)
		}
	}
	return value
}

// moment reads a time as senders write it: seconds or milliseconds since 1970.
// Twelve digits and more are milliseconds: as seconds they would lie beyond
// the year 5000.
func moment(text string) (time.Time, bool) {
	if text == "" || len(text) > 15 || strings.Trim(text, "0123456789") != "" {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	if len(text) >= 12 {
		return time.UnixMilli(n), true
	}
	return time.Unix(n, 0), true
}
