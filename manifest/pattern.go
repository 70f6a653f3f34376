package manifest

import (
	"regexp"
	"sync"
)

// pattern is a regular expression that is compiled when it is first needed: this
// package is part of every function, most of which never read settings, and
// compiling them all would be a tenth of the program's start.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
