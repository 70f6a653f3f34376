package awsstate_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pack/s3cache"
	"pack/s3cache/awsstate"
	"pack/tests/awsservers"
)

// The test binary runs itself with contenderVariable set, to the bucket and the
// endpoint, to be one of several processes that want a lease.
const contenderVariable = "AWSSTATE_TEST_CONTENDER"

// contend asks for the lease of each page named on standard input and says whether it
// got it.
func contend() int {
	bucket, endpoint, _ := strings.Cut(os.Getenv(contenderVariable), " ")
	store, err := awsstate.OpenObjects(awsstate.Config{Bucket: bucket, S3Endpoint: endpoint})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	cache := s3cache.New(s3cache.Options{Store: store, Prefix: "dpl_1"})
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		_, ok, err := cache.Lease(context.Background(), s3cache.PageKey(lines.Text()), time.Minute)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println(ok)
	}
	return 0
}

// Six processes ask for fifty leases at once: each has one holder.
func TestLeaseOfProcesses(t *testing.T) {
	server := awsservers.S3(t)
	bucket := awsservers.NewBucket(t, server)
	const processes, pages = 6, 50
	ask := make([]func(string) string, processes)
	for i := range ask {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), server.Environ()...)
		command.Env = append(command.Env, contenderVariable+"="+bucket+" "+server.Endpoint)
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
		t.Cleanup(func() {
			_ = input.Close()
			if err := command.Wait(); err != nil {
				t.Error(err)
			}
		})
		lines := bufio.NewScanner(output)
		if !lines.Scan() || lines.Text() != "ready" {
			t.Fatalf("a process said %q", lines.Text())
		}
		ask[i] = func(name string) string {
			fmt.Fprintln(input, name)
			lines.Scan()
			return lines.Text()
		}
	}
	for n := range pages {
		var holders atomic.Int32
		var asking sync.WaitGroup
		for _, ask := range ask {
			asking.Go(func() {
				switch answer := ask(fmt.Sprint("/page/", n)); answer {
				case "true":
					holders.Add(1)
				case "false":
				default:
					t.Errorf("a process said %q", answer)
				}
			})
		}
		asking.Wait()
		if got := holders.Load(); got != 1 {
			t.Errorf("page %d has %d holders", n, got)
		}
	}
}

// A missed page asked for by fifty requests of five instances is rendered once, though
// every seventh answer of S3 is lost.
func TestOneRenderPerMiss(t *testing.T) {
	for name, every := range map[string]int{"all well": 0, "answers lost": 7} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServices(t)
			if every > 0 {
				s.objects.Decide(everyNth(every, awsservers.Fault{Kind: awsservers.Lost}))
			}
			key := s3cache.PageKey("/blog")
			var renders, answers atomic.Int32
			var asking sync.WaitGroup
			for range 5 {
				cache := s.cache(t, s3cache.Options{})
				for range 10 {
					asking.Go(func() {
						if renderOrWait(t, cache, key) {
							renders.Add(1)
						}
						answers.Add(1)
					})
				}
			}
			asking.Wait()
			if renders.Load() != 1 || answers.Load() != 50 {
				t.Errorf("%d renders, %d answers", renders.Load(), answers.Load())
			}
		})
	}
}

// renderOrWait does what a gateway does with a page that it misses, and reports whether
// it had to render it.
func renderOrWait(t *testing.T, cache *s3cache.Cache, key s3cache.Key) (rendered bool) {
	held, ok, err := cache.Lease(t.Context(), key, 30*time.Second)
	if err != nil {
		t.Error(err)
		return false
	}
	if ok {
		// The page may have come while the lease was free again.
		if entry, _, err := cache.Lookup(t.Context(), key, nil); entry == nil && err == nil {
			rendered = true
			if _, err := cache.Store(t.Context(), key, page("once", now())); err != nil {
				t.Error(err)
			}
		}
		// Lost, if the answer was, and another took it before this asked again.
		if err := held.Release(t.Context()); err != nil && err != s3cache.ErrLeaseLost {
			t.Error(err)
		}
		return rendered
	}
	entry, err := cache.WaitFor(t.Context(), key, 0, 30*time.Second)
	if err != nil || string(entry.Part(s3cache.PartHTML).Body) != "once" {
		t.Errorf("waited for %v, %v", entry, err)
	}
	return false
}

// A holder that died is replaced when its lease has run out, by one of those who ask.
func TestLeaseOfTheDead(t *testing.T) {
	s := newServices(t)
	key := s3cache.PageKey("/blog")
	dead, ok, err := s.cache(t, s3cache.Options{}).Lease(t.Context(), key, 100*time.Millisecond)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	waiter := s.cache(t, s3cache.Options{})
	if _, err := waiter.WaitFor(t.Context(), key, 0, time.Minute); err != s3cache.ErrLeaseEnded {
		t.Fatalf("waited for the dead: %v", err)
	}
	var holders atomic.Int32
	var asking sync.WaitGroup
	for range 8 {
		cache := s.cache(t, s3cache.Options{})
		asking.Go(func() {
			_, ok, err := cache.Lease(t.Context(), key, time.Minute)
			if err != nil {
				t.Error(err)
			}
			if ok {
				holders.Add(1)
			}
		})
	}
	asking.Wait()
	if holders.Load() != 1 {
		t.Errorf("%d took over", holders.Load())
	}
	if err := dead.Renew(t.Context(), time.Minute); err != s3cache.ErrLeaseLost {
		t.Errorf("the dead renewed: %v", err)
	}
	if err := dead.Release(t.Context()); err != s3cache.ErrLeaseLost {
		t.Errorf("the dead released: %v", err)
	}
}
