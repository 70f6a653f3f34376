package router

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// scanner walks a pattern once. Where it meets something that only the
// backtracking engine understands it clears common and goes on, for the sake
// of the groups and the mistakes.
type scanner struct {
	source string
	at     int
	out    strings.Builder
	common bool
	groups []string
	names  map[string]bool
	// open holds the offsets of groups that are not closed yet.
	open []int
	// atom is set when a quantifier may follow.
	atom bool
}

var (
	errNothingToRepeat   = errors.New("nothing to repeat")
	errUnmatchedParen    = errors.New("unmatched )")
	errUnterminatedGroup = errors.New("unterminated group")
	errUnterminatedClass = errors.New("unterminated character class")
	errTrailingBackslash = errors.New("\\ at the end of the pattern")
	errInvalidGroup      = errors.New("invalid group")
)

func (s *scanner) scan() (int, error) {
	for s.at < len(s.source) {
		start := s.at
		c := s.source[s.at]
		switch c {
		case '\\':
			if s.at+1 == len(s.source) {
				return start, errTrailingBackslash
			}
			s.escape(false)
			s.atom = true
		case '[':
			if !s.class() {
				return start, errUnterminatedClass
			}
			s.atom = true
		case '(':
			if !s.group() {
				return start, errInvalidGroup
			}
			s.atom = false
		case ')':
			if len(s.open) == 0 {
				return start, errUnmatchedParen
			}
			s.open = s.open[:len(s.open)-1]
			s.emit(1)
			s.atom = true
		case '.':
			s.at++
			s.out.WriteString(`[^\n\r]`)
			s.atom = true
		case '*', '+', '?':
			if !s.atom {
				return start, errNothingToRepeat
			}
			s.emit(1)
			s.lazy()
		case '{':
			n := quantifierLength(s.source[s.at:])
			switch {
			case n == 0:
				s.common = false
				s.emit(1)
				s.atom = true
			case !s.atom:
				return start, errNothingToRepeat
			default:
				s.emit(n)
				s.lazy()
			}
		case '|', '^', '$':
			s.emit(1)
			s.atom = false
		default:
			if c == ']' || c == '}' || c >= utf8.RuneSelf {
				s.common = false
			}
			s.emit(1)
			s.atom = true
		}
	}
	if len(s.open) > 0 {
		return s.open[len(s.open)-1], errUnterminatedGroup
	}
	return 0, nil
}

// emit copies n bytes.
func (s *scanner) emit(n int) {
	s.out.WriteString(s.source[s.at : s.at+n])
	s.at += n
}

// lazy takes the question mark after a quantifier.
func (s *scanner) lazy() {
	if s.at < len(s.source) && s.source[s.at] == '?' {
		s.emit(1)
	}
	s.atom = false
}

// escape takes a backslash and what follows.
func (s *scanner) escape(class bool) {
	c := s.source[s.at+1]
	switch {
	case c == 's' && class:
		s.out.WriteString(`\t-\r `)
		s.at += 2
		return
	case c == 's':
		s.out.WriteString(`[\t-\r ]`)
		s.at += 2
		return
	case strings.IndexByte("dDwWntrfv", c) >= 0:
	case (c == 'b' || c == 'B') && !class:
	case c > ' ' && c < utf8.RuneSelf && !isWord(c):
	default:
		s.common = false
	}
	s.emit(2)
}

// class takes a character class; false when it does not end.
func (s *scanner) class() bool {
	s.emit(1)
	if s.at < len(s.source) && s.source[s.at] == '^' {
		s.emit(1)
	}
	if s.at < len(s.source) && s.source[s.at] == ']' {
		s.common = false
	}
	for s.at < len(s.source) {
		switch c := s.source[s.at]; {
		case c == ']':
			s.emit(1)
			return true
		case c == '\\':
			if s.at+1 == len(s.source) {
				return false
			}
			s.escape(true)
		case c == '[':
			s.out.WriteString(`\[`)
			s.at++
		default:
			if c >= utf8.RuneSelf {
				s.common = false
			}
			s.emit(1)
		}
	}
	return false
}

// group takes the opening of a group; false when it is none.
func (s *scanner) group() bool {
	s.open = append(s.open, s.at)
	rest := s.source[s.at:]
	switch {
	case !strings.HasPrefix(rest, "(?"):
		s.groups = append(s.groups, "")
		s.emit(1)
	case strings.HasPrefix(rest, "(?:"):
		s.emit(3)
	case strings.HasPrefix(rest, "(?="), strings.HasPrefix(rest, "(?!"):
		s.common = false
		s.emit(3)
	case strings.HasPrefix(rest, "(?<="), strings.HasPrefix(rest, "(?<!"):
		s.common = false
		s.emit(4)
	case strings.HasPrefix(rest, "(?<"):
		name, _, found := strings.Cut(rest[3:], ">")
		if !found || name == "" {
			return false
		}
		for i := 0; i < len(name); i++ {
			if !isWord(name[i]) {
				s.common = false
			}
		}
		if s.names[name] {
			s.common = false
		}
		if s.names == nil {
			s.names = map[string]bool{}
		}
		s.names[name] = true
		s.groups = append(s.groups, name)
		s.at += len("(?<") + len(name) + len(">")
		s.out.WriteString("(?P<" + name + ">")
	default:
		s.common = false
		s.emit(2)
	}
	return true
}

// quantifierLength is the length of {n}, {n,} or {n,m} at the start of s, or 0.
func quantifierLength(s string) int {
	i := 1
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == 1 {
		return 0
	}
	if i < len(s) && s[i] == ',' {
		i++
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
	}
	if i < len(s) && s[i] == '}' {
		return i + 1
	}
	return 0
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
