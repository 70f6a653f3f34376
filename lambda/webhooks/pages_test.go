package webhooks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pack/lambda/webhooks"
	"pack/manifest"
	"pack/s3cache"
)

// slowTags is a tag store that takes a while.
type slowTags struct {
	takes time.Duration
	mu    sync.Mutex
	// writes are those that succeeded; fails is how many are still to fail.
	writes [][]string
	fails  int
}

func (s *slowTags) RevalidateTags(_ context.Context, tags []string, d *s3cache.Durations) error {
	time.Sleep(s.takes)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails > 0 {
		s.fails--
		return errors.New("throttled")
	}
	if d != nil {
		tags = append([]string{"stale"}, tags...)
	}
	s.writes = append(s.writes, tags)
	return nil
}

func TestPathTags(t *testing.T) {
	for path, want := range map[string][]string{
		"/":             {"_N_T_/", "_N_T_/index"},
		"/index":        {"_N_T_/", "_N_T_/index"},
		"/products/a":   {"_N_T_/products/a"},
		"/Kr%C3%BCge 1": {"_N_T_/Kr%C3%BCge 1"},
	} {
		if diff := cmp.Diff(want, webhooks.PathTags(path)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

// TestBurst: a thousand deliveries about seven pages cost a few writes, and
// none returns before a write that began after it.
func TestBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowTags{takes: 20 * time.Millisecond}
		var observed int
		pages := webhooks.NewPages(store, func(_ context.Context, tags []string) { observed++ })
		var done sync.WaitGroup
		for i := range 1000 {
			done.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				began := time.Now()
				if err := pages.Paths(t.Context(), []string{fmt.Sprintf("/products/%d", i%7)}, manifest.ExpireEntries); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took < store.takes || took > 2*store.takes {
					t.Errorf("delivery %d took %v, and a write takes %v", i, took, store.takes)
				}
			})
		}
		done.Wait()
		if len(store.writes) > 52 || len(store.writes) < 50 || observed != len(store.writes) {
			t.Errorf("%d writes, %d observed, in the second that 1,000 deliveries took", len(store.writes), observed)
		}
		for _, tags := range store.writes[1:] {
			if len(tags) != 7 {
				t.Errorf("one write is of %v", tags)
			}
		}
	})
}

func TestModes(t *testing.T) {
	store := &slowTags{}
	pages := webhooks.NewPages(store, nil)
	if err := pages.Tags(t.Context(), []string{"b", "a"}, manifest.StaleEntries); err != nil {
		t.Fatal(err)
	}
	if err := pages.Paths(t.Context(), []string{"/"}, manifest.ExpireEntries); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"stale", "a", "b"}, {"_N_T_/", "_N_T_/index"}}, store.writes); diff != "" {
		t.Error(diff)
	}
}

// TestFailedWrite: a write that fails for a moment is made again; when it
// keeps failing everyone whose tags were in it learns of it, the next ones do
// not.
func TestFailedWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowTags{takes: 10 * time.Millisecond, fails: 3}
		pages := webhooks.NewPages(store, nil)
		if err := pages.Tags(t.Context(), []string{"a"}, manifest.ExpireEntries); err != nil {
			t.Errorf("after three failures: %v", err)
		}
		store.fails, store.writes = 4, nil
		began := time.Now()
		errs := make([]error, 4)
		var done sync.WaitGroup
		for i := range errs {
			done.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond) // The second to fourth come while the first is tried.
				errs[i] = pages.Tags(t.Context(), []string{fmt.Sprint(i)}, manifest.ExpireEntries)
			})
		}
		done.Wait()
		if errs[0] == nil || errs[1] != nil || errs[2] != nil || errs[3] != nil {
			t.Errorf("errors %v", errs)
		}
		if want := []string{"1", "2", "3"}; len(store.writes) != 1 || !slices.Equal(store.writes[0], want) {
			t.Errorf("wrote %v, want %v", store.writes, want)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("took %v, and senders hang up after five seconds", took)
		}
	})
}

// TestImpatientCaller: who goes away takes nobody's write along.
func TestImpatientCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowTags{takes: time.Second}
		pages := webhooks.NewPages(store, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := pages.Tags(ctx, []string{"a"}, manifest.ExpireEntries); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if err := pages.Tags(t.Context(), []string{"b"}, manifest.ExpireEntries); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([][]string{{"a"}, {"b"}}, store.writes); diff != "" {
			t.Error(diff)
		}
	})
}
