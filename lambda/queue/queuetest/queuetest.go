// Package queuetest is the conformance suite of queue.Queue: its comment is the
// contract, this holds an implementation to it.
package queuetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pack/lambda/queue"
)

// Options say how to make queues of an implementation.
type Options struct {
	// New returns an empty queue that makes dead letters after maxReceives.
	New func(t *testing.T, fifo bool, maxReceives int) queue.Queue
	// Knows lists what the server behind the implementation is known to get
	// wrong against AWS's documentation, by the name of the test, with a note.
	Knows map[string]string
}

// Run runs the suite.
func Run(t *testing.T, o Options) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Options)
	}{
		{"standard", standard},
		{"fifo order and groups", fifoOrder},
		{"fifo deduplication", deduplication},
		{"deduplication survives deletion", deduplicationAfterDelete},
		{"visibility", visibility},
		{"defer", deferring},
		{"delay", delay},
		{"receipts", receipts},
		{"dead letters", deadLetters},
		{"dead letters of a fifo queue", deadLettersFIFO},
		{"refusals", refusals},
		{"long poll", longPoll},
		{"bodies", bodies},
		{"many receivers", manyReceivers},
		{"canceled", canceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if note := o.Knows[test.name]; note != "" {
				t.Log("known difference of this server: " + note)
				return
			}
			test.run(t, o)
		})
	}
}

func send(t *testing.T, q queue.Queue, messages ...queue.Message) {
	t.Helper()
	if err := q.Send(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
}

// receive returns what is there now; a second is waited where SQS may be late.
func receive(t *testing.T, q queue.Queue, r queue.Receive) []queue.Delivery {
	t.Helper()
	found, err := q.Receive(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// one receives exactly one message of that body.
func one(t *testing.T, q queue.Queue, visibility time.Duration, body string) queue.Delivery {
	t.Helper()
	found := receive(t, q, queue.Receive{Max: 1, Visibility: visibility, Wait: 5 * time.Second})
	if len(found) != 1 || found[0].Body != body {
		t.Fatalf("received %+v, want one message %q", found, body)
	}
	return found[0]
}

// none checks that nothing can be received.
func none(t *testing.T, q queue.Queue) {
	t.Helper()
	if found := receive(t, q, queue.Receive{Max: 10}); len(found) > 0 {
		t.Fatalf("received %+v, want nothing", found)
	}
}

func remove(t *testing.T, q queue.Queue, receipts ...string) {
	t.Helper()
	if err := q.Delete(t.Context(), receipts...); err != nil {
		t.Fatal(err)
	}
}

func in(group, id, body string) queue.Message {
	return queue.Message{Body: body, Group: group, Deduplication: id}
}

func standard(t *testing.T, o Options) {
	q := o.New(t, false, 5)
	before := time.Now().Add(-time.Minute)
	var messages []queue.Message
	for i := range 10 {
		messages = append(messages, queue.Message{Body: fmt.Sprint("body ", i)})
	}
	send(t, q, messages...)
	got := make(map[string]string)
	for len(got) < 10 {
		found := receive(t, q, queue.Receive{Max: 10, Wait: 5 * time.Second})
		if len(found) == 0 {
			t.Fatalf("only %d of 10 messages came", len(got))
		}
		var done []string
		for _, d := range found {
			if d.ReceiveCount != 1 || d.ID == "" || d.Receipt == "" || d.Group != "" || d.Deduplication != "" || d.Sent.Before(before) || d.Sent.After(time.Now().Add(time.Minute)) {
				t.Errorf("a first delivery is %+v", d)
			}
			got[d.ID] = d.Body
			done = append(done, d.Receipt)
		}
		remove(t, q, done...)
	}
	none(t, q)
}

func fifoOrder(t *testing.T, o Options) {
	q := o.New(t, true, 5)
	send(t, q, in("a", "a1", "a1"), in("a", "a2", "a2"), in("b", "b1", "b1"))
	send(t, q, in("a", "a3", "a3"), in("b", "b2", "b2"))
	got := map[string][]string{}
	for range 20 {
		found := receive(t, q, queue.Receive{Max: 10, Wait: 2 * time.Second})
		if len(found) == 0 {
			break
		}
		groups := map[string]bool{}
		for _, d := range found {
			if d.Group != d.Body[:1] || d.Deduplication != d.Body {
				t.Errorf("delivery %+v", d)
			}
			groups[d.Group] = true
			got[d.Group] = append(got[d.Group], d.Body)
		}
		// While they are out, nothing else of their groups comes.
		for _, d := range receive(t, q, queue.Receive{Max: 10}) {
			if groups[d.Group] {
				t.Errorf("%s came while others of group %s were out", d.Body, d.Group)
			}
			got[d.Group] = append(got[d.Group], d.Body)
			remove(t, q, d.Receipt)
		}
		for _, d := range found {
			remove(t, q, d.Receipt)
		}
	}
	if !slices.Equal(got["a"], []string{"a1", "a2", "a3"}) || !slices.Equal(got["b"], []string{"b1", "b2"}) {
		t.Errorf("received %v", got)
	}
}

func deduplication(t *testing.T, o Options) {
	q := o.New(t, true, 5)
	for range 3 {
		send(t, q, in("a", "same", "first"))
	}
	send(t, q, in("b", "same", "in another group"))
	remove(t, q, one(t, q, 30*time.Second, "first").Receipt)
	none(t, q)
	send(t, q, in("a", "other", "second"))
	remove(t, q, one(t, q, 30*time.Second, "second").Receipt)
}

func deduplicationAfterDelete(t *testing.T, o Options) {
	q := o.New(t, true, 5)
	send(t, q, in("a", "same", "first"))
	remove(t, q, one(t, q, 30*time.Second, "first").Receipt)
	send(t, q, in("a", "same", "again"))
	none(t, q)
}

func visibility(t *testing.T, o Options) {
	for _, fifo := range []bool{false, true} {
		q := o.New(t, fifo, 5)
		m := queue.Message{Body: "back"}
		if fifo {
			m = in("g", "1", "back")
		}
		send(t, q, m)
		first := one(t, q, 2*time.Second, "back")
		none(t, q)
		second := one(t, q, 30*time.Second, "back") // waits until it is visible
		if second.ID != first.ID || second.ReceiveCount != 2 {
			t.Errorf("received %+v after %+v", second, first)
		}
		remove(t, q, second.Receipt)
		none(t, q)
	}
}

func deferring(t *testing.T, o Options) {
	q := o.New(t, true, 9)
	send(t, q, in("g", "1", "one"), in("g", "2", "two"))
	d := one(t, q, time.Second, "one")
	// Kept longer than its visibility timeout said, its receipt stays good.
	if err := q.Defer(t.Context(), d.Receipt, 30*time.Second); err != nil {
		t.Fatal(err)
	}
	if found := receive(t, q, queue.Receive{Max: 10, Wait: 2 * time.Second}); len(found) > 0 {
		t.Fatalf("received %+v of a deferred message's group", found)
	}
	if err := q.Defer(t.Context(), d.Receipt, 0); err != nil {
		t.Fatal(err)
	}
	again := one(t, q, 30*time.Second, "one")
	if again.ReceiveCount != 2 {
		t.Errorf("receive count %d, want 2", again.ReceiveCount)
	}
	remove(t, q, again.Receipt)
	remove(t, q, one(t, q, 30*time.Second, "two").Receipt)
}

func delay(t *testing.T, o Options) {
	q := o.New(t, false, 5)
	sent := time.Now()
	send(t, q, queue.Message{Body: "later", Delay: 2 * time.Second})
	none(t, q)
	one(t, q, 30*time.Second, "later")
	if waited := time.Since(sent); waited < 1900*time.Millisecond {
		t.Errorf("a message delayed by 2 s came after %s", waited)
	}
}

func receipts(t *testing.T, o Options) {
	q := o.New(t, false, 9)
	send(t, q, queue.Message{Body: "kept"})
	old := one(t, q, time.Second, "kept")
	now := one(t, q, 30*time.Second, "kept")
	_ = q.Delete(t.Context(), old.Receipt) // may be an error
	if err := q.Defer(t.Context(), now.Receipt, 0); err != nil {
		t.Fatalf("an outdated receipt deleted the message: %v", err)
	}
	last := one(t, q, 30*time.Second, "kept")
	remove(t, q, last.Receipt)
	if err := q.Delete(t.Context(), last.Receipt); err != nil {
		t.Errorf("deleting a message again: %v", err)
	}
}

func longPoll(t *testing.T, o Options) {
	q := o.New(t, false, 5)
	began := time.Now()
	if found := receive(t, q, queue.Receive{Wait: time.Second}); len(found) > 0 {
		t.Fatalf("received %+v from an empty queue", found)
	}
	if waited := time.Since(began); waited < 900*time.Millisecond {
		t.Errorf("waited %s, want 1 s", waited)
	}
	var sender sync.WaitGroup
	sender.Go(func() {
		if err := q.Send(t.Context(), queue.Message{Body: "hello"}); err != nil {
			t.Error(err)
		}
	})
	began = time.Now()
	one(t, q, 30*time.Second, "hello")
	if waited := time.Since(began); waited > 4*time.Second {
		t.Errorf("a waiting receiver got its message after %s", waited)
	}
	sender.Wait()
}

func manyReceivers(t *testing.T, o Options) {
	q := o.New(t, true, 9)
	const groups, each = 8, 5
	for n := range each {
		var batch []queue.Message
		for g := range groups {
			batch = append(batch, in(fmt.Sprint("group-", g), fmt.Sprint(g, "-", n), fmt.Sprint(n)))
		}
		send(t, q, batch...)
	}
	var mu sync.Mutex
	got := map[string][]string{}
	total := 0
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for {
				found, err := q.Receive(t.Context(), queue.Receive{Max: 3, Wait: time.Second})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, d := range found {
					got[d.Group] = append(got[d.Group], d.Body)
					total++
				}
				finished := total >= groups*each
				mu.Unlock()
				for _, d := range found {
					if err := q.Delete(t.Context(), d.Receipt); err != nil {
						t.Error(err)
					}
				}
				if finished || len(found) == 0 {
					return
				}
			}
		})
	}
	all.Wait()
	for g := range groups {
		if list := got[fmt.Sprint("group-", g)]; !slices.Equal(list, []string{"0", "1", "2", "3", "4"}) {
			t.Errorf("group %d was received as %v", g, list)
		}
	}
}

func canceled(t *testing.T, o Options) {
	q := o.New(t, false, 5)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := q.Receive(ctx, queue.Receive{Wait: 20 * time.Second})
		ended <- err
	}()
	cancel()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("a canceled receive has no error")
		}
	case <-time.After(5 * time.Second):
		t.Error("a canceled receive goes on")
	}
}
