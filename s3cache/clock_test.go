package s3cache_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pack/s3cache"
)

// knowingTags is a TagStore that finds out, when it is read, how far its clock is ahead
// of the machine's.
type knowingTags struct {
	s3cache.TagStore
	ahead time.Duration
	asked atomic.Bool
}

func (s *knowingTags) Offset() (time.Duration, bool) {
	if !s.asked.Load() {
		return 0, false
	}
	return s.ahead, true
}

func (s *knowingTags) Read(ctx context.Context, tags []string) (map[string]s3cache.Tag, error) {
	s.asked.Store(true)
	return s.TagStore.Read(ctx, tags)
}

// instance opens a cache on a machine whose clock is ahead of the store's.
func (p place) instance(ahead time.Duration) *s3cache.Cache {
	cache := s3cache.New(s3cache.Options{Store: p.store, Tags: &knowingTags{TagStore: p.tags, ahead: -ahead}, Prefix: "d1"})
	cache.SetClock(ahead)
	return cache
}

// Three machines, one five minutes ahead, one as much behind: a revalidation by any is
// seen by all at once, a render by any counts as what it is, and a lease lasts as long
// as it was taken for.
func TestClocksApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		clocks := []time.Duration{5 * time.Minute, -5 * time.Minute, 0}
		var machines []*s3cache.Cache
		for _, ahead := range clocks {
			machines = append(machines, p.instance(ahead))
		}
		renderedOn := func(machine int, body string) *s3cache.Entry {
			entry := render(body)
			entry.Created += clocks[machine].Milliseconds()
			entry.Revalidate = s3cache.Seconds(60)
			return entry
		}
		key := s3cache.PageKey("/blog")
		store(t, machines[0], key, renderedOn(0, "first"), true)
		for round := range 9 {
			time.Sleep(time.Second)
			renderer, revalidator := round%3, round/3
			if err := machines[revalidator].RevalidateTags(t.Context(), []string{"posts"}, nil); err != nil {
				t.Fatal(err)
			}
			for _, machine := range machines {
				if _, state, err := machine.Lookup(t.Context(), key, nil); err != nil || state != s3cache.Expired {
					t.Errorf("revalidated on %d: %s, %v", revalidator, state, err)
				}
			}
			time.Sleep(time.Second)
			store(t, machines[renderer], key, renderedOn(renderer, "next"), true)
			for _, machine := range machines {
				lookup(t, machine, key, "next", s3cache.Fresh)
			}
			held := lease(t, machines[renderer], key, true)
			if want := time.Now().Add(10 * time.Second); !held.Expires.Equal(want) {
				t.Errorf("the lease lasts until %v, want %v", held.Expires, want)
			}
			time.Sleep(10*time.Second - time.Millisecond)
			lease(t, machines[revalidator], key, false)
			time.Sleep(time.Millisecond)
			next := lease(t, machines[revalidator], key, true)
			if err := next.Release(t.Context()); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(51 * time.Second)
		for _, machine := range machines {
			lookup(t, machine, key, "next", s3cache.Stale)
		}
	})
}
