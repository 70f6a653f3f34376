package awsstate_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pack/s3cache"
	"pack/tests/awsservers"
)

// requests returns what was asked of both services since it was last called, one word
// each, sorted.
func (s services) requests() []string {
	var words []string
	for _, line := range append(s.objects.Seen(), s.tags.Seen()...) {
		method, rest, _ := strings.Cut(line, " ")
		if _, operation, ok := strings.Cut(rest, " "); ok {
			method = operation
		}
		words = append(words, method)
	}
	slices.Sort(words)
	return words
}

// The requests that leave the machine, the SDK's included.
func TestRequests(t *testing.T) {
	s := newServices(t)
	cache := s.cache(t, s3cache.Options{})
	other := s.cache(t, s3cache.Options{})
	key := s3cache.PageKey("/blog")
	// The tag, and four copies of the revision.
	written := slices.Repeat([]string{"UpdateItem"}, 5)
	want := func(after string, want ...string) {
		t.Helper()
		if got := s.requests(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", after, got, want)
		}
	}
	want("opening")
	lookup(t, cache, key, "", s3cache.Missing)
	want("a miss", "GET", "GetItem")
	entry := page("one", now())
	for i := range 97 {
		entry.Tags = append(entry.Tags, fmt.Sprint("tag ", i))
	}
	store(t, cache, key, entry)
	want("a store", "GET", "PUT")
	lookup(t, cache, key, "one", s3cache.Fresh)
	want("a hit of what was stored here", "BatchGetItem", "GetItem")
	lookup(t, cache, key, "one", s3cache.Fresh)
	want("a hit from memory", "GetItem")
	lookup(t, other, key, "one", s3cache.Fresh)
	want("a first hit", "BatchGetItem", "GET", "GetItem")
	lookup(t, other, key, "one", s3cache.Fresh)
	want("the second", "GetItem")
	store(t, cache, key, page("two", now()+1))
	want("a store over what is fresh", slices.Concat([]string{"GET", "PUT"}, written)...)
	lookup(t, other, key, "two", s3cache.Fresh)
	want("a hit of what was replaced", "BatchGetItem", "GET", "GetItem")
	if err := cache.RevalidateTags(t.Context(), []string{"posts"}, nil); err != nil {
		t.Fatal(err)
	}
	want("revalidateTag", written...)
	lookup(t, cache, key, "two", s3cache.Expired)
	want("an expired entry", "BatchGetItem", "GET", "GetItem")
	lookup(t, cache, key, "two", s3cache.Expired)
	want("and again", "GET", "GetItem")
	lease, ok, err := cache.Lease(t.Context(), key, time.Minute)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	want("a lease", "PUT")
	if _, ok, err := other.Lease(t.Context(), key, time.Minute); ok || err != nil {
		t.Fatal(ok, err)
	}
	want("a lease that another has", "GET", "PUT")
	if err := lease.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("its release", "DELETE")

	// A process that has not heard of the services' clocks asks once.
	if err := s.cache(t, s3cache.Options{}).RevalidateTags(t.Context(), []string{"posts"}, nil); err != nil {
		t.Fatal(err)
	}
	want("revalidateTag as the first thing of all", slices.Concat([]string{"BatchGetItem"}, written)...)
	if lease, _, err = s.cache(t, s3cache.Options{}).Lease(t.Context(), key, time.Minute); err != nil {
		t.Fatal(err)
	}
	want("a lease as the first thing of all", "GET", "PUT")
	if err := lease.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A deployment's entries go as a whole; the data cache stays where it is of its own.
func TestDrop(t *testing.T) {
	s := newServices(t)
	one := s.cache(t, s3cache.Options{Prefix: "dpl_1", DataPrefix: "data"})
	other := s.cache(t, s3cache.Options{Prefix: "dpl_10", DataPrefix: "data"})
	pages := []string{"/", "/blog", "/blog/" + strings.Repeat("ü", 300), strings.Repeat("long", 200)}
	for _, name := range pages {
		store(t, one, s3cache.PageKey(name), page("one", now()))
		store(t, other, s3cache.PageKey(name), page("other", now()))
	}
	store(t, one, s3cache.DataKey("fetch"), page("fetched", now()))
	if _, ok, err := one.Lease(t.Context(), s3cache.PageKey("/"), time.Minute); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if dropped, err := one.Drop(t.Context(), "dpl_1"); err != nil || dropped != len(pages)+1 {
		t.Errorf("dropped %d, %v", dropped, err)
	}
	for _, name := range pages {
		lookup(t, one, s3cache.PageKey(name), "", s3cache.Missing)
		lookup(t, other, s3cache.PageKey(name), "other", s3cache.Fresh)
	}
	lookup(t, other, s3cache.DataKey("fetch"), "fetched", s3cache.Fresh)
}

// Eight instances, whose clocks differ by up to five minutes, render one page at
// random: what is there never gets older, and in the end it is the newest.
func TestOlderRendersLose(t *testing.T) {
	s := newServices(t)
	key := s3cache.PageKey("/blog")
	const instances, renders = 8, 15
	var mu sync.Mutex
	newest := int64(0)
	var writers sync.WaitGroup
	for instance := range instances {
		cache := s.cache(t, s3cache.Options{})
		random := rand.New(rand.NewPCG(uint64(instance), 1))
		writers.Go(func() {
			for range renders {
				created := now() + random.Int64N(600_000) - 300_000
				if _, err := cache.Store(t.Context(), key, page(fmt.Sprint(created), created)); err != nil {
					t.Error(err)
				}
				mu.Lock()
				newest = max(newest, created)
				mu.Unlock()
			}
		})
	}
	done := make(chan struct{})
	go func() {
		writers.Wait()
		close(done)
	}()
	reader := s.cache(t, s3cache.Options{})
	for last, running := int64(0), true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		entry, _, err := reader.Lookup(t.Context(), key, nil)
		if err != nil {
			t.Fatal(err)
		}
		if entry == nil {
			continue
		}
		if entry.Created < last || string(entry.Part(s3cache.PartHTML).Body) != fmt.Sprint(entry.Created) {
			t.Fatalf("after the render of %d came that of %d: %s", last, entry.Created, entry.Part(s3cache.PartHTML).Body)
		}
		last = entry.Created
		if !running && last != newest {
			t.Errorf("the render of %d is there, the newest is of %d", last, newest)
		}
	}
}

// While S3 or DynamoDB is down readers get a counted miss or an entry to fall back on,
// never a wrong one; when it is up again all is as before.
func TestOutage(t *testing.T) {
	all := func(fault awsservers.Fault) func(*http.Request) awsservers.Fault {
		return func(*http.Request) awsservers.Fault { return fault }
	}
	for name, fault := range map[string]awsservers.Fault{
		"reset": {Kind: awsservers.Reset}, "half answer": {Kind: awsservers.HalfAnswer}, "slow down": awsservers.SlowDown(),
	} {
		t.Run("objects "+name, func(t *testing.T) {
			t.Parallel()
			s := newServices(t)
			cache, key := s.cache(t, s3cache.Options{MemoryBytes: -1}), s3cache.PageKey("/blog")
			store(t, cache, key, page("one", now()))
			s.objects.Decide(all(fault))
			entry, state, err := cache.Lookup(t.Context(), key, nil)
			if entry != nil || state != s3cache.Missing || err == nil {
				t.Errorf("%+v, %s, %v", entry, state, err)
			}
			if stats := cache.Stats(); stats.Missing != 1 || stats.StoreErrors != 1 {
				t.Errorf("counted %+v", stats)
			}
			s.objects.Decide(nil)
			lookup(t, cache, key, "one", s3cache.Fresh)
		})
	}
	for name, fault := range map[string]awsservers.Fault{
		"reset": {Kind: awsservers.Reset}, "throttled": awsservers.Throttled("ProvisionedThroughputExceededException"),
	} {
		t.Run("tags "+name, func(t *testing.T) {
			t.Parallel()
			s := newServices(t)
			cache, key := s.cache(t, s3cache.Options{}), s3cache.PageKey("/blog")
			store(t, cache, key, page("one", now()))
			s.tags.Decide(all(fault))
			entry, state, err := cache.Lookup(t.Context(), key, nil)
			if entry == nil || state != s3cache.Expired || err == nil {
				t.Errorf("%+v, %s, %v", entry, state, err)
			}
			if err := cache.RevalidateTags(t.Context(), []string{"posts"}, nil); err == nil {
				t.Error("a revalidation seemed to succeed")
			}
			s.tags.Decide(nil)
			lookup(t, cache, key, "one", s3cache.Fresh)
		})
	}
}

// everyNth lets one request of n fail.
func everyNth(n int, fault awsservers.Fault) func(*http.Request) awsservers.Fault {
	requests := 0
	return func(*http.Request) awsservers.Fault {
		if requests++; requests%n == 0 {
			return fault
		}
		return awsservers.Fault{}
	}
}
