package node

import (
	"fmt"
	"strings"
)

// LoadError is how a process reports that an entry could not be loaded.
type LoadError struct {
	// Name is the JavaScript error's name, Stack its stack.
	Name, Message, Stack string
}

func (e *LoadError) Error() string {
	return fmt.Sprintf("load the function's code: %s: %s", e.Name, e.Message)
}

// Kind and Trace are for the Runtime API's error reports.
func (e *LoadError) Kind() string { return e.Name }

func (e *LoadError) Trace() []string { return strings.Split(e.Stack, "\n") }
