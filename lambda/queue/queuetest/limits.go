package queuetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pack/lambda/queue"
)

func refusals(t *testing.T, o Options) {
	standard, fifo := o.New(t, false, 5), o.New(t, true, 5)
	eleven := make([]queue.Message, 11)
	for i := range eleven {
		eleven[i].Body = "x"
	}
	for name, err := range map[string]error{
		"empty body":             standard.Send(t.Context(), queue.Message{}),
		"long body":              standard.Send(t.Context(), queue.Message{Body: strings.Repeat("x", queue.MaxBody+1)}),
		"eleven":                 standard.Send(t.Context(), eleven...),
		"group":                  standard.Send(t.Context(), in("g", "1", "x")),
		"long delay":             standard.Send(t.Context(), queue.Message{Body: "x", Delay: 16 * time.Minute}),
		"no group":               fifo.Send(t.Context(), queue.Message{Body: "x"}),
		"group with a space":     fifo.Send(t.Context(), in("a b", "1", "x")),
		"deduplication too long": fifo.Send(t.Context(), in("g", strings.Repeat("x", 129), "x")),
		"delay in fifo":          fifo.Send(t.Context(), queue.Message{Body: "x", Group: "g", Deduplication: "1", Delay: time.Second}),
		"defer for a day":        standard.Defer(t.Context(), "x", 24*time.Hour),
	} {
		if !errors.Is(err, queue.ErrRefused) {
			t.Errorf("%s: %v, want queue.ErrRefused", name, err)
		}
	}
	if _, err := standard.Receive(t.Context(), queue.Receive{Max: 11}); !errors.Is(err, queue.ErrRefused) {
		t.Errorf("receive 11: %v", err)
	}
	// The rest of a batch is taken.
	var partial *queue.PartialError
	err := fifo.Send(t.Context(), in("g", "1", "good"), queue.Message{Body: "bad"})
	if !errors.As(err, &partial) || len(partial.Failures) != 1 || partial.Failures[0].Index != 1 {
		t.Errorf("a batch with one bad message: %v", err)
	}
	remove(t, fifo, one(t, fifo, 30*time.Second, "good").Receipt)
	none(t, standard)
	if err := standard.Send(t.Context()); err != nil {
		t.Errorf("sending nothing: %v", err)
	}
}

func bodies(t *testing.T, o Options) {
	q := o.New(t, false, 5)
	for _, body := range []string{
		`{"path":"/käse/日本","quote":"\"<&>'"}`,
		strings.Repeat("0123456789abcdef", queue.MaxBody/16),
		"line\nline\ttab",
	} {
		send(t, q, queue.Message{Body: body})
		found := receive(t, q, queue.Receive{Wait: 5 * time.Second})
		if len(found) != 1 || found[0].Body != body {
			t.Fatalf("a body of %d bytes came back otherwise", len(body))
		}
		remove(t, q, found[0].Receipt)
	}
	// Two of the longest bodies at once are more than SQS takes in one call.
	long := strings.Repeat("x", queue.MaxBody)
	send(t, q, queue.Message{Body: long}, queue.Message{Body: long})
	count := 0
	for range 4 {
		// An answer that is lost on its way hides its messages for that long.
		for _, found := range receive(t, q, queue.Receive{Max: 10, Visibility: time.Second, Wait: 2 * time.Second}) {
			remove(t, q, found.Receipt)
			count++
		}
		if count == 2 {
			return
		}
	}
	t.Errorf("%d of 2 long messages came", count)
}
