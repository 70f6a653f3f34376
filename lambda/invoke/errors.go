package invoke

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// Error is a refusal by the service or a failure of the function itself, with
// AWS's names: TooManyRequestsException, Runtime.ExitError and so on.
type Error struct {
	Function string
	// Status is the API's HTTP status, or 0 when the function failed.
	Status int
	Type   string
	Detail string
}

func (e *Error) Error() string {
	return fmt.Sprintf("invoke %s: %s: %s", e.Function, e.Type, e.Detail)
}

// Throttled reports whether trying again later may help.
func (e *Error) Throttled() bool { return e.Status == http.StatusTooManyRequests }

// Absent reports whether there is no such function or version.
func (e *Error) Absent() bool { return e.Status == http.StatusNotFound }

// NotRun reports whether an error says that the function has not begun, so that
// even what must not happen twice may be asked of it elsewhere: nobody took the
// connection, or the service refused.
func NotRun(err error) bool {
	var refusal *Error
	if errors.As(err, &refusal) {
		switch refusal.Status {
		case http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests:
			return true
		}
		return refusal.Status >= http.StatusInternalServerError
	}
	var connection *net.OpError
	var name *net.DNSError
	return errors.As(err, &name) || errors.As(err, &connection) && connection.Op == "dial"
}

// timedOut is what Lambda calls it: the error itself, or in the details of one
// that came while the answer streamed; told is its message, where the error is but
// "Unhandled".
// https://github.com/aws/aws-sdk-go/issues/4872
const (
	timedOut = "Sandbox.Timedout"
	told     = "Task timed out after"
)

// TimedOut reports whether Lambda ended the function for its time.
func TimedOut(err error) bool {
	var failure *Error
	return errors.As(err, &failure) &&
		(failure.Type == timedOut || strings.Contains(failure.Detail, timedOut) || strings.Contains(failure.Detail, told))
}

func refusal(function string, response *http.Response) error {
	var body struct{ Message, Type string }
	raw, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	_ = json.Unmarshal(raw, &body)
	kind, _, _ := strings.Cut(response.Header.Get("X-Amzn-Errortype"), ":")
	if kind == "" {
		kind = "UnknownError"
	}
	if body.Message == "" {
		body.Message = strings.TrimSpace(string(raw))
	}
	return &Error{Function: function, Status: response.StatusCode, Type: kind, Detail: body.Message}
}
