package manifest

import (
	"fmt"
	"strings"
)

// UserError is a mistake that only the app's owner can put right: in the app,
// its settings or its build. Everything else is an ordinary error. Commands
// print it as it is and leave with 1.
type UserError struct {
	// What is wrong, lower case, with the value that is wrong.
	What string
	// Where it is: a file, a route, a key path. May be empty.
	Where string
	// Why it cannot be: the rule and its limit. May be empty.
	Why string
	// Hint says what to do. May be empty.
	Hint string
	// Err is the cause, or nil.
	Err error
}

// Error gives the mistake on one line and each further field on a line of its
// own, indented.
func (e *UserError) Error() string {
	var b strings.Builder
	b.WriteString(e.What)
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	for _, f := range []struct{ name, text string }{{"where", e.Where}, {"why", e.Why}, {"hint", e.Hint}} {
		if f.text == "" {
			continue
		}
		fmt.Fprintf(&b, "\n  %-5s %s", f.name, strings.ReplaceAll(f.text, "\n", "\n        "))
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *UserError) Unwrap() error { return e.Err }
