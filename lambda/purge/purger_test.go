package purge_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pack/lambda/purge"
)

// network is a CDN that remembers what it was asked for, as CloudFront does:
// the same reference with the same content is one purge.
type network struct {
	mu     sync.Mutex
	fails  int
	with   error
	asked  int
	purges []call
	known  map[string]string
}

type call struct {
	at    time.Time
	items string
}

func (n *network) Invalidate(_ context.Context, reference string, tags, paths []string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked++
	if n.fails > 0 {
		n.fails--
		return n.with
	}
	items := strings.Join(tags, " ") + "|" + strings.Join(paths, " ")
	if n.known == nil {
		n.known = map[string]string{}
	}
	if before, there := n.known[reference]; there {
		if before != items {
			return fmt.Errorf("%w: the reference was of another content", purge.ErrRefused)
		}
		return nil
	}
	n.known[reference] = items
	n.purges = append(n.purges, call{time.Now(), items})
	return nil
}

func items(tags []string, paths ...string) string {
	var hashed []string
	for _, tag := range tags {
		hashed = append(hashed, purge.Tag(tag))
	}
	return strings.Join(append(hashed, purge.Many), " ") + "|" + strings.Join(paths, " ")
}

// TestWindow: what comes within a window is one purge after its end, from
// however many instances.
func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cdn := &network{}
		start := time.Now() // synctest's clock begins at a full second.
		var done sync.WaitGroup
		for instance := range 5 {
			p := purge.New(purge.Options{CDN: cdn})
			done.Go(func() {
				var flushes sync.WaitGroup
				for range 200 {
					time.Sleep(time.Duration(1+instance) * 900 * time.Microsecond)
					p.Tags("a")
					flushes.Go(func() {
						if err := p.Flush(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				flushes.Wait()
			})
		}
		done.Wait()
		if len(cdn.purges) != 1 || cdn.asked != 5 {
			t.Fatalf("1,000 wishes of five instances within a second are %d purges in %d requests, want 1 in 5", len(cdn.purges), cdn.asked)
		}
		if due := start.Add(1500 * time.Millisecond); !cdn.purges[0].at.Equal(due) || cdn.purges[0].items != items([]string{"a"}) {
			t.Errorf("purged %+v, want at %v", cdn.purges[0], due)
		}
	})
}

// TestNothingIsPurgedTooEarly: a purge is never older than the wish for it,
// also where another instance's clock is behind, and a later window is another
// purge.
func TestNothingIsPurgedTooEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cdn := &network{}
		p := purge.New(purge.Options{CDN: cdn})
		var last time.Time
		var flushes sync.WaitGroup
		for range 10 {
			time.Sleep(333 * time.Millisecond)
			last = time.Now()
			p.Tags("a")
			flushes.Go(func() { _ = p.Flush(t.Context()) })
		}
		flushes.Wait()
		if got := cdn.purges[len(cdn.purges)-1].at; got.Before(last.Add(500 * time.Millisecond)) {
			t.Errorf("the last purge is %v after the last wish", got.Sub(last))
		}
		if len(cdn.purges) != 4 {
			t.Errorf("%d purges in the four seconds that were touched", len(cdn.purges))
		}
	})
}

func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cdn := &network{fails: 4, with: errors.New("too many invalidations in progress")}
		p := purge.New(purge.Options{CDN: cdn})
		p.Tags("a", "b")
		p.Paths("/x/*")
		start := time.Now()
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{strings.TrimSuffix(items([]string{"b", "a"}), "|") + "|", "|/x/*"}
		var got []string
		for _, c := range cdn.purges {
			got = append(got, c.items)
		}
		// The order is that of the hashes.
		if other := strings.TrimSuffix(items([]string{"a", "b"}), "|") + "|"; got[0] == other {
			want[0] = other
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if took := time.Since(start); took < 1500*time.Millisecond+1800*time.Millisecond || took > 6*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// TestFailure: what could not be sent is asked for again by the next flush;
// what was refused is not.
func TestFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cdn := &network{fails: 6, with: errors.New("down")}
		p := purge.New(purge.Options{CDN: cdn})
		p.Tags("a")
		if err := p.Flush(t.Context()); err == nil || !strings.Contains(err.Error(), "attempt 6: down") {
			t.Errorf("error %v", err)
		}
		if err := p.Flush(t.Context()); err != nil || len(cdn.purges) != 1 {
			t.Errorf("then %v, %d purges", err, len(cdn.purges))
		}
		cdn.fails, cdn.with, cdn.asked = 1, fmt.Errorf("%w: no such distribution", purge.ErrRefused), 0
		p.Tags("a")
		if err := p.Flush(t.Context()); !errors.Is(err, purge.ErrRefused) || cdn.asked != 1 {
			t.Errorf("error %v after %d requests", err, cdn.asked)
		}
		if err := p.Flush(t.Context()); err != nil || cdn.asked != 1 {
			t.Errorf("a refused purge is asked for again: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		p.Tags("b")
		if err := p.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if err := p.Flush(t.Context()); err != nil || len(cdn.purges) != 2 {
			t.Errorf("after a caller went away: %v, %d purges", err, len(cdn.purges))
		}
	})
}

func TestBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cdn := &network{}
		p := purge.New(purge.Options{CDN: cdn, MostItems: 100})
		for i := range 250 {
			p.Tags(fmt.Sprint(i))
		}
		for i := range 150 {
			p.Paths(fmt.Sprintf("/%d", i))
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		var sizes []int
		for _, c := range cdn.purges {
			n := len(strings.Fields(strings.ReplaceAll(c.items, "|", " ")))
			sizes = append(sizes, n)
			if strings.HasSuffix(c.items, "|") != strings.Contains(c.items, purge.Many) {
				t.Errorf("a request by tags without the tag of objects that have too many: %.80s", c.items)
			}
		}
		if diff := cmp.Diff([]int{100, 100, 53, 100, 50}, sizes); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNothingToDo(t *testing.T) {
	cdn := &network{}
	p := purge.New(purge.Options{CDN: cdn})
	p.Tags()
	p.Paths()
	if err := p.Flush(t.Context()); err != nil || cdn.asked != 0 {
		t.Errorf("%v, %d requests", err, cdn.asked)
	}
}

// TestObserve: the purge is made without being waited for.
func TestObserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cdn := &network{}
		p := purge.New(purge.Options{CDN: cdn})
		ctx, cancel := context.WithCancel(t.Context())
		p.Observe(ctx, []string{"a"})
		cancel() // The caller has its answer.
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(cdn.purges) != 1 {
			t.Errorf("%d purges", len(cdn.purges))
		}
	})
}
