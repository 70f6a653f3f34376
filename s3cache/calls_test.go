package s3cache_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pack/s3cache"
)

// calls notes what a cache asks of its stores.
type calls struct {
	mu   sync.Mutex
	made []string
}

func (c *calls) note(format string, values ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made = append(c.made, fmt.Sprintf(format, values...))
}

// since returns the calls since it was last asked, sorted.
func (c *calls) since() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	made := c.made
	c.made = nil
	slices.Sort(made)
	return made
}

func (c *calls) want(t *testing.T, after string, want ...string) {
	t.Helper()
	if got := c.since(); !slices.Equal(got, want) {
		t.Errorf("%s: the calls are %q, want %q", after, got, want)
	}
}

type countedStore struct {
	s3cache.Store
	*calls
}

func (s countedStore) Get(ctx context.Context, key, known string) (*s3cache.Object, error) {
	if known != "" {
		s.note("get if changed")
	} else {
		s.note("get")
	}
	return s.Store.Get(ctx, key, known)
}

func (s countedStore) Put(ctx context.Context, key string, body []byte, condition s3cache.Condition) (string, error) {
	s.note("put")
	return s.Store.Put(ctx, key, body, condition)
}

func (s countedStore) Delete(ctx context.Context, key string, condition s3cache.Condition) error {
	s.note("delete")
	return s.Store.Delete(ctx, key, condition)
}

func (s countedStore) List(ctx context.Context, prefix string) iter.Seq2[s3cache.Item, error] {
	s.note("list")
	return s.Store.List(ctx, prefix)
}

type countedTags struct {
	s3cache.TagStore
	*calls
}

func (s countedTags) Read(ctx context.Context, tags []string) (map[string]s3cache.Tag, error) {
	s.note("read %d", len(tags))
	return s.TagStore.Read(ctx, tags)
}

func (s countedTags) Write(ctx context.Context, updates map[string]s3cache.Tag) error {
	s.note("write %d", len(updates))
	return s.TagStore.Write(ctx, updates)
}

func (s countedTags) Revision(ctx context.Context) (uint64, error) {
	s.note("revision")
	return s.TagStore.Revision(ctx)
}

func (p place) counted(o s3cache.Options) (*s3cache.Cache, *calls) {
	made := &calls{}
	o.AtOnce = true
	o.Store, o.Tags, o.Prefix = countedStore{p.store, made}, countedTags{p.tags, made}, "d1"
	return s3cache.New(o), made
}

// What a page costs, with 128 tags as with two.
func TestCalls(t *testing.T) {
	p := newPlace()
	cache, made := p.counted(s3cache.Options{})
	writer, writerMade := p.counted(s3cache.Options{})
	key := s3cache.PageKey("/blog")
	lookup(t, cache, key, "", s3cache.Missing)
	made.want(t, "a miss", "get", "revision")
	entry := render("one")
	for i := range 126 {
		entry.Tags = append(entry.Tags, fmt.Sprint("tag ", i))
	}
	entry.Tags = append(entry.Tags, "last")
	store(t, cache, key, entry, true)
	made.want(t, "a first store", "get", "put")

	lookup(t, cache, key, "one", s3cache.Fresh)
	made.want(t, "a hit of what was stored here", "read 129", "revision")
	for range 3 {
		lookup(t, cache, key, "one", s3cache.Fresh)
		made.want(t, "a hit in memory", "revision")
	}
	cold, coldMade := p.counted(s3cache.Options{})
	lookup(t, cold, key, "one", s3cache.Fresh)
	coldMade.want(t, "a hit of a new instance", "get", "read 129", "revision")
	lookup(t, cold, key, "one", s3cache.Fresh)
	coldMade.want(t, "its second", "revision")

	newer := render("two")
	newer.Created++
	newer.Tags = []string{"posts", "another"}
	store(t, writer, key, newer, true)
	writerMade.want(t, "a store over an entry that is fresh", "get", "put", "write 1")
	lookup(t, cache, key, "two", s3cache.Fresh)
	made.want(t, "a hit of what was replaced, with a tag more", "get if changed", "read 1", "read 129", "revision")
	lookup(t, cache, key, "two", s3cache.Fresh)
	made.want(t, "and again", "revision")
	soft := func(after string, want ...string) {
		t.Helper()
		if _, _, err := cache.Lookup(t.Context(), key, []string{"soft"}); err != nil {
			t.Fatal(err)
		}
		made.want(t, after, want...)
	}
	soft("a hit with a soft tag", "read 1", "revision")
	soft("and again", "revision")
	lookup(t, cache, key, "two", s3cache.Fresh)
	made.want(t, "a hit without it", "revision")

	if err := writer.RevalidateTags(t.Context(), []string{"of other pages"}, nil); err != nil {
		t.Fatal(err)
	}
	lookup(t, cache, key, "two", s3cache.Fresh)
	made.want(t, "a hit after any revalidation", "read 3", "revision")
	store(t, writer, s3cache.PageKey("/other"), newer, true)
	if _, state, err := cache.Lookup(t.Context(), s3cache.PageKey("/other"), nil); state != s3cache.Fresh || err != nil {
		t.Fatal(state, err)
	}
	made.want(t, "a page with tags that are known", "get", "read 1", "revision")

	newest := render("three")
	newest.Created += 2
	store(t, cache, key, newest, true)
	made.want(t, "a store over an entry in memory", "get if changed", "put", "write 1")
	for range 100 {
		cold, _ := p.counted(s3cache.Options{})
		store(t, cold, s3cache.PageKey(fmt.Sprint("/of ", cold)), render("x"), true)
	}
	if err := cache.RevalidateTags(t.Context(), []string{"posts"}, nil); err != nil {
		t.Fatal(err)
	}
	made.want(t, "a revalidation of a tag of 101 pages", "write 1")
	if err := cache.RevalidateTags(t.Context(), []string{"posts"}, &s3cache.Durations{}); err != nil {
		t.Fatal(err)
	}
	made.want(t, "a revalidation while stale", "read 1", "write 1")
}

// What costs what as time goes by.
func TestCallsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		cache, made := p.counted(s3cache.Options{})
		key := s3cache.PageKey("/blog")
		entry := render("one")
		entry.Revalidate = s3cache.Seconds(340)
		store(t, p.cacheOf("d1"), key, entry, true)
		hit := func(after string, state s3cache.State, want ...string) {
			t.Helper()
			lookup(t, cache, key, "one", state)
			made.want(t, after, want...)
		}
		hit("the first", s3cache.Fresh, "get", "read 2", "revision")
		time.Sleep(5*time.Minute - time.Millisecond)
		hit("within five minutes", s3cache.Fresh, "revision")
		time.Sleep(time.Millisecond)
		hit("after them", s3cache.Fresh, "get if changed", "read 2", "revision")
		hit("and again", s3cache.Fresh, "revision")
		time.Sleep(35 * time.Second)
		hit("five seconds before it is stale", s3cache.Fresh, "revision")
		time.Sleep(time.Millisecond)
		hit("shortly before it is stale", s3cache.Fresh, "get if changed", "revision")
		time.Sleep(5 * time.Second)
		hit("stale", s3cache.Stale, "get if changed", "revision")
		if got, want := cache.Stats(), (s3cache.Stats{Fresh: 6, Stale: 1, Remembered: 6, Recalled: 3}); got != want {
			t.Errorf("stats %+v, want %+v", got, want)
		}

		store(t, cache, key, render("two"), true)
		made.want(t, "a store over an entry that is stale", "get if changed", "put")
		if err := cache.RevalidateTags(t.Context(), []string{"posts"}, nil); err != nil {
			t.Fatal(err)
		}
		made.since()
		time.Sleep(time.Millisecond)
		lookup(t, cache, key, "two", s3cache.Fresh) // the revalidation was of the same millisecond
		made.want(t, "a first hit", "read 2", "revision")
		if err := cache.RevalidateTags(t.Context(), []string{"posts"}, nil); err != nil {
			t.Fatal(err)
		}
		made.since()
		lookup(t, cache, key, "two", s3cache.Expired)
		made.want(t, "an entry that was expired", "get if changed", "read 2", "revision")
		lookup(t, cache, key, "two", s3cache.Expired)
		made.want(t, "and again", "get if changed", "revision")
	})
}

// The object and its tags are asked for at once when the tags are known.
func TestCallsAreParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		slow := s3cache.New(s3cache.Options{Store: slowStore{p.store}, Tags: slowTags{p.tags}, Prefix: "d1", AtOnce: true})
		key := s3cache.PageKey("/blog")
		store(t, p.cacheOf("d1"), key, render("one"), true)
		for _, want := range []time.Duration{2 * time.Second, time.Second} {
			begin := time.Now()
			lookup(t, slow, key, "one", s3cache.Fresh)
			if took := time.Since(begin); took != want {
				t.Errorf("the lookup took %v, want %v", took, want)
			}
		}
	})
}

func (p place) cacheOf(prefix string) *s3cache.Cache {
	return s3cache.New(s3cache.Options{Store: p.store, Tags: p.tags, Prefix: prefix})
}

type slowStore struct{ s3cache.Store }

func (s slowStore) Get(ctx context.Context, key, known string) (*s3cache.Object, error) {
	time.Sleep(time.Second)
	return s.Store.Get(ctx, key, known)
}

type slowTags struct{ s3cache.TagStore }

func (s slowTags) Read(ctx context.Context, tags []string) (map[string]s3cache.Tag, error) {
	time.Sleep(time.Second)
	return s.TagStore.Read(ctx, tags)
}

func (s slowTags) Revision(ctx context.Context) (uint64, error) {
	time.Sleep(time.Second)
	return s.TagStore.Revision(ctx)
}
