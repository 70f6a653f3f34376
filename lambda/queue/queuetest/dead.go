package queuetest

import (
	"testing"
	"time"

	"pack/lambda/queue"
)

func deadLetters(t *testing.T, o Options) {
	q := o.New(t, false, 2)
	send(t, q, queue.Message{Body: "bad 1"}, queue.Message{Body: "bad 2"}, queue.Message{Body: "bad 3"})
	exhaust(t, q, 2)
	letters, err := q.DeadLetters(t.Context(), 0)
	if err != nil || len(letters) != 3 {
		t.Fatalf("dead letters %+v, %v, want 3", letters, err)
	}
	if again, err := q.DeadLetters(t.Context(), 0); err != nil || len(again) != 3 {
		t.Fatalf("dead letters looked at again: %+v, %v, want 3", again, err)
	}
	n, err := q.Redrive(t.Context(), letters[1].ID, "no-such-id")
	if err != nil || n != 1 {
		t.Fatalf("redrive: %d, %v, want 1", n, err)
	}
	back := one(t, q, 30*time.Second, letters[1].Body)
	if back.ReceiveCount != 1 {
		t.Errorf("receive count of a message sent again is %d", back.ReceiveCount)
	}
	remove(t, q, back.Receipt)
	if n, err := q.Discard(t.Context(), letters[0].ID); err != nil || n != 1 {
		t.Fatalf("discard: %d, %v, want 1", n, err)
	}
	if n, err := q.Redrive(t.Context()); err != nil || n != 1 {
		t.Fatalf("redrive all: %d, %v, want 1", n, err)
	}
	remove(t, q, one(t, q, 30*time.Second, letters[2].Body).Receipt)
	if left, err := q.DeadLetters(t.Context(), 0); err != nil || len(left) > 0 {
		t.Errorf("dead letters %+v, %v, want none", left, err)
	}
}

// exhaust receives everything as often as the queue lets it.
func exhaust(t *testing.T, q queue.Queue, receives int) {
	t.Helper()
	for range receives {
		var out []queue.Delivery
		for {
			found := receive(t, q, queue.Receive{Max: 10, Visibility: 30 * time.Second})
			if len(found) == 0 {
				break
			}
			out = append(out, found...)
		}
		if len(out) == 0 {
			t.Fatal("nothing to receive before the receives were used up")
		}
		for _, d := range out {
			if err := q.Defer(t.Context(), d.Receipt, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	none(t, q)
}

func deadLettersFIFO(t *testing.T, o Options) {
	q := o.New(t, true, 1)
	send(t, q, in("a", "1", "bad"), in("b", "2", "other"))
	exhaust(t, q, 1)
	send(t, q, in("a", "3", "good"))
	// A dead letter does not stand in its group's way.
	remove(t, q, one(t, q, 30*time.Second, "good").Receipt)
	if n, err := q.Redrive(t.Context()); err != nil || n != 2 {
		t.Fatalf("redrive: %d, %v, want 2", n, err)
	}
	got := map[string]string{}
	for range 2 {
		for _, d := range receive(t, q, queue.Receive{Max: 10, Wait: 5 * time.Second}) {
			got[d.Body] = d.Group
			remove(t, q, d.Receipt)
		}
	}
	if got["bad"] != "a" || got["other"] != "b" || len(got) != 2 {
		t.Errorf("after a redrive: %v", got)
	}
}
