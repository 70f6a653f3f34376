package router

import (
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// matchTimeout bounds one backtracking match. Patterns of a real table finish
// in microseconds; what needs longer is an attack on the pattern.
const matchTimeout = 250 * time.Millisecond

// timeoutPrecision is how exactly matchTimeout is kept.
const timeoutPrecision = 5 * time.Millisecond

// ErrPatternTimeout is what Resolve's error wraps when a pattern of the table
// backtracked for too long over what a visitor sent.
var ErrPatternTimeout = errors.New("pattern took too long")

// keepTimeouts sets regexp2's process-wide timeout clock, once.
var keepTimeouts = sync.OnceFunc(func() { regexp2.SetTimeoutCheckPeriod(timeoutPrecision) })

// PatternError says which rule of the table holds a pattern that is not a
// JavaScript regular expression.
type PatternError struct {
	// Phase is the field of the routing table, such as "beforeFiles".
	Phase string
	// Index is the rule's place in the phase.
	Index int
	// Pattern is the text that does not compile.
	Pattern string
	// Offset is the byte of Pattern where it stops making sense, or its length
	// where that is not known.
	Offset int
	Err    error
}

func (e *PatternError) Error() string {
	return fmt.Sprintf("compile routing.%s[%d]: pattern %q, offset %d: %v", e.Phase, e.Index, e.Pattern, e.Offset, e.Err)
}

func (e *PatternError) Unwrap() error { return e.Err }

// pattern is a JavaScript regular expression without flags other than i
// (ECMA-262, 22.2). Most patterns of a routing table mean the same to Go's
// regexp, which is faster and runs in linear time; the others, and all
// subjects outside ASCII, go to a backtracking engine with JavaScript's
// semantics.
type pattern struct {
	source string
	fold   bool
	// groups are the names of the capturing groups, in order; "" for unnamed.
	groups []string
	// common is set when Go's regexp is proven to mean the same on ASCII
	// subjects; translated is then the pattern in Go's syntax.
	common     bool
	translated string
	// literal is what the subject must start with.
	literal prefix

	linear       func() *regexp.Regexp
	backtracking func() (*regexp2.Regexp, error)
}

// compilePattern checks source and decides on the engine. Programs of the
// linear engine are built at first use: a table of ten thousand routes starts
// without ten thousand programs. The error is a *PatternError without a phase.
func compilePattern(source string, fold bool) (*pattern, error) {
	keepTimeouts()
	t, err := translate(source)
	if err != nil {
		return nil, err
	}
	p := &pattern{source: source, fold: fold, groups: t.groups, common: t.common, translated: t.text, literal: t.literal}
	p.linear = sync.OnceValue(func() *regexp.Regexp {
		if fold {
			return regexp.MustCompile("(?i:" + p.translated + ")")
		}
		return regexp.MustCompile(p.translated)
	})
	p.backtracking = sync.OnceValues(func() (*regexp2.Regexp, error) {
		options := regexp2.ECMAScript
		if fold {
			options |= regexp2.IgnoreCase
		}
		re, err := regexp2.Compile(source, options)
		if err != nil {
			return nil, &PatternError{Pattern: source, Offset: len(source), Err: err}
		}
		re.MatchTimeout = matchTimeout
		return re, nil
	})
	if !p.common {
		if _, err := p.backtracking(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// test reports whether the pattern matches somewhere in subject.
func (p *pattern) test(subject string) (bool, error) {
	if p.common && isASCII(subject) {
		return p.linear().MatchString(subject), nil
	}
	re, err := p.backtracking()
	if err != nil {
		return false, err
	}
	matched, err := re.MatchString(subject)
	if err != nil {
		return false, p.timeout()
	}
	return matched, nil
}

// match returns the captures of the first match in subject, or false.
func (p *pattern) match(subject string) (captures, bool, error) {
	if p.common && isASCII(subject) {
		spans := p.linear().FindStringSubmatchIndex(subject)
		return captures{text: subject, spans: spans}, spans != nil, nil
	}
	re, err := p.backtracking()
	if err != nil {
		return captures{}, false, err
	}
	m, err := re.FindStringMatch(subject)
	if err != nil {
		return captures{}, false, p.timeout()
	}
	if m == nil {
		return captures{}, false, nil
	}
	spans := make([]int, 2*(len(p.groups)+1))
	for i := range spans {
		spans[i] = -1
	}
	for i := range len(p.groups) + 1 {
		g := m.GroupByNumber(i)
		if g != nil && len(g.Captures) > 0 {
			start, length := g.ByteRange()
			spans[2*i], spans[2*i+1] = start, start+length
		}
	}
	return captures{text: subject, spans: spans}, true, nil
}

// timeout is the only error of a match. The engine's own repeats the subject,
// which may be a credential.
func (p *pattern) timeout() error {
	return fmt.Errorf("match pattern %q: %w", p.source, ErrPatternTimeout)
}

// captures are the groups of one match: byte offsets into text, in pairs, -1
// for a group that took no part.
type captures struct {
	text  string
	spans []int
}

// group returns the text of a group and whether it took part in the match.
func (c captures) group(n int) (string, bool) {
	if 2*n+1 >= len(c.spans) || c.spans[2*n] < 0 {
		return "", false
	}
	return c.text[c.spans[2*n]:c.spans[2*n+1]], true
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
