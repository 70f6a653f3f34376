package runtime_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"pack/lambda/local"
)

// reverse answers an event that is a list of words.
func reverse(_ context.Context, payload []byte) ([]byte, error) {
	var words []string
	if err := json.Unmarshal(payload, &words); err != nil {
		return nil, errors.New("this is no list")
	}
	slices.Reverse(words)
	return json.Marshal(words)
}

// TestEvents: a function of events answers in one piece, goes on after an
// event that it cannot take, and after a long answer.
func TestEvents(t *testing.T) {
	service, _ := open(t, map[string]string{"ANSWER_EVENTS": "1"})
	ask := func(payload string) (*local.Stream, string, error) {
		answer, err := service.Invoke(t.Context(), "f", []byte(payload))
		if err != nil {
			return nil, "", err
		}
		defer answer.Close()
		all, err := io.ReadAll(answer)
		return answer, string(all), err
	}
	long := strings.Repeat("x", 1<<20)
	for _, c := range [][2]string{{`["a","b"]`, `["b","a"]`}, {`["` + long + `","y"]`, `["y","` + long + `"]`}, {`[]`, `[]`}} {
		answer, body, err := ask(c[0])
		if err != nil || body != c[1] {
			t.Fatalf("answer of %d bytes, %v", len(body), err)
		}
		if answer.ContentType != "application/json" {
			t.Errorf("the answer is %s", answer.ContentType)
		}
		_, _, err = ask(`{}`)
		var failed *local.FunctionError
		if !errors.As(err, &failed) || !strings.Contains(string(failed.Payload), "this is no list") {
			t.Errorf("a wrong event: %v", err)
		}
	}
}
