package router

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// prefix is what every subject of a pattern starts with: a literal, or a
// literal, one path segment of any kind, and another literal. The second form
// is the locale in front of every address of an app with i18n.
type prefix struct {
	head string
	// segment says that one segment and tail follow head.
	segment bool
	tail    string
}

// literalOf reads the prefix off a pattern's tree. It relies on subjects being
// paths that start with a slash and have no two slashes in a row; subjects
// that do are not looked up in an index.
func literalOf(tree *syntax.Regexp) prefix {
	parts := []*syntax.Regexp{tree}
	if tree.Op == syntax.OpConcat {
		parts = tree.Sub
	}
	if len(parts) == 0 || parts[0].Op != syntax.OpBeginText {
		return prefix{}
	}
	parts = flatten(parts[1:])
	var p prefix
	target := &p.head
	for i, part := range parts {
		next := func() *syntax.Regexp {
			if i+1 < len(parts) {
				return parts[i+1]
			}
			return nil
		}
		switch {
		case part.Op == syntax.OpLiteral && part.Flags&syntax.FoldCase == 0:
			*target += string(part.Rune)
		case part.Op == syntax.OpQuest && isSlash(part.Sub[0]) && startsWithSlash(next()):
			// No path has two slashes in a row, so this one is never there.
		case part.Op == syntax.OpQuest && isSlash(part.Sub[0]) && isSegment(next()) && !p.segment:
			*target += "/"
		case isSegment(part) && startsWithSlash(next()) && !p.segment && strings.HasSuffix(p.head, "/"):
			p.segment, target = true, &p.tail
		default:
			return p
		}
	}
	return p
}

// flatten lifts the parts of nested concatenations.
func flatten(parts []*syntax.Regexp) []*syntax.Regexp {
	var flat []*syntax.Regexp
	for _, part := range parts {
		if part.Op == syntax.OpConcat {
			flat = append(flat, flatten(part.Sub)...)
			continue
		}
		flat = append(flat, part)
	}
	return flat
}

func isSlash(re *syntax.Regexp) bool {
	return re.Op == syntax.OpLiteral && string(re.Rune) == "/"
}

func startsWithSlash(re *syntax.Regexp) bool {
	return re != nil && re.Op == syntax.OpLiteral && len(re.Rune) > 0 && re.Rune[0] == '/'
}

// isSegment reports whether the tree matches one or more characters, none of
// them a slash.
func isSegment(re *syntax.Regexp) bool {
	return re != nil && re.Op == syntax.OpCapture && !matchesEmpty(re) && excludesSlash(re)
}

func excludesSlash(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral:
		return !slices.Contains(re.Rune, '/')
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			if re.Rune[i] <= '/' && '/' <= re.Rune[i+1] {
				return false
			}
		}
		return true
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return false
	}
	for _, sub := range re.Sub {
		if !excludesSlash(sub) {
			return false
		}
	}
	return true
}
