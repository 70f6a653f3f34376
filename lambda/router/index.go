package router

import (
	"slices"
	"strings"
)

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
