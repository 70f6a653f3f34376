package s3cache_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pack/s3cache"
)

// schedule lets the calls of several instances happen one by one, in an order of its
// own: each waits in step until it is picked.
type schedule struct {
	mu      sync.Mutex
	running bool
	waiting []turn
	done    []string
}

type turn struct {
	what   string
	picked chan struct{}
}

func (s *schedule) step(format string, values ...any) {
	s.mu.Lock()
	if !s.running {
		s.mu.Unlock()
		return
	}
	mine := turn{fmt.Sprintf(format, values...), make(chan struct{})}
	s.waiting = append(s.waiting, mine)
	s.mu.Unlock()
	<-mine.picked
}

// run picks until everybody is done.
func (s *schedule) run(random *rand.Rand, instances ...func()) {
	s.running = true
	for _, instance := range instances {
		go instance()
	}
	for {
		synctest.Wait()
		s.mu.Lock()
		if len(s.waiting) == 0 {
			s.running = false
			s.mu.Unlock()
			return
		}
		i := random.IntN(len(s.waiting))
		next := s.waiting[i]
		s.waiting = append(s.waiting[:i], s.waiting[i+1:]...)
		s.done = append(s.done, next.what)
		s.mu.Unlock()
		close(next.picked)
	}
}

type steppedStore struct {
	s3cache.Store
	*schedule
	who string
}

func (s steppedStore) Get(ctx context.Context, key, known string) (*s3cache.Object, error) {
	s.step("%s gets", s.who)
	return s.Store.Get(ctx, key, known)
}

func (s steppedStore) Put(ctx context.Context, key string, body []byte, condition s3cache.Condition) (string, error) {
	s.step("%s puts", s.who)
	return s.Store.Put(ctx, key, body, condition)
}

// steppedTags has two steps in a write: the tags, and (mapTags.at) the revision.
type steppedTags struct {
	s3cache.TagStore
	*schedule
	who string
}

func (s steppedTags) Read(ctx context.Context, tags []string) (map[string]s3cache.Tag, error) {
	s.step("%s reads tags", s.who)
	return s.TagStore.Read(ctx, tags)
}

func (s steppedTags) Write(ctx context.Context, updates map[string]s3cache.Tag) error {
	s.step("%s writes tags", s.who)
	return s.TagStore.Write(ctx, updates)
}

func (s steppedTags) Revision(ctx context.Context) (uint64, error) {
	s.step("%s reads the revision", s.who)
	return s.TagStore.Revision(ctx)
}

// world is a page that was rendered a second ago, and instances that look at it.
type world struct {
	t *testing.T
	place
	*schedule
	key s3cache.Key

	mu sync.Mutex
	// revoked: the first render was expired, and who did it was told so. renewed: the
	// second one was shown to somebody, or its writer told that it is stored.
	revoked, renewed bool
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, place: newPlace(), schedule: &schedule{}, key: s3cache.PageKey("/blog")}
	w.tags.onStep(func(step string) error {
		switch step {
		case "written":
			w.step("the revision moves on")
		default:
			w.step("a %s arrives", step)
		}
		return nil
	})
	store(t, w.cache(), w.key, render("one"), true)
	time.Sleep(time.Second)
	return w
}

// instance opens one that has looked at the page so often.
func (w *world) instance(who string, atOnce bool, looks int) *s3cache.Cache {
	cache := s3cache.New(s3cache.Options{
		Store: steppedStore{w.store, w.schedule, who}, Tags: steppedTags{w.tags, w.schedule, who}, Prefix: "d1", AtOnce: atOnce,
	})
	for range looks {
		lookup(w.t, cache, w.key, "one", s3cache.Fresh)
	}
	return cache
}

// look looks the page up and complains where it shows less than had been seen or done
// before it began.
func (w *world) look(who string, cache *s3cache.Cache) s3cache.State {
	w.step("%s looks", who)
	w.mu.Lock()
	revoked, renewed := w.revoked, w.renewed
	w.mu.Unlock()
	entry, state, err := cache.Lookup(w.t.Context(), w.key, nil)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil || entry == nil {
		w.t.Errorf("%s: %s, %v", who, state, err)
		return state
	}
	newer := string(entry.Part(s3cache.PartHTML).Body) == "two"
	w.done = append(w.done, fmt.Sprintf("%s has %s, %s", who, entry.Part(s3cache.PartHTML).Body, state))
	if renewed && !newer || revoked && !newer && state == s3cache.Fresh {
		w.t.Errorf("%s shows what is older than what was known when it began (revoked %v, renewed %v):\n%s",
			who, revoked, renewed, strings.Join(w.done, "\n"))
	}
	if newer {
		w.renewed = true
	}
	return state
}

func (w *world) renew(cache *s3cache.Cache) {
	entry := render("two")
	if _, err := cache.Store(w.t.Context(), w.key, entry); err != nil {
		w.t.Error(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.renewed = true
}

func (w *world) revoke(cache *s3cache.Cache, durations *s3cache.Durations) {
	if err := cache.RevalidateTags(w.t.Context(), []string{"posts"}, durations); err != nil {
		w.t.Error(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.revoked = true
}

// Whatever the order in which the calls of writers and readers happen: who asks after a
// writer was told that it is done sees it, and nobody sees less than somebody before him.
func TestInterleaved(t *testing.T) {
	times := func(n int, do func()) func() {
		return func() {
			for range n {
				do()
			}
		}
	}
	for name, instances := range map[string]func(w *world, atOnce bool) []func(){
		"a page is stored": func(w *world, atOnce bool) []func() {
			writer, cold := w.instance("writer", atOnce, 0), w.instance("cold", atOnce, 0)
			warm, half := w.instance("warm", atOnce, 2), w.instance("half", atOnce, 1)
			return []func(){
				func() { w.renew(writer) },
				times(3, func() { w.look("warm", warm) }),
				times(2, func() { w.look("half", half) }),
				times(2, func() { w.look("cold", cold) }),
			}
		},
		"an instance's readers": func(w *world, atOnce bool) []func() {
			one := w.instance("one", atOnce, 2)
			look := times(2, func() { w.look("one", one) })
			return []func(){func() { w.renew(w.instance("writer", atOnce, 0)) }, look, look, func() { w.renew(one) }}
		},
		"an instance's readers, and a tag": func(w *world, atOnce bool) []func() {
			one, writer, other := w.instance("one", atOnce, 2), w.instance("writer", atOnce, 0), w.instance("other", atOnce, 0)
			look := times(3, func() { w.look("one", one) })
			return []func(){
				func() { w.revoke(writer, nil) },
				func() {
					for _, tag := range []string{"another", "and one more"} {
						if err := other.RevalidateTags(w.t.Context(), []string{tag}, nil); err != nil {
							w.t.Error(err)
						}
					}
				},
				look, look,
			}
		},
		"a tag is expired": func(w *world, atOnce bool) []func() {
			writer, cold := w.instance("writer", atOnce, 0), w.instance("cold", atOnce, 0)
			warm, half := w.instance("warm", atOnce, 2), w.instance("half", atOnce, 1)
			return []func(){
				func() { w.revoke(writer, nil) },
				times(3, func() { w.look("warm", warm) }),
				times(2, func() { w.look("half", half) }),
				times(2, func() { w.look("cold", cold) }),
			}
		},
		"and rendered because of it": func(w *world, atOnce bool) []func() {
			writer, cold, warm := w.instance("writer", atOnce, 0), w.instance("cold", atOnce, 0), w.instance("warm", atOnce, 2)
			return []func(){
				func() { w.revoke(writer, nil) },
				func() {
					if state := w.look("cold", cold); state == s3cache.Expired {
						w.renew(cold)
						w.look("cold", cold)
					}
				},
				times(4, func() { w.look("warm", warm) }),
			}
		},
		"a tag is expired twice": func(w *world, atOnce bool) []func() {
			one, other, warm := w.instance("one", atOnce, 0), w.instance("other", atOnce, 0), w.instance("warm", atOnce, 2)
			return []func(){
				func() { w.revoke(one, nil) },
				func() { w.revoke(other, nil) },
				times(3, func() { w.look("warm", warm) }),
			}
		},
		"two pages are stored": func(w *world, atOnce bool) []func() {
			one, other, warm := w.instance("one", atOnce, 2), w.instance("other", atOnce, 0), w.instance("warm", atOnce, 2)
			return []func(){
				func() { w.renew(one) },
				func() { w.renew(other) },
				times(3, func() { w.look("warm", warm) }),
				times(2, func() { w.look("one", one) }),
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for n := range uint64(2000) {
					w := newWorld(t)
					w.run(rand.New(rand.NewPCG(n, 1)), instances(w, n%2 == 0)...)
					if t.Failed() {
						t.Fatalf("in order %d", n)
					}
				}
			})
		})
	}
}
