package router

import "regexp/syntax"

// translation is what one reading of a JavaScript pattern finds out.
type translation struct {
	// text is the pattern in Go's syntax; meaningless unless common is set.
	text   string
	common bool
	groups []string
	// literal is what every matching subject starts with.
	literal prefix
}

// translate reads a JavaScript pattern (ECMA-262, 22.2.1), names its groups
// and decides whether Go's regexp means the same on ASCII subjects. It says
// yes only where each construct is known to agree:
//
//   - literals, escapes of punctuation, \d \w \s \b and the control escapes;
//   - classes of those, without JavaScript's [] and [^];
//   - groups without lookaround, back references or inline flags;
//   - quantifiers over parts that cannot match the empty string (JavaScript
//     refuses an empty iteration, Go takes it) and, where they repeat, hold no
//     group (JavaScript forgets the groups of earlier iterations).
func translate(source string) (translation, error) {
	s := scanner{source: source, common: true}
	if offset, err := s.scan(); err != nil {
		return translation{}, &PatternError{Pattern: source, Offset: offset, Err: err}
	}
	t := translation{groups: s.groups}
	if !s.common {
		return t, nil
	}
	tree, err := syntax.Parse(s.out.String(), syntax.Perl)
	if err != nil || !agrees(tree) {
		return t, nil
	}
	t.common = true
	t.text = s.out.String()
	t.literal = literalOf(tree)
	return t, nil
}

// agrees reports whether no quantifier of the tree is one that JavaScript and
// Go run differently.
func agrees(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpStar, syntax.OpPlus, syntax.OpRepeat:
		if matchesEmpty(re.Sub[0]) || re.Sub[0].MaxCap() > 0 {
			return false
		}
	case syntax.OpQuest:
		if matchesEmpty(re.Sub[0]) {
			return false
		}
	}
	for _, sub := range re.Sub {
		if !agrees(sub) {
			return false
		}
	}
	return true
}

// matchesEmpty reports whether the tree can match the empty string.
func matchesEmpty(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpNoMatch, syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return false
	case syntax.OpLiteral:
		return len(re.Rune) == 0
	case syntax.OpPlus, syntax.OpCapture:
		return matchesEmpty(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min == 0 || matchesEmpty(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if !matchesEmpty(sub) {
				return false
			}
		}
		return true
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			if matchesEmpty(sub) {
				return true
			}
		}
		return false
	}
	return true
}
