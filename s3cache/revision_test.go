package s3cache_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"pack/s3cache"
)

// warm opens an instance that has an entry in memory and knows its tags.
func (p place) warm(t *testing.T, key s3cache.Key, body string) *s3cache.Cache {
	t.Helper()
	cache := p.cache()
	for range 2 {
		lookup(t, cache, key, body, s3cache.Fresh)
	}
	if cache.Stats().Recalled == 0 {
		t.Fatal("the entry is not answered from memory")
	}
	return cache
}

// What a writer was told to be done is seen by an instance that has the entry in memory.
func TestAcknowledgedIsSeen(t *testing.T) {
	two := func(ahead int64) *s3cache.Entry {
		entry := render("two")
		entry.Created += ahead
		return entry
	}
	for name, test := range map[string]struct {
		write func(*testing.T, place, *s3cache.Cache, s3cache.Key)
		body  string
		state s3cache.State
	}{
		"a tag is expired": {func(t *testing.T, _ place, cache *s3cache.Cache, _ s3cache.Key) {
			if err := cache.RevalidateTags(t.Context(), []string{"posts"}, nil); err != nil {
				t.Fatal(err)
			}
		}, "one", s3cache.Expired},
		"a tag is made stale": {func(t *testing.T, _ place, cache *s3cache.Cache, _ s3cache.Key) {
			if err := cache.RevalidateTags(t.Context(), []string{"posts"}, &s3cache.Durations{}); err != nil {
				t.Fatal(err)
			}
		}, "one", s3cache.Stale},
		"a soft tag is expired": {func(t *testing.T, _ place, cache *s3cache.Cache, _ s3cache.Key) {
			if err := cache.RevalidateTags(t.Context(), []string{"soft"}, nil); err != nil {
				t.Fatal(err)
			}
		}, "one", s3cache.Expired},
		"a fresh entry is replaced": {func(t *testing.T, _ place, cache *s3cache.Cache, key s3cache.Key) {
			store(t, cache, key, two(0), true)
		}, "two", s3cache.Fresh},
		"by one of the same moment": {func(t *testing.T, _ place, cache *s3cache.Cache, key s3cache.Key) {
			store(t, cache, key, two(-1000), true)
		}, "two", s3cache.Fresh},
		"by one of another build": {func(t *testing.T, _ place, cache *s3cache.Cache, key s3cache.Key) {
			if stored, err := cache.Seed(t.Context(), key, two(0)); err != nil || !stored {
				t.Fatal(stored, err)
			}
		}, "two", s3cache.Fresh},
		"twice": {func(t *testing.T, _ place, cache *s3cache.Cache, key s3cache.Key) {
			short := render("short")
			short.Created, short.Revalidate = short.Created-500, s3cache.Seconds(0)
			store(t, cache, key, short, true)
			store(t, cache, key, two(0), true) // over a stale one: unannounced
		}, "two", s3cache.Fresh},
		"by one without lifetime": {func(t *testing.T, _ place, cache *s3cache.Cache, key s3cache.Key) {
			entry := two(0)
			entry.Expire = s3cache.Seconds(0)
			store(t, cache, key, entry, true)
			time.Sleep(time.Millisecond)
		}, "two", s3cache.Expired},
		"after it was spoiled": {func(t *testing.T, p place, cache *s3cache.Cache, key s3cache.Key) {
			for name := range p.store.objects {
				if _, err := p.store.Put(t.Context(), name, []byte("half an ent"), s3cache.Condition{}); err != nil {
					t.Fatal(err)
				}
			}
			store(t, cache, key, two(-1000), true)
		}, "two", s3cache.Fresh},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, key := newPlace(), s3cache.DataKey("/blog")
				first := render("one")
				first.Tags = append(first.Tags, "soft")
				store(t, p.cache(), key, first, true)
				reader := p.warm(t, key, "one")
				time.Sleep(time.Second)
				test.write(t, p, p.cache(), key)
				for range 3 {
					lookup(t, reader, key, test.body, test.state)
				}
			})
		})
	}
}

// An instance that found a page stale or expired does not take it for fresh again, and
// one that stored a new one answers from memory.
func TestRefreshed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, key := newPlace(), s3cache.PageKey("/blog")
		first := render("one")
		first.Revalidate = s3cache.Seconds(60)
		store(t, p.cache(), key, first, true)
		reader, other := p.warm(t, key, "one"), p.warm(t, key, "one")
		time.Sleep(60*time.Second + time.Millisecond)
		lookup(t, reader, key, "one", s3cache.Stale)
		store(t, reader, key, render("two"), true)
		lookup(t, reader, key, "two", s3cache.Fresh)
		lookup(t, other, key, "two", s3cache.Fresh)
		if got := p.tags.revision; got != 0 {
			t.Errorf("a page that was stale by its age was announced: revision %d", got)
		}
		time.Sleep(time.Second)
		if err := other.RevalidateTags(t.Context(), []string{"posts"}, nil); err != nil {
			t.Fatal(err)
		}
		lookup(t, reader, key, "two", s3cache.Expired)
		store(t, reader, key, render("three"), true)
		before := reader.Stats().Recalled
		for range 3 {
			lookup(t, reader, key, "three", s3cache.Fresh)
		}
		if got := reader.Stats().Recalled - before; got != 3 {
			t.Errorf("%d of three hits came from memory", got)
		}
	})
}

// A clock up to five seconds behind that of who refreshes a page shows no older one.
func TestReplacedBeforeItsTimeHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, key := newPlace(), s3cache.PageKey("/blog")
		first := render("one")
		first.Revalidate = s3cache.Seconds(60)
		store(t, p.cache(), key, first, true)
		reader, writer := p.warm(t, key, "one"), p.cache()
		writer.SetClock(4900 * time.Millisecond)
		time.Sleep(55*time.Second + 200*time.Millisecond)
		lookup(t, writer, key, "one", s3cache.Stale)
		store(t, writer, key, render("two"), true)
		lookup(t, reader, key, "two", s3cache.Fresh)
		if p.tags.revision != 0 {
			t.Error("it was announced: the test says nothing")
		}
	})
}

var errDied = errors.New("died")

// A writer that dies between the tags and the revision was not told that it is done. What
// it has written is seen by instances that have not read it for five minutes, and by all when
// anybody has rendered the page because of it.
func TestDiedBeforeRevision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, key := newPlace(), s3cache.PageKey("/blog")
		store(t, p.cache(), key, render("one"), true)
		reader, second := p.warm(t, key, "one"), p.warm(t, key, "one")
		time.Sleep(time.Second)
		p.tags.onStep(func(step string) error {
			if step == "written" {
				return errDied
			}
			return nil
		})
		if err := p.cache().RevalidateTags(t.Context(), []string{"posts"}, nil); !errors.Is(err, errDied) {
			t.Fatal(err)
		}
		p.tags.onStep(nil)
		lookup(t, reader, key, "one", s3cache.Fresh)
		lookup(t, p.cache(), key, "one", s3cache.Expired)
		time.Sleep(5*time.Minute - time.Second)
		lookup(t, reader, key, "one", s3cache.Expired)
		store(t, p.cache(), key, render("two"), true)
		lookup(t, second, key, "two", s3cache.Fresh)
		lookup(t, reader, key, "two", s3cache.Fresh)
	})
}

// A writer that dies before it stores has made others ask, and nothing else; the next
// one is seen at once.
func TestDiedBeforeStoring(t *testing.T) {
	for _, step := range []string{"written", "stored"} {
		t.Run(step, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, key := newPlace(), s3cache.PageKey("/blog")
				store(t, p.cache(), key, render("one"), true)
				reader := p.warm(t, key, "one")
				time.Sleep(time.Second)
				if step == "written" {
					p.tags.onStep(func(at string) error {
						if at == step {
							return errDied
						}
						return nil
					})
				}
				p.store.before = func(string) { p.store.fail(errDied) }
				if stored, err := p.cache().Store(t.Context(), key, render("two")); stored || !errors.Is(err, errDied) {
					t.Fatal(stored, err)
				}
				p.tags.onStep(nil)
				p.store.before = nil
				p.store.fail(nil)
				for range 3 {
					lookup(t, reader, key, "one", s3cache.Fresh)
				}
				time.Sleep(time.Second)
				store(t, p.cache(), key, render("three"), true)
				lookup(t, reader, key, "three", s3cache.Fresh)
			})
		})
	}
}

// Who does not get the revision reads the tags.
func TestRevisionFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, key := newPlace(), s3cache.PageKey("/blog")
		store(t, p.cache(), key, render("one"), true)
		reader := p.warm(t, key, "one")
		time.Sleep(time.Second)
		p.tags.onStep(func(step string) error {
			if step == "revision" {
				return errDied
			}
			return nil
		})
		lookup(t, reader, key, "one", s3cache.Fresh)
		lookup(t, p.cache(), key, "one", s3cache.Fresh)
		if err := p.cache().RevalidateTags(t.Context(), []string{"posts"}, nil); err != nil {
			t.Fatal(err)
		}
		lookup(t, reader, key, "one", s3cache.Expired)
		lookup(t, p.cache(), key, "one", s3cache.Expired)
	})
}

// An answer that was long on its way is not taken for one that came after the next
// revision.
func TestSlowAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, key := newPlace(), s3cache.PageKey("/blog")
		store(t, p.cache(), key, render("one"), true)
		reader := p.warm(t, key, "one")
		time.Sleep(time.Second)
		revalidate := func(tag string) {
			t.Helper()
			if err := p.cache().RevalidateTags(t.Context(), []string{tag}, nil); err != nil {
				t.Fatal(err)
			}
		}
		revalidate("another")
		arrive, held := make(chan struct{}), false
		p.tags.onStep(func(step string) error {
			if step == "read" && !held {
				held = true
				<-arrive
			}
			return nil
		})
		go func() {
			if _, state, err := reader.Lookup(t.Context(), key, nil); state != s3cache.Fresh || err != nil {
				t.Error(state, err)
			}
		}()
		synctest.Wait()
		if !held {
			t.Fatal("no tags were read")
		}
		revalidate("posts")
		lookup(t, reader, key, "one", s3cache.Expired)
		close(arrive)
		synctest.Wait()
		lookup(t, reader, key, "one", s3cache.Expired)
	})
}

// What others than a Cache do to objects is seen within five minutes.
func TestDeletedByOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, key := newPlace(), s3cache.PageKey("/blog")
		store(t, p.cache(), key, render("one"), true)
		reader := p.warm(t, key, "one")
		if n, err := p.cache().Drop(t.Context(), "d1"); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		time.Sleep(5 * time.Minute)
		lookup(t, reader, key, "", s3cache.Missing)
	})
}
