package runtime_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/lambda/event"
	"pack/lambda/runtime"
)

// TestAttempt: every answer names the attempt that it is for, as the service has named
// it, and none where it has not; one that came too late ends nothing.
func TestAttempt(t *testing.T) {
	attempts := []string{"first", "second", ""}
	serve := func(run func(api string) error) (answers []string) {
		t.Helper()
		handed := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				_, _ = io.Copy(io.Discard, r.Body)
				answers = append(answers, r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]+" "+strings.Join(r.Header["Lambda-Runtime-Invocation-Id"], ","))
				if len(answers) == 1 {
					w.WriteHeader(http.StatusGone)
				} else {
					w.WriteHeader(http.StatusAccepted)
				}
				return
			}
			if handed == len(attempts) {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "id")
			if attempts[handed] != "" {
				w.Header().Set("Lambda-Runtime-Invocation-Id", attempts[handed])
			}
			handed++
			_, _ = io.WriteString(w, get)
		}))
		defer server.Close()
		if err := run(strings.TrimPrefix(server.URL, "http://")); err == nil || !strings.Contains(err.Error(), "status 500") {
			t.Errorf("ended with %v", err)
		}
		return answers
	}
	for name, test := range map[string]struct {
		run  func(api string) error
		want []string
	}{
		"streams": {func(api string) error {
			return runtime.Serve(api, event.Handle(http.HandlerFunc(answer)))
		}, []string{"response first", "response second", "response "}},
		"events": {func(api string) error {
			return runtime.ServeEvents(api, func(context.Context, []byte) ([]byte, error) { return []byte("{}"), nil })
		}, []string{"response first", "response second", "response "}},
		"failures": {func(api string) error {
			return runtime.ServeEvents(api, func(context.Context, []byte) ([]byte, error) { return nil, errors.New("no") })
		}, []string{"error first", "error second", "error "}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, serve(test.run)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const get = `{"version":"2.0","rawPath":"/echo","headers":{},"requestContext":{"http":{"method":"GET"}}}`
