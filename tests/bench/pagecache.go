package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"pack/s3cache"
)

// reading times lookups by the size of the entry and the number of its tags, in the
// folder that `pack serve` uses: from files, and from an instance's memory, which asks
// the folder whether the entry is still the one that it has.
func (w *workshop) reading(ctx context.Context, p plan, r *report) error {
	store, tags, err := s3cache.OpenFolder(filepath.Join(w.dir, "pages"))
	if err != nil {
		return err
	}
	defer closing(r, "pieces", tags.Close)
	cold := s3cache.New(s3cache.Options{Store: store, Tags: tags, Prefix: "bench", MemoryBytes: -1})
	warm := s3cache.New(s3cache.Options{Store: store, Tags: tags, Prefix: "bench"})
	type page struct {
		name      string
		size, tag int
	}
	pages := []page{
		{"page of 1 KiB", 1 << 10, 5}, {"page of 10 KiB", 10 << 10, 5}, {"page of 100 KiB", 100 << 10, 5}, {"page of 1 MiB", 1 << 20, 5},
		{"page of 10 KiB with 128 tags", 10 << 10, 128},
	}
	var trials []trial
	for _, page := range pages {
		key := s3cache.PageKey("/" + page.name)
		if _, err := cold.Store(ctx, key, entry(page.size, page.tag)); err != nil {
			return err
		}
		add := func(subject string, cache *s3cache.Cache) {
			trials = append(trials, trial{"cache, " + page.name, subject, func(ctx context.Context) ([]value, error) {
				return timed(p.lookups, func() error { return fresh(ctx, cache, key) })
			}})
		}
		add("from the store", cold)
		add("from memory", warm)
	}
	r.interleave(ctx, "pieces", 1, p.rounds, trials)
	return nil
}

func fresh(ctx context.Context, cache *s3cache.Cache, key s3cache.Key) error {
	if _, state, err := cache.Lookup(ctx, key, nil); err != nil || state != s3cache.Fresh {
		return fmt.Errorf("an entry that was just stored is %v: %v", state, err)
	}
	return nil
}

// entry is a page of that many bytes, rendered a moment ago.
func entry(size, tags int) *s3cache.Entry {
	body := make([]byte, 0, size+sha256.Size)
	for sum := sha256.Sum256(nil); len(body) < size; sum = sha256.Sum256(sum[:]) {
		body = append(body, sum[:]...)
	}
	e := &s3cache.Entry{
		Kind: s3cache.KindAppPage, Status: 200, Created: time.Now().Add(-time.Second).UnixMilli(),
		Parts: []s3cache.Part{{Name: s3cache.PartHTML, Body: body[:size]}},
	}
	for i := range tags {
		e.Tags = append(e.Tags, fmt.Sprintf("tag-%d", i))
	}
	return e
}

// revalidating times the revalidation of a tag that few and very many entries carry, and
// counts what it asks of the stores. Entries are kept in this process's memory: what is
// shown is that nobody looks for them. The tags are in a folder.
func revalidating(ctx context.Context, p plan, r *report) error {
	var trials []trial
	for _, n := range []int{1, p.entries} {
		dir, err := os.MkdirTemp("", "pack-bench-tags-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		_, tags, err := s3cache.OpenFolder(dir)
		if err != nil {
			return err
		}
		defer closing(r, "pieces", tags.Close)
		calls := &atomic.Int64{}
		cache := s3cache.New(s3cache.Options{Store: countedStore{make(objects, n), calls}, Tags: countedTags{tags, calls}, Prefix: "bench", MemoryBytes: -1})
		for i := range n {
			e := entry(100, 0)
			e.Tags = []string{"all"}
			if _, err := cache.Store(ctx, s3cache.PageKey(fmt.Sprint("/", i)), e); err != nil {
				return err
			}
		}
		trials = append(trials, trial{"tag on " + thousands(int64(n)) + " entries", subjectPack, func(ctx context.Context) ([]value, error) {
			before := calls.Load()
			const times = 20
			values, err := timed(times, func() error { return cache.RevalidateTags(ctx, []string{"all"}, nil) })
			if err != nil {
				return nil, err
			}
			asked := float64(calls.Load()-before) / times
			for _, i := range []int{0, n / 2, n - 1} {
				if _, state, err := cache.Lookup(ctx, s3cache.PageKey(fmt.Sprint("/", i)), nil); err != nil || state != s3cache.Expired {
					return nil, fmt.Errorf("entry %d is %v after its tag was revalidated: %v", i, state, err)
				}
			}
			return append(values[:1], value{"calls", "", asked}), nil
		}})
	}
	r.interleave(ctx, "pieces", 1, p.rounds, trials)
	return nil
}

// objects is a store in memory, for one goroutine; conditions are not looked at.
type objects map[string][]byte

func (o objects) Get(_ context.Context, key, _ string) (*s3cache.Object, error) {
	body, ok := o[key]
	if !ok {
		return nil, s3cache.ErrNotFound
	}
	return &s3cache.Object{Body: body, ETag: "1"}, nil
}

func (o objects) Put(_ context.Context, key string, body []byte, _ s3cache.Condition) (string, error) {
	o[key] = append([]byte(nil), body...)
	return "1", nil
}

func (o objects) Delete(_ context.Context, key string, _ s3cache.Condition) error {
	delete(o, key)
	return nil
}

func (o objects) List(_ context.Context, _ string) iter.Seq2[s3cache.Item, error] {
	return func(yield func(s3cache.Item, error) bool) {
		for key, body := range o {
			if !yield(s3cache.Item{Key: key, ETag: "1", Size: int64(len(body))}, nil) {
				return
			}
		}
	}
}

// countedStore and countedTags count every call.
type countedStore struct {
	s3cache.Store
	calls *atomic.Int64
}

func (s countedStore) Get(ctx context.Context, key, known string) (*s3cache.Object, error) {
	s.calls.Add(1)
	return s.Store.Get(ctx, key, known)
}

func (s countedStore) Put(ctx context.Context, key string, body []byte, c s3cache.Condition) (string, error) {
	s.calls.Add(1)
	return s.Store.Put(ctx, key, body, c)
}

func (s countedStore) Delete(ctx context.Context, key string, c s3cache.Condition) error {
	s.calls.Add(1)
	return s.Store.Delete(ctx, key, c)
}

func (s countedStore) List(ctx context.Context, prefix string) iter.Seq2[s3cache.Item, error] {
	s.calls.Add(1)
	return s.Store.List(ctx, prefix)
}

type countedTags struct {
	s3cache.TagStore
	calls *atomic.Int64
}

func (s countedTags) Read(ctx context.Context, tags []string) (map[string]s3cache.Tag, error) {
	s.calls.Add(1)
	return s.TagStore.Read(ctx, tags)
}

func (s countedTags) Write(ctx context.Context, updates map[string]s3cache.Tag) error {
	s.calls.Add(1)
	return s.TagStore.Write(ctx, updates)
}
