package s3cache_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pack/s3cache"
)

// place is one store and tag store that several caches share.
type place struct {
	store *mapStore
	tags  *mapTags
}

func newPlace() place { return place{newMapStore(), newMapTags()} }

func (p place) cache() *s3cache.Cache {
	return s3cache.New(s3cache.Options{Store: p.store, Tags: p.tags, Prefix: "d1", DataPrefix: "data"})
}

func render(body string) *s3cache.Entry {
	return &s3cache.Entry{
		Kind: s3cache.KindAppPage, Created: time.Now().UnixMilli(), Tags: []string{"posts"},
		Parts: []s3cache.Part{{Name: s3cache.PartHTML, Body: []byte(body)}},
	}
}

func store(t *testing.T, cache *s3cache.Cache, key s3cache.Key, entry *s3cache.Entry, want bool) {
	t.Helper()
	stored, err := cache.Store(t.Context(), key, entry)
	if err != nil || stored != want {
		t.Fatalf("stored %v, want %v; error %v", stored, want, err)
	}
}

func lookup(t *testing.T, cache *s3cache.Cache, key s3cache.Key, body string, want s3cache.State) {
	t.Helper()
	entry, state, err := cache.Lookup(t.Context(), key, nil)
	if err != nil || state != want {
		t.Fatalf("%s, want %s; error %v", state, want, err)
	}
	got := ""
	if entry != nil {
		got = string(entry.Part(s3cache.PartHTML).Body)
	}
	if got != body {
		t.Fatalf("looked up %q, want %q", got, body)
	}
}

func TestCacheLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		cache, other, key := p.cache(), p.cache(), s3cache.PageKey("/route-cache/x/$/blog")
		lookup(t, cache, key, "", s3cache.Missing)
		entry := render("one")
		entry.Revalidate, entry.Expire = s3cache.Seconds(60), s3cache.Seconds(600)
		store(t, cache, key, entry, true)
		lookup(t, cache, key, "one", s3cache.Fresh)
		lookup(t, other, key, "one", s3cache.Fresh)
		time.Sleep(60*time.Second + time.Millisecond)
		lookup(t, other, key, "one", s3cache.Stale)
		time.Sleep(540 * time.Second)
		lookup(t, cache, key, "one", s3cache.Expired)
		store(t, other, key, render("two"), true)
		lookup(t, cache, key, "two", s3cache.Fresh)
		want := s3cache.Stats{Fresh: 2, Expired: 1, Missing: 1, Stored: 1, Remembered: 2, Recalled: 1}
		if got := cache.Stats(); got != want {
			t.Errorf("stats %+v, want %+v", got, want)
		}
	})
}

func TestCacheTags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		cache, other, key := p.cache(), p.cache(), s3cache.PageKey("/blog")
		store(t, cache, key, render("one"), true)
		time.Sleep(time.Second)
		revalidate := func(d *s3cache.Durations, tags ...string) {
			t.Helper()
			if err := other.RevalidateTags(t.Context(), tags, d); err != nil {
				t.Fatal(err)
			}
		}
		revalidate(nil)
		revalidate(nil, "authors")
		lookup(t, cache, key, "one", s3cache.Fresh)
		revalidate(&s3cache.Durations{Expire: s3cache.Seconds(30)}, "authors", "posts")
		lookup(t, cache, key, "one", s3cache.Stale)
		time.Sleep(10 * time.Second)
		revalidate(&s3cache.Durations{}, "posts") // keeps the deadline
		time.Sleep(20*time.Second - time.Millisecond)
		lookup(t, cache, key, "one", s3cache.Stale)
		time.Sleep(time.Millisecond)
		lookup(t, cache, key, "one", s3cache.Expired)
		revalidate(&s3cache.Durations{Expire: s3cache.Seconds(1000)}, "posts")
		lookup(t, cache, key, "one", s3cache.Expired) // no second life
		store(t, cache, key, render("two"), true)
		lookup(t, other, key, "two", s3cache.Fresh)
		time.Sleep(time.Second)
		revalidate(nil, "posts")
		lookup(t, cache, key, "two", s3cache.Expired)
	})
}

func TestCacheSoftTags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache, key := newPlace().cache(), s3cache.DataKey("0f0f")
		entry := render("data")
		entry.Tags = nil
		store(t, cache, key, entry, true)
		time.Sleep(time.Second)
		if err := cache.RevalidateTags(t.Context(), []string{"_N_T_/blog"}, nil); err != nil {
			t.Fatal(err)
		}
		lookup(t, cache, key, "data", s3cache.Fresh)
		_, state, err := cache.Lookup(t.Context(), key, []string{"_N_T_/", "_N_T_/blog"})
		if err != nil || state != s3cache.Expired {
			t.Errorf("%s, %v", state, err)
		}
	})
}

func TestCacheNeverGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		cache, other, key := p.cache(), p.cache(), s3cache.PageKey("/blog")
		old := render("old")
		time.Sleep(time.Millisecond)
		store(t, cache, key, render("new"), true)
		store(t, other, key, old, false)
		lookup(t, other, key, "new", s3cache.Fresh)
		store(t, other, key, render("new again"), true) // of the same moment: the last one
		seed := render("seed")
		if stored, err := cache.Seed(t.Context(), key, seed); stored || err != nil {
			t.Errorf("seeded over a render of the same moment: %v", err)
		}
		lookup(t, cache, key, "new again", s3cache.Fresh)
		time.Sleep(time.Millisecond)
		for i, want := range []bool{true, false} {
			if seed.Created = time.Now().UnixMilli(); i == 1 {
				seed.Created -= 5
			}
			if stored, err := cache.Seed(t.Context(), key, seed); stored != want || err != nil {
				t.Errorf("seed: %v, %v", stored, err)
			}
		}
		if got := other.Stats(); got.Outrun != 1 || got.Stored != 1 {
			t.Errorf("stats %+v", got)
		}
	})
}

// Whatever the order and the simultaneity of writers, the newest render stays.
func TestCacheConcurrentStores(t *testing.T) {
	directory := t.TempDir()
	newest := int64(0)
	var wg sync.WaitGroup
	key := s3cache.PageKey("/blog")
	for writer := range 6 {
		cache := s3cache.New(s3cache.Options{
			Store: openDirectory(t, directory), Tags: newMapTags(), Prefix: "d",
		})
		for i := range 20 {
			newest = max(newest, int64(i*7%20*6+writer))
		}
		wg.Go(func() {
			for i := range 20 {
				created := int64(i*7%20*6 + writer)
				entry := &s3cache.Entry{Created: created, Parts: []s3cache.Part{{Name: "html", Body: fmt.Append(nil, created)}}}
				if _, err := cache.Store(t.Context(), key, entry); err != nil {
					t.Error(err)
				}
				got, _, err := cache.Lookup(t.Context(), key, nil)
				if err != nil || got.Created < created {
					t.Errorf("after storing %d: %+v, %v", created, got, err)
				}
			}
		})
	}
	wg.Wait()
	cache := s3cache.New(s3cache.Options{Store: openDirectory(t, directory), Tags: newMapTags(), Prefix: "d"})
	lookup(t, cache, key, fmt.Sprint(newest), s3cache.Fresh)
}

func TestCacheConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		cache, other, key := p.cache(), p.cache(), s3cache.PageKey("/blog")
		mine := render("mine")
		time.Sleep(time.Millisecond)
		intrude := true
		p.store.before = func(string) { // another instance gets between reading and writing
			if intrude {
				intrude = false
				store(t, other, key, render("newer"), true)
			}
		}
		store(t, cache, key, mine, false)
		lookup(t, cache, key, "newer", s3cache.Fresh)
		if got := cache.Stats(); got.Conflicts != 1 || got.Outrun != 1 {
			t.Errorf("stats %+v", got)
		}
	})
}

func TestCacheFailingStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		cache, key := p.cache(), s3cache.PageKey("/blog")
		store(t, cache, key, render("one"), true)
		down := errors.New("store is down")
		p.store.fail(down)
		lookup(t, cache, key, "one", s3cache.Fresh) // from memory
		other := s3cache.PageKey("/other")
		entry, state, err := cache.Lookup(t.Context(), other, nil)
		if entry != nil || state != s3cache.Missing || !errors.Is(err, down) || !strings.Contains(err.Error(), "/other") {
			t.Errorf("%v, %s, %v", entry, state, err)
		}
		if stored, err := cache.Store(t.Context(), key, render("two")); stored || !errors.Is(err, down) {
			t.Errorf("stored %v, %v", stored, err)
		}
		p.store.fail(nil)
		p.tags.failing = down
		entry, state, err = cache.Lookup(t.Context(), key, nil)
		if entry == nil || state != s3cache.Expired || !errors.Is(err, down) {
			t.Errorf("tags down: %v, %s, %v", entry, state, err)
		}
		if stored, err := cache.Store(t.Context(), key, render("two")); stored || !errors.Is(err, down) {
			t.Errorf("stored over an entry that others take for fresh: %v, %v", stored, err)
		}
		if err := cache.RevalidateTags(t.Context(), []string{"posts"}, nil); !errors.Is(err, down) {
			t.Errorf("revalidate: %v", err)
		}
		got := cache.Stats()
		if got.StoreErrors != 2 || got.TagErrors != 3 || got.Missing != 1 || got.Expired != 1 {
			t.Errorf("stats %+v", got)
		}
	})
}

func TestCacheCorrupt(t *testing.T) {
	p := newPlace()
	cache, key := p.cache(), s3cache.PageKey("/blog")
	store(t, cache, key, render("one"), true)
	for name := range p.store.objects {
		if _, err := p.store.Put(t.Context(), name, []byte("half an ent"), s3cache.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	cold := p.cache()
	entry, state, err := cold.Lookup(t.Context(), key, nil)
	if entry != nil || state != s3cache.Missing || !errors.Is(err, s3cache.ErrCorrupt) {
		t.Errorf("%v, %s, %v", entry, state, err)
	}
	store(t, cold, key, render("two"), true)
	lookup(t, cold, key, "two", s3cache.Fresh)
	lookup(t, cache, key, "two", s3cache.Fresh)
}

func TestCacheDrop(t *testing.T) {
	p := newPlace()
	cache := p.cache()
	long := s3cache.PageKey(strings.Repeat("/very-long", 500))
	odd := s3cache.PageKey("\xff\xfe")
	for _, key := range []s3cache.Key{s3cache.PageKey("/a"), s3cache.DataKey("/a"), long, odd} {
		store(t, cache, key, render(key.Name[:2]), true)
	}
	next := s3cache.New(s3cache.Options{Store: p.store, Tags: p.tags, Prefix: "d10", DataPrefix: "data"})
	store(t, next, s3cache.PageKey("/a"), render("kept"), true)
	if _, ok, err := cache.Lease(t.Context(), long, time.Minute); !ok || err != nil {
		t.Fatal(err)
	}
	lookup(t, cache, long, "/v", s3cache.Fresh)
	lookup(t, next, s3cache.DataKey("/a"), "/a", s3cache.Fresh)
	for name := range p.store.objects {
		if len(name) > 1024 {
			t.Errorf("an object's key has %d bytes", len(name))
		}
	}
	if n, err := cache.Drop(t.Context(), "d1"); n != 4 || err != nil {
		t.Errorf("dropped %d, %v", n, err)
	}
	lookup(t, cache, long, "", s3cache.Missing)
	lookup(t, cache, odd, "", s3cache.Missing)
	lookup(t, next, s3cache.PageKey("/a"), "kept", s3cache.Fresh)
	lookup(t, cache, s3cache.DataKey("/a"), "/a", s3cache.Fresh)
	if _, err := cache.Drop(t.Context(), ""); err == nil {
		t.Error("dropped everything")
	}
	p.store.fail(errors.New("down"))
	if _, err := cache.Drop(t.Context(), "d10"); err == nil {
		t.Error("a failing store dropped")
	}
}

func TestCacheMemoryIsBounded(t *testing.T) {
	p := newPlace()
	cache := s3cache.New(s3cache.Options{Store: p.store, Tags: p.tags, Prefix: "d", MemoryBytes: 100 << 10})
	body := strings.Repeat("x", 9<<10)
	for i := range 20 {
		store(t, cache, s3cache.PageKey(fmt.Sprint(i)), render(body), true)
	}
	store(t, cache, s3cache.PageKey("huge"), render(strings.Repeat("y", 50<<10)), true)
	remembered := func(name string) bool {
		before := cache.Stats().Remembered
		if _, state, err := cache.Lookup(t.Context(), s3cache.PageKey(name), nil); state != s3cache.Fresh || err != nil {
			t.Fatal(state, err)
		}
		return cache.Stats().Remembered > before
	}
	if !remembered("19") || !remembered("12") || remembered("huge") || remembered("0") {
		t.Error("not the last ten of 9 KiB are remembered in 100 KiB")
	}
	remembered("13")
	for i := range 9 {
		remembered(fmt.Sprint(i))
	}
	if !remembered("13") || remembered("19") {
		t.Error("the least recently used did not leave first")
	}
	none := s3cache.New(s3cache.Options{Store: p.store, Tags: p.tags, Prefix: "d", MemoryBytes: -1})
	for range 2 {
		lookup(t, none, s3cache.PageKey("1"), body, s3cache.Fresh)
	}
	if got := none.Stats(); got.Remembered != 0 || got.Fresh != 2 {
		t.Errorf("without memory: %+v", got)
	}
}

func benchmarkCache(b *testing.B) *s3cache.Cache {
	directory := b.TempDir()
	cache := s3cache.New(s3cache.Options{
		Store: openDirectory(b, filepath.Join(directory, "store")),
		Tags:  openTags(b, filepath.Join(directory, "tags")), Prefix: "d",
	})
	for i := range 200 {
		if err := cache.RevalidateTags(b.Context(), []string{fmt.Sprint("tag ", i)}, nil); err != nil {
			b.Fatal(err)
		}
	}
	return cache
}

func benchmarkEntry() *s3cache.Entry {
	return &s3cache.Entry{
		Kind: s3cache.KindAppPage, Created: time.Now().UnixMilli() + 1000,
		Header: map[string][]string{"x-nextjs-prerender": {"1"}, "x-nextjs-stale-time": {"300"}},
		Tags:   []string{"_N_T_/layout", "_N_T_/blog/layout", "_N_T_/blog", "tag 7", "tag 8"},
		Parts: []s3cache.Part{
			{Name: s3cache.PartHTML, Body: []byte(strings.Repeat("<p>hello</p>", 600))},
			{Name: s3cache.PartRSC, Body: []byte(strings.Repeat("1:[\"p\"]\n", 250))},
			{Name: s3cache.PartSegment + "/_tree", Body: []byte(strings.Repeat("t", 800))},
		},
	}
}

func BenchmarkLookup(b *testing.B) {
	cache, key := benchmarkCache(b), s3cache.PageKey("/route-cache/APP_PAGE/0f0f/$/blog")
	if _, err := cache.Store(b.Context(), key, benchmarkEntry()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, state, err := cache.Lookup(b.Context(), key, nil); state != s3cache.Fresh || err != nil {
			b.Fatal(state, err)
		}
	}
}

func BenchmarkStore(b *testing.B) {
	cache, key, entry := benchmarkCache(b), s3cache.PageKey("/blog"), benchmarkEntry()
	b.ReportAllocs()
	for b.Loop() {
		if stored, err := cache.Store(b.Context(), key, entry); !stored || err != nil {
			b.Fatal(stored, err)
		}
	}
}

func BenchmarkDecodeEntry(b *testing.B) {
	encoded := encode(b, benchmarkEntry())
	b.SetBytes(int64(len(encoded)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s3cache.DecodeEntry(encoded); err != nil {
			b.Fatal(err)
		}
	}
}
