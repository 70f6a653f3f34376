package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"pack/s3cache"
)

func revision(t *testing.T, store s3cache.TagStore) uint64 {
	t.Helper()
	got, err := store.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// movesOn is about writes one after the other.
func movesOn(t *testing.T, open OpenTagStore) {
	store, other := open(), open()
	seen := map[uint64]int{revision(t, store): 0}
	for i, update := range []marks{
		{"a": {StaleAt: 5}}, {"a": {ExpiredAt: 7}}, {"a": {StaleAt: 9, ExpireBy: 20}, "b": {ExpiredAt: 1}},
		// What changes nothing: another writer may not have moved the revision on yet.
		{"a": {ExpiredAt: 7}}, {"a": {ExpiredAt: 3}}, {"a": {StaleAt: 9, ExpiredAt: 7, ExpireBy: 20}},
	} {
		if i%2 == 0 {
			write(t, other, update)
		} else {
			write(t, store, update)
		}
		now := revision(t, store)
		if before, again := seen[now]; again {
			t.Errorf("after write %d the revision is as after %d", i+1, before)
		}
		seen[now] = i + 1
		for range 3 {
			wantTags(t, store, marks{"unknown": {}})
			if again := revision(t, store); again != now {
				t.Errorf("the revision moved from %d to %d without a write", now, again)
			}
		}
	}
}

// sameRevision has readers who read tags only when the revision has moved on, as a
// Cache does: they know what writers were told to be done before they asked.
func sameRevision(t *testing.T, open OpenTagStore, writers int) {
	const each, readers = 40, 4
	var wrote sync.WaitGroup
	done := make([]atomic.Int64, writers)
	tag := func(writer int) string { return fmt.Sprint("of ", writer) }
	var tags []string
	for writer := range writers {
		tags = append(tags, tag(writer))
		store := open()
		wrote.Go(func() {
			for i := range int64(each) {
				if err := store.Write(t.Context(), marks{tag(writer): {ExpiredAt: i + 1}}); err != nil {
					t.Error(err)
					return
				}
				done[writer].Store(i + 1)
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		wrote.Wait()
		close(ended)
	}()
	var read sync.WaitGroup
	for range readers {
		store := open()
		read.Go(func() {
			var known marks
			var of uint64
			for first, last := true, false; !last; first = false {
				select {
				case <-ended:
					last = true
				default:
				}
				acknowledged := make([]int64, writers)
				for writer := range acknowledged {
					acknowledged[writer] = done[writer].Load()
				}
				now, err := store.Revision(t.Context())
				if err == nil && (first || now != of) {
					of = now
					known, err = store.Read(t.Context(), tags)
				}
				if err != nil {
					t.Error(err)
					return
				}
				for writer, at := range acknowledged {
					if got := known[tag(writer)].ExpiredAt; got < at {
						t.Errorf("by revision %d tag %d is of %d, though %d is done", of, writer, got, at)
						return
					}
				}
			}
		})
	}
	read.Wait()
}
