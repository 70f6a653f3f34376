package images

import (
	"regexp"
	"strconv"
	"strings"
)

// globWriter turns a glob into a regular expression that accepts what the npm
// package picomatch, which Next uses, accepts:
//
//	glob   = ["!"] { part }
//	part   = "*"               any characters of one segment
//	       | "**"              any segments, where it stands for whole ones;
//	                           otherwise it is "*"
//	       | "?"               one character of a segment
//	       | "[" set "]"       one of the characters; "[^": none of them
//	       | "{" a "," b "}"   either; "{1..3}" and "{a..c}" a range
//	       | "@(" a "|" b ")"  either; with ?, + or * in front: that often
//	       | "!(" a "|" b ")"  anything else
//	       | "\" character     the character itself
//	       | character
//
// With dot unset, wildcards at the start of a segment don't match a dot.
type globWriter struct {
	glob string
	at   int
	dot  bool
	out  strings.Builder
	// last is the kind of what was written last.
	last globKind
	// open holds the closing text of groups that are open.
	open []byte
}

type globKind int

const (
	globStart globKind = iota
	globSlash
	globDot
	globStar
	globSet
	globOpen
	globText
)

// globExpression returns a regular expression in JavaScript's syntax.
func globExpression(glob string, dot bool) string {
	negated := false
	for strings.HasPrefix(glob, "!") && !strings.HasPrefix(glob, "!(") {
		negated = !negated
		glob = glob[1:]
	}
	w := &globWriter{glob: strings.TrimPrefix(glob, "./"), dot: dot}
	body := w.write()
	if negated {
		return "^(?!^(?:" + body + ")$).*$"
	}
	return "^(?:" + body + ")$"
}

func (w *globWriter) write() string {
	for w.at < len(w.glob) {
		w.part()
	}
	// A wildcard at the end accepts a slash after it.
	if w.last == globStar || w.last == globSet {
		w.out.WriteString("/?")
	}
	return w.out.String()
}

func (w *globWriter) part() {
	c := w.glob[w.at]
	rest := w.glob[w.at+1:]
	switch {
	case c == '\\' && rest != "":
		w.literal(rest[:1])
		w.at += 2
		return
	case strings.IndexByte("?*+@!", c) >= 0 && strings.HasPrefix(rest, "(") && !strings.HasPrefix(rest, "(?"):
		if end := closing(rest, '(', ')'); end > 0 {
			w.group(c, rest[1:end], rest[end+1:])
			w.at += end + 2
			return
		}
		w.literal(string(c))
	case c == '*':
		w.star(rest)
		return
	case c == '?':
		if w.segmentStart() && !w.dot {
			w.emit("[^./]", globText)
		} else {
			w.emit("[^/]", globText)
		}
	case c == '[':
		if end := strings.IndexByte(rest, ']'); end > 0 {
			w.set(rest[:end])
			w.at += end + 2
			return
		}
		w.literal("[")
	case c == '{':
		if end := closing(w.glob[w.at:], '{', '}'); end > 0 && w.brace(w.glob[w.at+1:w.at+end]) {
			w.at += end + 1
			return
		}
		w.literal("{")
	case c == '(' && closing(w.glob[w.at:], '(', ')') > 0:
		w.open = append(w.open, ')')
		w.emit("(?:", globOpen)
	case c == ')' && len(w.open) > 0:
		w.open = w.open[:len(w.open)-1]
		w.emit(")", globText)
	case c == '|' && len(w.open) > 0:
		w.emit("|", globOpen)
	case c == '/':
		w.emit("/", globSlash)
	case c == '.':
		w.emit(`\.`, globDot)
	default:
		w.literal(string(c))
	}
	w.at++
}

func (w *globWriter) emit(s string, kind globKind) {
	w.out.WriteString(s)
	w.last = kind
}

func (w *globWriter) literal(s string) { w.emit(regexp.QuoteMeta(s), globText) }

func (w *globWriter) segmentStart() bool { return w.last == globStart || w.last == globSlash }

// anySegments is what "**" stands for. No segment is "." or "..", or, with dot
// unset, starts with a dot.
func (w *globWriter) anySegments() string {
	if w.dot {
		return `(?:(?!(?:^|/)\.{1,2}(?:/|$)).)*?`
	}
	return `(?:(?!(?:^|/)\.).)*?`
}

func (w *globWriter) star(rest string) {
	run := 1 + len(rest) - len(strings.TrimLeft(rest, "*"))
	rest = w.glob[w.at+run:]
	whole := w.segmentStart() || w.last == globOpen
	if run != 2 || !whole {
		w.oneStar()
		w.at += run
		return
	}
	// "**/**" is "**".
	for strings.HasPrefix(rest, "/**") && (len(rest) == 3 || rest[3] == '/') {
		rest = rest[3:]
	}
	before := w.out.String()
	inner := w.last == globSlash && before != "/"
	segments := w.anySegments()
	if w.segmentStart() && !w.dot {
		segments = `(?!\.)` + segments
	}
	switch {
	case inner && rest == "":
		w.replaceSlash(before, "(?:/"+segments+"|$)")
	case inner && rest[0] == '/':
		end := ""
		if len(rest) > 1 {
			end = "|$"
		}
		w.replaceSlash(before, "(?:/"+segments+"/|/"+end+")")
		w.last, rest = globSlash, rest[1:]
	case w.last == globStart && strings.HasPrefix(rest, "/"):
		w.emit("(?:^|/|"+segments+"/)", globSlash)
		rest = rest[1:]
	default:
		w.emit(segments, globText)
	}
	w.at = len(w.glob) - len(rest)
}

// replaceSlash writes s in place of the slash at the end of before.
func (w *globWriter) replaceSlash(before, s string) {
	w.out.Reset()
	w.out.WriteString(strings.TrimSuffix(before, "/"))
	w.emit(s, globText)
}

func (w *globWriter) oneStar() {
	switch {
	case w.last == globDot:
		w.out.WriteString(`(?!\.?(?:/|$))(?=.)`)
	case w.segmentStart() && w.dot:
		w.out.WriteString(`(?!\.{1,2}(?:/|$))(?=.)`)
	case w.segmentStart():
		w.out.WriteString(`(?!\.)(?=.)`)
	}
	w.emit("[^/]*?", globStar)
}

// set writes a character class; one that excludes excludes the slash, too. One
// without an operator may also be meant literally.
func (w *globWriter) set(members string) {
	if members[0] == '^' {
		w.emit("[^/"+escapeSet(members[1:])+"]", globSet)
		return
	}
	class := "[" + escapeSet(members) + "]"
	if !strings.ContainsAny(members, `-*+?.^${}(|)[]`) {
		class = "(?:" + regexp.QuoteMeta("["+members+"]") + "|" + class + ")"
	}
	w.emit(class, globSet)
}

func escapeSet(s string) string {
	return strings.NewReplacer("[", `\[`, "&&", `&\&`).Replace(s)
}

// brace writes alternatives or a range; false when it's neither.
func (w *globWriter) brace(inside string) bool {
	if parts := split(inside, ','); len(parts) > 1 {
		w.alternatives(parts, "")
		return true
	}
	from, to, found := strings.Cut(inside, "..")
	if !found || strings.ContainsAny(to, ".") {
		return false
	}
	a, errA := strconv.Atoi(from)
	b, errB := strconv.Atoi(to)
	switch {
	case errA == nil && errB == nil && b >= a && b-a < 10000:
		parts := make([]string, 0, b-a+1)
		for n := a; n <= b; n++ {
			parts = append(parts, strconv.Itoa(n))
		}
		w.emit("(?:"+strings.Join(parts, "|")+")", globText)
		return true
	case len(from) == 1 && len(to) == 1:
		w.emit("["+regexp.QuoteMeta(from)+"-"+regexp.QuoteMeta(to)+"]", globText)
		return true
	}
	return false
}

var simpleExtension = regexp.MustCompile(`^\.[^\\/.]+$`)

// group writes an extended glob; rest is what follows it.
func (w *globWriter) group(operator byte, inside, rest string) {
	parts := split(inside, '|')
	switch operator {
	case '@':
		w.alternatives(parts, "")
	case '!':
		other := "[^/]*?"
		if strings.Contains(inside, "/") {
			other = w.anySegments()
		}
		var refused strings.Builder
		for i, part := range parts {
			if i > 0 {
				refused.WriteByte('|')
			}
			refused.WriteString(w.nested(part))
		}
		// What is refused is a whole name when nothing, or an extension,
		// follows; otherwise it's the start of one.
		follow := ""
		switch {
		case strings.Contains(inside, "*") && simpleExtension.MatchString(rest):
			follow = regexp.QuoteMeta(rest)
		case rest == "" || strings.Contains(inside, "/"):
			follow = "$"
		}
		w.emit("(?:(?!(?:"+refused.String()+")"+follow+")"+other+")", globText)
	default:
		w.alternatives(parts, string(operator))
	}
}

func (w *globWriter) alternatives(parts []string, repeat string) {
	out := make([]string, len(parts))
	for i, part := range parts {
		out[i] = w.nested(part)
	}
	w.emit("(?:"+strings.Join(out, "|")+")"+repeat, globText)
}

// nested writes a glob inside a group.
func (w *globWriter) nested(glob string) string {
	inner := &globWriter{glob: glob, dot: w.dot, last: globOpen}
	for inner.at < len(inner.glob) {
		inner.part()
	}
	return inner.out.String()
}

// closing is the offset of the bracket that closes the one s starts with; -1
// when there is none.
func closing(s string, left, right byte) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case left:
			depth++
		case right:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// split cuts at separators outside brackets.
func split(s string, separator byte) []string {
	var parts []string
	depth, start := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '{' || c == '(':
			depth++
		case c == '}' || c == ')':
			depth--
		case c == separator && depth == 0:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}
