package invoke_test

import (
	"errors"
	"fmt"
	"testing"

	"pack/lambda/invoke"
)

// TestTimedOut: Lambda says it in more than one way.
func TestTimedOut(t *testing.T) {
	for err, want := range map[error]bool{
		&invoke.Error{Type: "Sandbox.Timedout"}: true,
		&invoke.Error{Type: "Unhandled", Detail: `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 1 Error: Task timed out after 3.00 seconds"}`}: true,
		&invoke.Error{Type: "Unhandled", Detail: `{"errorMessage":"2026-06-04T12:04:07Z 698aba69 Task timed out after 3.00 seconds"}`}:                      true,
		&invoke.Error{Type: "Unhandled", Detail: `{"errorType":"Runtime.ExitError"}`}:                                                                       false,
		errors.New("Task timed out after lunch"): false,
	} {
		if got := invoke.TimedOut(fmt.Errorf("eu-west-1: %w", err)); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}
