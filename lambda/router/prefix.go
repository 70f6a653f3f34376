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

// index finds the rules of a phase that can match a path, by the literal that
// their patterns start with. A lookup costs one map access per distinct length
// of a literal, however many rules there are.
type index struct {
	rules int
	// fold says that the literals are in lower case.
	fold  bool
	heads literals
	// tails are the rules with a segment after head; all of them share head.
	head  string
	tails literals
}

// literals maps a literal to the rules that need it, in order.
type literals struct {
	lengths []int
	rules   map[string][]int32
}

func (l *literals) add(literal string, rule int32) {
	if l.rules == nil {
		l.rules = map[string][]int32{}
	}
	if at, found := slices.BinarySearch(l.lengths, len(literal)); !found {
		l.lengths = slices.Insert(l.lengths, at, len(literal))
	}
	l.rules[literal] = append(l.rules[literal], rule)
}

func (l *literals) appendTo(candidates []int32, path string) []int32 {
	for _, n := range l.lengths {
		if n > len(path) {
			break
		}
		candidates = append(candidates, l.rules[path[:n]]...)
	}
	return candidates
}

// newIndex indexes the prefixes of a phase; fold when its patterns ignore case.
func newIndex(prefixes []prefix, fold bool) *index {
	x := &index{rules: len(prefixes), fold: fold}
	for i, p := range prefixes {
		if fold {
			p.head, p.tail = strings.ToLower(p.head), strings.ToLower(p.tail)
		}
		switch {
		case p.segment && (x.tails.rules == nil || x.head == p.head):
			x.head = p.head
			x.tails.add(p.tail, int32(i))
		default:
			x.heads.add(p.head, int32(i))
		}
	}
	return x
}

// candidates appends, in order, the rules after the given one that can match
// path. It may name rules that do not match, never leaves one out.
func (x *index) candidates(buffer []int32, path string, after int) []int32 {
	if after+1 >= x.rules {
		return buffer
	}
	start := len(buffer)
	if strings.Contains(path, "//") {
		for i := after + 1; i < x.rules; i++ {
			buffer = append(buffer, int32(i))
		}
		return buffer
	}
	if x.fold {
		path = strings.ToLower(path)
	}
	buffer = x.heads.appendTo(buffer, path)
	if rest, found := strings.CutPrefix(path, x.head); found && x.tails.rules != nil {
		if slash := strings.IndexByte(rest, '/'); slash >= 0 {
			buffer = x.tails.appendTo(buffer, rest[slash:])
		}
	}
	slices.Sort(buffer[start:])
	if after >= 0 {
		first, _ := slices.BinarySearch(buffer[start:], int32(after+1))
		buffer = slices.Delete(buffer, start, start+first)
	}
	return buffer
}
