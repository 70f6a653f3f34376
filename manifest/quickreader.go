package manifest

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// quickReader reads JSON (RFC 8259) whose form is known. What it does not expect,
// mistakes among it, makes it odd, and ends every loop.
type quickReader struct {
	text string
	at   int
	odd  bool
}

func (r *quickReader) space() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case ' ', '\n', '\t', '\r':
			r.at++
		default:
			return
		}
	}
}

// eat takes one character if it is the next.
func (r *quickReader) eat(c byte) bool {
	r.space()
	if r.at < len(r.text) && r.text[r.at] == c {
		r.at++
		return true
	}
	return false
}

// word takes a literal if it is the next.
func (r *quickReader) word(w string) bool {
	r.space()
	if strings.HasPrefix(r.text[r.at:], w) {
		r.at += len(w)
		return true
	}
	return false
}

// each takes what is between two brackets, separated by commas.
func (r *quickReader) each(open, end byte, item func()) {
	if !r.eat(open) {
		r.odd = true
		return
	}
	if r.eat(end) {
		return
	}
	for !r.odd {
		item()
		if !r.eat(',') {
			r.odd = r.odd || !r.eat(end)
			return
		}
	}
}

func (r *quickReader) object(value func(key string)) {
	r.each('{', '}', func() {
		key := r.string()
		if !r.eat(':') {
			r.odd = true
		}
		if !r.odd {
			value(key)
		}
	})
}

// document takes an object that is all there is, with no key twice; ok is false where
// it is not.
func (r *quickReader) document(value func(key string)) (ok bool) {
	seen := map[string]bool{}
	r.object(func(key string) {
		r.odd = r.odd || seen[key]
		seen[key] = true
		value(key)
	})
	r.space()
	return !r.odd && r.at == len(r.text)
}

// quickList takes a list; null is none.
func quickList[T any](r *quickReader, read func(*T)) []T {
	if r.word("null") {
		return nil
	}
	list := []T{}
	r.each('[', ']', func() {
		var item T
		read(&item)
		list = append(list, item)
	})
	return list
}

func (r *quickReader) strings() []string {
	return quickList(r, func(s *string) { *s = r.string() })
}

func (r *quickReader) string() string {
	if !r.eat('"') {
		r.odd = true
		return ""
	}
	for i := r.at; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '"':
			s := r.text[r.at:i]
			r.at = i + 1
			return s
		case c < ' ' || c == '\\' || c >= utf8.RuneSelf:
			r.at--
			var s string
			r.any(&s)
			return s
		}
	}
	r.odd = true
	return ""
}

func (r *quickReader) bool() bool {
	if r.word("true") {
		return true
	}
	r.odd = r.odd || !r.word("false")
	return false
}

// number takes a whole number from 0 on.
func (r *quickReader) number() int64 {
	r.space()
	begin := r.at
	for r.at < len(r.text) && r.text[r.at] >= '0' && r.text[r.at] <= '9' {
		r.at++
	}
	digits := r.text[begin:r.at]
	n, err := strconv.ParseInt(digits, 10, 0)
	r.odd = r.odd || err != nil || digits[0] == '0' && len(digits) > 1
	return n
}

// any has encoding/json take one value.
func (r *quickReader) any(to any) {
	r.space()
	begin := r.at
	r.skip()
	if r.odd || json.Unmarshal([]byte(r.text[begin:r.at]), to) != nil {
		r.odd = true
	}
}

// skip passes over one value, of which it only finds the end.
func (r *quickReader) skip() {
	depth := 0
	for r.at < len(r.text) {
		c := r.text[r.at]
		r.at++
		switch c {
		case '"':
			for r.at < len(r.text) && r.text[r.at] != '"' {
				if r.text[r.at] == '\\' {
					r.at++
				}
				r.at++
			}
			if r.at++; r.at > len(r.text) {
				r.at, r.odd = len(r.text), true
				return
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		default:
			// A number or a literal goes on to the next mark.
			if depth > 0 {
				continue
			}
			for r.at < len(r.text) && !strings.ContainsRune(",]} \n\t\r", rune(r.text[r.at])) {
				r.at++
			}
		}
		if depth <= 0 {
			return
		}
	}
	r.odd = true
}
