package router

import "strings"

// parameter is one group of a rule's source, in path-to-regexp's notation:
// ":slug", ":path*", or an unnamed "(.*)".
type parameter struct {
	name string
	// repeat is set for * and +: the value is a list of segments.
	repeat bool
}

// parseSource lists the parameters of a source. The parameter at i is group
// i+1 of the rule's pattern (path-to-regexp 6 allows no groups inside one).
func parseSource(source string) []parameter {
	var parameters []parameter
	for i := 0; i < len(source); {
		switch source[i] {
		case '\\':
			i += 2
		case ':':
			end := i + 1
			for end < len(source) && isWord(source[end]) {
				end++
			}
			if end == i+1 {
				i++
				continue
			}
			p := parameter{name: source[i+1 : end]}
			if end < len(source) && source[end] == '(' {
				end = closing(source, end)
			}
			p.repeat = end < len(source) && (source[end] == '*' || source[end] == '+')
			parameters = append(parameters, p)
			i = end
		case '(':
			end := closing(source, i)
			parameters = append(parameters, parameter{repeat: end < len(source) && (source[end] == '*' || source[end] == '+')})
			i = end
		default:
			i++
		}
	}
	return parameters
}

// closing returns the offset after the parenthesis that closes the one at open.
func closing(source string, open int) int {
	depth := 0
	for i := open; i < len(source); i++ {
		switch source[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(source)
}

// safeName is the name under which a condition's key can be used in a
// destination: its letters (getSafeParamName in prepare-destination.js).
func safeName(key string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, key)
}
