package router

import (
	"strconv"
	"strings"
)

// Pair is one parameter of a query, decoded.
type Pair struct {
	Key, Value string
}

// Query is a decoded query string in the order in which it was written;
// repeated keys keep their order.
type Query []Pair

// ParseQuery decodes the part of an address after the question mark, as
// application/x-www-form-urlencoded (WHATWG URL, 5.1): + is a space, and what
// cannot be decoded stays as it is.
func ParseQuery(raw string) Query {
	if raw == "" {
		return nil
	}
	query := make(Query, 0, strings.Count(raw, "&")+1)
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		query = append(query, Pair{formDecode(key), formDecode(value)})
	}
	return query
}

// last returns the last value of a key, the one that conditions look at.
func (q Query) last(key string) (string, bool) {
	for i := len(q) - 1; i >= 0; i-- {
		if q[i].Key == key {
			return q[i].Value, true
		}
	}
	return "", false
}

// String encodes the query so that decoding it gives the same pairs.
func (q Query) String() string {
	var b strings.Builder
	for i, pair := range q {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(encodeComponent(pair.Key))
		b.WriteByte('=')
		b.WriteString(encodeComponent(pair.Value))
	}
	return b.String()
}

// grouped collects the values of a key at the place of its first.
func (q Query) grouped() Query {
	out := make(Query, 0, len(q))
	for i, pair := range q {
		if q[:i].has(pair.Key) {
			continue
		}
		for _, other := range q[i:] {
			if other.Key == pair.Key {
				out = append(out, other)
			}
		}
	}
	return out
}

func (q Query) has(key string) bool {
	for _, pair := range q {
		if pair.Key == key {
			return true
		}
	}
	return false
}

// merge puts the pairs of over into q: a key that exists keeps its place and
// loses its values, as Object.assign does in Next's prepareDestination.
func (q Query) merge(over Query) Query {
	out := make(Query, 0, len(q)+len(over))
	for i, pair := range q {
		if !over.has(pair.Key) {
			out = append(out, pair)
			continue
		}
		if q[:i].has(pair.Key) {
			continue
		}
		for _, other := range over {
			if other.Key == pair.Key {
				out = append(out, other)
			}
		}
	}
	for _, pair := range over {
		if !q.has(pair.Key) {
			out = append(out, pair)
		}
	}
	return out
}

// stringify writes the query of a redirect or an external rewrite as
// stringifyQuery does (next/dist/server/server-route-utils.js): keys that are
// array indices first, and encoded only what the visitor sent, because what
// the rule's destination says is taken to be encoded already. Characters that
// no header and no request line can carry are encoded in any case.
func (q Query) stringify(initial Query) string {
	q = q.grouped()
	ordered := make(Query, 0, len(q))
	for n := uint64(0); ; {
		lowest, found := uint64(0), false
		for _, pair := range q {
			if k, ok := arrayIndex(pair.Key); ok && k >= n && (!found || k < lowest) {
				lowest, found = k, true
			}
		}
		if !found {
			break
		}
		for _, pair := range q {
			if k, ok := arrayIndex(pair.Key); ok && k == lowest {
				ordered = append(ordered, pair)
			}
		}
		n = lowest + 1
	}
	for _, pair := range q {
		if _, ok := arrayIndex(pair.Key); !ok {
			ordered = append(ordered, pair)
		}
	}
	sent := func(s string) bool {
		for _, pair := range initial {
			if pair.Key == s || pair.Value == s {
				return true
			}
		}
		return false
	}
	encode := func(s string) string {
		if sent(s) {
			return encodeComponent(s)
		}
		return escape(s, func(c byte) bool { return c == '#' })
	}
	var b strings.Builder
	for i, pair := range ordered {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(encode(pair.Key))
		b.WriteByte('=')
		b.WriteString(encode(pair.Value))
	}
	return b.String()
}

// arrayIndex reports whether a JavaScript object lists this key before the
// others.
func arrayIndex(key string) (uint64, bool) {
	n, err := strconv.ParseUint(key, 10, 32)
	if err != nil || n == 1<<32-1 || strconv.FormatUint(n, 10) != key {
		return 0, false
	}
	return n, true
}
