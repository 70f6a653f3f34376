package s3cache_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pack/s3cache"
	"pack/s3cache/storetest"
)

// The test binary runs itself with writerVariable set to be one of many writers.
const writerVariable = "S3CACHE_TEST_WRITER"

func TestMain(m *testing.M) {
	if directory := os.Getenv(writerVariable); directory != "" {
		if err := writeForEver(directory); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// writeForEver increments counters of the store and marks tags until its standard input
// ends, and says on standard output what it has surely done.
func writeForEver(directory string) error {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	store, err := s3cache.OpenDirectory(filepath.Join(directory, "store"))
	if err != nil {
		return err
	}
	tags, err := s3cache.OpenTagDirectory(filepath.Join(directory, "tags"))
	if err != nil {
		return err
	}
	whole := context.Background() // a write that has begun is finished and said
	for i := 0; ctx.Err() == nil; i++ {
		key := "counter " + strconv.Itoa(i%counters)
		if err := storetest.Increment(whole, store, key); err != nil {
			return err
		}
		fmt.Println("n", i%counters)
		body := strings.Repeat(string(rune('a'+i%26)), 20000)
		if _, err := store.Put(whole, "page", []byte(body), s3cache.Condition{}); err != nil {
			return err
		}
		tag := fmt.Sprintf("%d/%d", os.Getpid(), i)
		if err := tags.Write(whole, map[string]s3cache.Tag{tag: {StaleAt: int64(i + 1)}}); err != nil {
			return err
		}
		fmt.Println("t", tag, i+1)
	}
	return nil
}

const counters = 3

// writer is a process running writeForEver.
type writer struct {
	command *exec.Cmd
	input   io.Closer
	done    chan struct{} // closed when all its output was read
}

// ledger is what all writers said that they had done.
type ledger struct {
	mu     sync.Mutex
	counts [counters]int
	tags   map[string]int64
}

func (l *ledger) start(t *testing.T, directory string) *writer {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), writerVariable+"="+directory)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	w := &writer{command: command, input: input, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		for lines := bufio.NewScanner(output); lines.Scan(); {
			l.note(strings.Fields(lines.Text()))
		}
	}()
	return w
}

func (l *ledger) note(fields []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case len(fields) == 2 && fields[0] == "n":
		if n, err := strconv.Atoi(fields[1]); err == nil {
			l.counts[n]++
		}
	case len(fields) == 3 && fields[0] == "t":
		if at, err := strconv.ParseInt(fields[2], 10, 64); err == nil {
			l.tags[fields[1]] = at
		}
	}
}

func (l *ledger) said() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.tags)
}

// Eight processes write; fifty times one is killed at a random moment, some of them
// while stopped, and replaced. What was said to be done is done, nothing more than what
// was under way at a kill, and everything is whole.
func TestKilledProcesses(t *testing.T) {
	const processes, kills = 8, 50
	directory := t.TempDir()
	store := openDirectory(t, filepath.Join(directory, "store"))
	tags := openTags(t, filepath.Join(directory, "tags"))
	said := &ledger{tags: map[string]int64{}}
	running := make([]*writer, processes)
	for i := range running {
		running[i] = said.start(t, directory)
	}
	random := rand.New(rand.NewPCG(3, 4))
	for kill := range kills {
		progress := said.said()
		for deadline := time.Now().Add(20 * time.Second); said.said() < progress+processes; {
			if time.Now().After(deadline) {
				t.Fatal("the writers make no progress")
			}
			time.Sleep(time.Duration(random.Int64N(int64(3 * time.Millisecond))))
		}
		victim := random.IntN(processes)
		w := running[victim]
		if kill%5 == 0 {
			if err := w.command.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(random.Int64N(int64(20 * time.Millisecond))))
		}
		if err := w.command.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-w.done
		if err := w.command.Wait(); err == nil {
			t.Fatal("a killed writer ended well")
		}
		running[victim] = said.start(t, directory)
	}
	for _, w := range running {
		if err := w.input.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range running {
		<-w.done
		if err := w.command.Wait(); err != nil {
			t.Errorf("writer: %v", err)
		}
	}
	surplus := 0
	for n, count := range said.counts {
		object, err := store.Get(t.Context(), "counter "+strconv.Itoa(n), "")
		if err != nil {
			t.Fatal(err)
		}
		stored, err := strconv.Atoi(string(object.Body))
		if err != nil || stored < count {
			t.Errorf("counter %d is %d, the writers said %d: %v", n, stored, count, err)
		}
		surplus += stored - count
	}
	if surplus > kills {
		t.Errorf("the counters are %d ahead of what was said, after %d kills", surplus, kills)
	}
	page, err := store.Get(t.Context(), "page", "")
	if err != nil || len(page.Body) != 20000 || strings.Count(string(page.Body), string(page.Body[:1])) != 20000 {
		t.Errorf("the page is torn: %v", err)
	}
	for tag, at := range said.tags {
		wantTag(t, tags, tag, s3cache.Tag{StaleAt: at})
	}
	// What the killed left is at most one file each, and goes with the next sweep.
	left := files(t, filepath.Join(directory, "store", "temp"))
	if len(left) > kills {
		t.Errorf("%d leftovers of %d killed writers", len(left), kills)
	}
	longAgo := time.Now().Add(-2 * time.Minute)
	for _, file := range left {
		if err := os.Chtimes(file, longAgo, longAgo); err != nil {
			t.Fatal(err)
		}
	}
	openDirectory(t, filepath.Join(directory, "store"))
	if left := files(t, filepath.Join(directory, "store")); len(left) != counters+1 {
		t.Errorf("%d files for %d objects", len(left), counters+1)
	}
	t.Logf("%d tags written, %d leftovers swept", len(said.tags), len(left))
}
