package local

import (
	"encoding/json"
	"fmt"
)

// The names that AWS gives to what ends a function from outside.
const (
	errTimedOut    = "Sandbox.Timedout"
	errExit        = "Runtime.ExitError"
	errOutOfMemory = "Runtime.OutOfMemory"
	errEntrypoint  = "Runtime.InvalidEntrypoint"
	errTruncated   = "Runtime.TruncatedResponse"
	errTooLarge    = "Function.ResponseSizeTooLarge"
)

// A FunctionError is a failure of the function, not of the service: it threw, exited,
// or was stopped. The Invoke API answers it with 200 and X-Amz-Function-Error.
type FunctionError struct {
	// Type is AWS's errorType, such as Sandbox.Timedout, or the function's own.
	Type string
	// Payload is the JSON document that AWS would return to the caller.
	Payload []byte
}

// Error gives the type and the whole document.
func (e *FunctionError) Error() string {
	return fmt.Sprintf("function failed with %s: %s", e.Type, e.Payload)
}

// newFunctionError words an error of the platform about one request as AWS does.
func newFunctionError(requestID, kind, format string, args ...any) *FunctionError {
	doc, _ := json.Marshal(struct { // two strings always marshal
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{kind, "RequestId: " + requestID + " Error: " + fmt.Sprintf(format, args...)})
	return &FunctionError{Type: kind, Payload: doc}
}

// A NotFoundError says that no function has the name (404 on AWS).
type NotFoundError struct{ Name string }

func (e *NotFoundError) Error() string { return "no function is named " + e.Name }

// A ThrottledError says that every allowed instance was busy (429 on AWS).
type ThrottledError struct {
	Name   string
	Reason string // AWS's Reason of a TooManyRequestsException
}

func (e *ThrottledError) Error() string {
	return fmt.Sprintf("every instance of function %s is busy (%s)", e.Name, e.Reason)
}

// A TooLargeError says that an event was over AWS's limit (413 there). In bytes.
type TooLargeError struct{ Size, Limit int }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the event has %d bytes, and %d are allowed", e.Size, e.Limit)
}

// A FunctionConfigError says what Add could not use.
type FunctionConfigError struct {
	Name, Field, Reason string
}

func (e *FunctionConfigError) Error() string {
	return fmt.Sprintf("function %q: %s: %s", e.Name, e.Field, e.Reason)
}
