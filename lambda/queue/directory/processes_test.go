package directory_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"pack/lambda/queue"
	"pack/lambda/queue/directory"
)

// TestMain lets this binary also be a sender that is killed at any moment.
func TestMain(m *testing.M) {
	if path := os.Getenv("QUEUE_SENDER"); path != "" {
		sendForever(path)
	}
	os.Exit(m.Run())
}

// sendForever prints the number of each message that the queue has taken.
func sendForever(path string) {
	q, err := directory.Open(path, directory.Options{FIFO: true})
	for n := 0; err == nil; n++ {
		id := fmt.Sprintf("%d-%d", os.Getpid(), n)
		err = q.Send(context.Background(), queue.Message{Body: id, Group: fmt.Sprint(os.Getpid()), Deduplication: id})
		if err == nil {
			fmt.Println(id)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// TestSendersKilled: whatever a killed process was told to be sent is received
// once, in order, by receivers in other hands.
func TestSendersKilled(t *testing.T) {
	path := t.TempDir()
	const senders = 3
	var mu sync.Mutex
	said := make(map[string][]string)
	var all sync.WaitGroup
	for i := range senders {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "QUEUE_SENDER="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			lines := bufio.NewScanner(out)
			for n := 0; lines.Scan(); n++ {
				group, _, _ := strings.Cut(lines.Text(), "-")
				mu.Lock()
				said[group] = append(said[group], lines.Text())
				mu.Unlock()
				if n == 20+7*i {
					_ = cmd.Process.Kill()
				}
			}
			_ = cmd.Wait()
		})
	}
	all.Wait()
	q := open(t, path, directory.Options{FIFO: true})
	got := make(map[string][]string)
	for {
		found, err := q.Receive(t.Context(), queue.Receive{Max: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 {
			break
		}
		var done []string
		for _, d := range found {
			got[d.Group] = append(got[d.Group], d.Body)
			done = append(done, d.Receipt)
		}
		if err := q.Delete(t.Context(), done...); err != nil {
			t.Fatal(err)
		}
	}
	for group, list := range said {
		// The last one may have been sent without its sender living to say so.
		if len(got[group]) < len(list) || len(got[group]) > len(list)+1 {
			t.Fatalf("sender %s: %d messages were taken, %d received", group, len(list), len(got[group]))
		}
		for i, id := range list {
			if got[group][i] != id {
				t.Fatalf("sender %s: message %d is %s, want %s", group, i, got[group][i], id)
			}
		}
	}
	if len(said) != senders {
		t.Errorf("%d of %d senders sent anything", len(said), senders)
	}
}

// TestReceivedAndForgotten: a queue that is opened again, by another process or
// after a restart, has everything, and what was out comes back.
func TestReceivedAndForgotten(t *testing.T) {
	path := t.TempDir()
	before := open(t, path, directory.Options{})
	if err := before.Send(t.Context(), queue.Message{Body: "a"}, queue.Message{Body: "b", Delay: 2 * time.Second}); err != nil {
		t.Fatal(err)
	}
	if found, err := before.Receive(t.Context(), queue.Receive{Max: 10, Visibility: time.Second}); err != nil || len(found) != 1 {
		t.Fatalf("received %+v, %v", found, err)
	}
	after := open(t, path, directory.Options{})
	got := map[string]int{}
	for len(got) < 2 {
		found, err := after.Receive(t.Context(), queue.Receive{Max: 10, Wait: 5 * time.Second})
		if err != nil || len(found) == 0 {
			t.Fatalf("received %v and then %+v, %v", got, found, err)
		}
		for _, d := range found {
			got[d.Body] = d.ReceiveCount
		}
	}
	if got["a"] != 2 || got["b"] != 1 {
		t.Errorf("receive counts %v", got)
	}
}
