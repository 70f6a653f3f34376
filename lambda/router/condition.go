package router

import (
	"net/http"
	"strings"

	"pack/manifest"
)

// condition is one compiled has or missing rule.
type condition struct {
	kind string
	key  string
	// value is nil when presence is enough.
	value *pattern
}

// compileConditions compiles the values of conditions, anchored at both ends
// as Next writes them: ^value$, with no group around the value.
func compileConditions(list []manifest.Condition) ([]condition, error) {
	compiled := make([]condition, len(list))
	for i, c := range list {
		compiled[i] = condition{kind: c.Type, key: c.Key}
		if c.Type == "header" {
			compiled[i].key = http.CanonicalHeaderKey(c.Key)
		}
		if c.Value == "" {
			continue
		}
		p, err := compilePattern("^"+c.Value+"$", false)
		if err != nil {
			return nil, err
		}
		compiled[i].value = p
	}
	return compiled, nil
}

// conditionNames are the names that a destination may use for what conditions
// captured.
func conditionNames(list []manifest.Condition, compiled []condition) []string {
	var names []string
	for i, c := range compiled {
		switch {
		case c.value == nil && list[i].Key != "":
			names = append(names, list[i].Key, safeName(list[i].Key))
		case c.value != nil:
			for _, group := range c.value.groups {
				if group != "" {
					names = append(names, group)
				}
			}
			if c.kind == "host" {
				names = append(names, "host")
			}
		}
	}
	return names
}

// subject is what conditions look at.
type subject interface {
	// header returns the value of a header by its canonical name.
	header(name string) string
	cookie(name string) string
	// parameter returns the last value of a query parameter.
	parameter(name string) string
	// hostname is the host in lower case, without its port.
	hostname() string
}

// meets reports whether all of has and none of missing hold, and what has
// captured (matchHas in next/dist/shared/lib/router/utils/prepare-destination.js).
// An empty value counts as absent.
func meets(s subject, has, missing []condition) ([]Pair, bool, error) {
	var captured []Pair
	for i := range has {
		holds, err := has[i].holds(s, &captured)
		if err != nil || !holds {
			return nil, false, err
		}
	}
	for i := range missing {
		holds, err := missing[i].holds(s, nil)
		if err != nil || holds {
			return nil, false, err
		}
	}
	return captured, true, nil
}

func (c *condition) holds(s subject, captured *[]Pair) (bool, error) {
	value := ""
	switch c.kind {
	case "header":
		value = s.header(c.key)
	case "cookie":
		value = s.cookie(c.key)
	case "query":
		value = s.parameter(c.key)
	case "host":
		value = s.hostname()
	}
	if value == "" {
		return false, nil
	}
	if c.value == nil {
		if captured != nil {
			key := c.key
			if c.kind == "header" {
				key = strings.ToLower(key)
			}
			*captured = append(*captured, Pair{key, value})
			if safe := safeName(key); safe != key {
				*captured = append(*captured, Pair{safe, value})
			}
		}
		return true, nil
	}
	if captured == nil {
		return c.value.test(value)
	}
	found, ok, err := c.value.match(value)
	if err != nil || !ok {
		return false, err
	}
	named := false
	for i, name := range c.value.groups {
		if name != "" {
			text, _ := found.group(i + 1)
			*captured = append(*captured, Pair{name, text})
			named = true
		}
	}
	if c.kind == "host" && !named {
		*captured = append(*captured, Pair{"host", value})
	}
	return true, nil
}

// cookieValue finds a cookie as the package "cookie" does that Next uses: the
// first of a name counts, quotes are taken off, percent signs decoded.
func cookieValue(header, name string) string {
	for part := range strings.SplitSeq(header, ";") {
		key, value, found := strings.Cut(part, "=")
		if !found || strings.TrimSpace(key) != name {
			continue
		}
		value = strings.TrimSpace(value)
		if len(value) > 1 && value[0] == '"' {
			value = value[1 : len(value)-1]
		}
		if decoded, ok := decodeComponent(value); ok {
			return decoded
		}
		return value
	}
	return ""
}

// onlyOnce are the headers of which Node keeps the first and drops the others
// (message.headers in Node's http documentation).
var onlyOnce = map[string]bool{
	"Age": true, "Authorization": true, "Content-Length": true, "Content-Type": true,
	"Etag": true, "Expires": true, "From": true, "Host": true, "If-Modified-Since": true,
	"If-Unmodified-Since": true, "Last-Modified": true, "Location": true,
	"Max-Forwards": true, "Proxy-Authorization": true, "Referer": true,
	"Retry-After": true, "Server": true, "User-Agent": true,
}

// headerValue joins the values of a header as Node does.
func headerValue(h http.Header, name string) string {
	values := h[name]
	switch {
	case len(values) == 0:
		return ""
	case len(values) == 1 || onlyOnce[name]:
		return values[0]
	case name == "Cookie":
		return strings.Join(values, "; ")
	}
	return strings.Join(values, ", ")
}
