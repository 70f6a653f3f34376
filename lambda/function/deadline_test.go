package function_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"pack/lambda/event"
)

// TestLambdaEndsFirst: where Lambda would end an invocation no later than
// maxDuration, as at 900 seconds, the viewer still gets the function's 504.
func TestLambdaEndsFirst(t *testing.T) {
	f, _, err := start(t, entry, 30)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	request, err := http.NewRequest(http.MethodGet, "http://shop.example/r/1?hang", nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := event.Encode(request, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := event.Handle(f)(ctx, payload)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(response)
	if err != nil || ctx.Err() != nil || !strings.Contains(string(all), `"statusCode":504`) {
		t.Errorf("%v, Lambda's time is over: %v, answer %.200s", err, ctx.Err(), all)
	}
	if err := response.Close(); err != nil {
		t.Error(err)
	}
}
