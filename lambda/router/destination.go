package router

import (
	"slices"
	"strings"
)

// piece is literal text or a reference to a capture.
type piece struct {
	literal string
	// group is the number of a group of the rule's pattern, or 0.
	group int
	// name is that of a capture of the rule's conditions, or "".
	name string
}

// template is text with references: $1, $name and, for a condition without a
// value, :name.
type template []piece

// scope is what a template can refer to.
type scope struct {
	groups []string
	names  []string
}

// parseTemplate splits text at its references. The longest name wins, so that
// $slugs is not $slug and an s; a dollar sign before anything else is text.
func parseTemplate(text string, in scope) template {
	var t template
	literal := 0
	for i := 0; i < len(text); {
		ref, length := reference(text[i:], in)
		if length == 0 {
			i++
			continue
		}
		if literal < i {
			t = append(t, piece{literal: text[literal:i]})
		}
		t = append(t, ref)
		i += length
		literal = i
	}
	if literal < len(text) {
		t = append(t, piece{literal: text[literal:]})
	}
	return t
}

// reference reads one reference at the start of text; length 0 for none.
func reference(text string, in scope) (ref piece, length int) {
	switch text[0] {
	case '$':
		digits := 1
		for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
			digits++
		}
		if digits > 1 {
			n := 0
			for _, c := range text[1:digits] {
				n = n*10 + int(c-'0')
				if n > len(in.groups) {
					return piece{}, 0
				}
			}
			if n == 0 || text[1] == '0' {
				return piece{}, 0
			}
			return piece{group: n}, digits
		}
		for i, name := range in.groups {
			if name != "" && len(name) >= length && strings.HasPrefix(text[1:], name) && !slices.Contains(in.names, name) {
				ref, length = piece{group: i + 1}, len(name)+1
			}
		}
		for _, name := range in.names {
			if len(name) >= length && strings.HasPrefix(text[1:], name) {
				ref, length = piece{name: name}, len(name)+1
			}
		}
	case ':':
		for _, name := range in.names {
			if len(name) >= length && name != "" && strings.HasPrefix(text[1:], name) && (len(text) == len(name)+1 || !isWord(text[len(name)+1])) {
				ref, length = piece{name: name}, len(name)+1
			}
		}
	}
	return ref, length
}

// host fills the references of an origin in. What a visitor sent is encoded
// there, so that it cannot end the host name.
func (t template) host(found captures, captured []Pair) string {
	var b strings.Builder
	for _, p := range t {
		text := p.literal
		switch {
		case p.group > 0:
			text, _ = found.group(p.group)
			text = encodeComponent(text)
		case p.name != "":
			text = encodeComponent(lastOf(captured, p.name))
		}
		b.WriteString(text)
	}
	return b.String()
}

// expand fills the references in. A group that took no part takes the slash or
// dot before it along: an absent :path* leaves /new/:path* as /new.
func (t template) expand(found captures, captured []Pair) string {
	switch {
	case len(t) == 0:
		return ""
	case len(t) == 1 && t[0].group == 0 && t[0].name == "":
		return t[0].literal
	}
	var b strings.Builder
	for i, p := range t {
		switch {
		case p.group > 0:
			text, _ := found.group(p.group)
			b.WriteString(text)
		case p.name != "":
			b.WriteString(lastOf(captured, p.name))
		default:
			literal := p.literal
			if i+1 < len(t) && t[i+1].group > 0 {
				if _, took := found.group(t[i+1].group); !took {
					literal = strings.TrimSuffix(strings.TrimSuffix(literal, "."), "/")
				}
			}
			b.WriteString(literal)
		}
	}
	return b.String()
}

func lastOf(pairs []Pair, key string) string {
	value, _ := Query(pairs).last(key)
	return value
}

// internalLocale is the parameter that Next puts in front of the sources of an
// app with i18n; it never becomes part of a query.
const internalLocale = "nextInternalLocale"

// destination is a compiled destination or Location.
type destination struct {
	// origin is empty for a path of the app.
	origin template
	path   template
	query  []queryTemplate
	hash   template
}

// queryTemplate is one parameter of a destination's query.
type queryTemplate struct {
	key   string
	value template
	// implied says that Next added the parameter because the destination's
	// path uses none: then it is left out when its group took no part, and is
	// a list of segments when repeat is set.
	implied bool
	repeat  bool
}

// compileDestination parses a destination. conditionKeys are the keys of
// conditions without a value; spelled those of the query that the app wrote.
func compileDestination(text string, in scope, parameters []parameter, conditionKeys, spelled []string) *destination {
	d := &destination{}
	if origin, rest, ok := cutOrigin(text); ok {
		d.origin, text = parseTemplate(origin, in), rest
		if text == "" || text[0] != '/' {
			text = "/" + text
		}
	}
	text, hash, _ := strings.Cut(text, "#")
	path, query, _ := strings.Cut(text, "?")
	d.path, d.hash = parseTemplate(path, in), parseTemplate(hash, in)
	used := false
	for _, p := range slices.Concat(d.origin, d.path) {
		internal := p.group > 0 && p.group <= len(parameters) && parameters[p.group-1].name == internalLocale
		used = used || (p.group > 0 || p.name != "") && !internal
	}
	for _, pair := range ParseQuery(query) {
		if pair.Key == internalLocale {
			continue
		}
		q := queryTemplate{key: pair.Key, value: parseTemplate(pair.Value, in)}
		if !used && len(q.value) == 1 && !slices.Contains(spelled, pair.Key) {
			switch p := q.value[0]; {
			case p.group > 0 && p.group <= len(parameters) && parameters[p.group-1].name == pair.Key:
				q.implied, q.repeat = true, parameters[p.group-1].repeat
			case p.name == pair.Key && slices.Contains(conditionKeys, pair.Key):
				q.key, q.implied = safeName(pair.Key), true
			}
		}
		d.query = append(d.query, q)
	}
	return d
}

// pairs fills in the query. Captures are taken as they stand in the address:
// next start does not decode them.
func (d *destination) pairs(found captures, captured []Pair) Query {
	query := make(Query, 0, len(d.query))
	for _, q := range d.query {
		if !q.implied || q.value[0].group == 0 {
			query = append(query, Pair{q.key, q.value.expand(found, captured)})
			continue
		}
		text, took := found.group(q.value[0].group)
		switch {
		case !took:
		case q.repeat:
			for segment := range strings.SplitSeq(text, "/") {
				query = append(query, Pair{q.key, segment})
			}
		default:
			query = append(query, Pair{q.key, text})
		}
	}
	return query
}

// written is the part of the query that the app wrote.
func (d *destination) written(found captures, captured []Pair) Query {
	var query Query
	for _, q := range d.query {
		if !q.implied {
			query = append(query, Pair{q.key, q.value.expand(found, captured)})
		}
	}
	return query
}
