package s3cache_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pack/s3cache"
)

func lease(t *testing.T, cache *s3cache.Cache, key s3cache.Key, want bool) *s3cache.Lease {
	t.Helper()
	lease, ok, err := cache.Lease(t.Context(), key, 10*time.Second)
	if err != nil || ok != want {
		t.Fatalf("lease %v, want %v; error %v", ok, want, err)
	}
	return lease
}

func TestLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		one, two, key := p.cache(), p.cache(), s3cache.PageKey("/blog")
		held := lease(t, one, key, true)
		if want := time.Now().Add(10 * time.Second); !held.Expires.Equal(want) {
			t.Errorf("expires %v, want %v", held.Expires, want)
		}
		lease(t, two, key, false)
		lease(t, one, key, false)
		lease(t, two, s3cache.PageKey("/other"), true)
		time.Sleep(8 * time.Second)
		if err := held.Renew(t.Context(), 10*time.Second); err != nil {
			t.Fatal(err)
		}
		time.Sleep(8 * time.Second)
		lease(t, two, key, false)
		if err := held.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		again := lease(t, two, key, true)
		if err := held.Release(t.Context()); !errors.Is(err, s3cache.ErrLeaseLost) {
			t.Errorf("released twice: %v", err)
		}
		if err := held.Renew(t.Context(), time.Second); !errors.Is(err, s3cache.ErrLeaseLost) {
			t.Errorf("renewed what was released: %v", err)
		}
		if err := again.Release(t.Context()); err != nil {
			t.Errorf("the second holder lost it: %v", err)
		}
	})
}

func TestLeaseOfTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		one, two, key := p.cache(), p.cache(), s3cache.PageKey("/blog")
		dead := lease(t, one, key, true)
		time.Sleep(10*time.Second - time.Millisecond)
		lease(t, two, key, false)
		time.Sleep(time.Millisecond)
		alive := lease(t, two, key, true)
		if err := dead.Renew(t.Context(), time.Minute); !errors.Is(err, s3cache.ErrLeaseLost) {
			t.Errorf("renew: %v", err)
		}
		if err := dead.Release(t.Context()); !errors.Is(err, s3cache.ErrLeaseLost) {
			t.Errorf("release: %v", err)
		}
		lease(t, one, key, false)
		if err := alive.Renew(t.Context(), time.Minute); err != nil {
			t.Errorf("the living holder: %v", err)
		}
	})
}

// Many instances ask at once, over and over: exactly one holds the lease each time, also
// when all of them find it run out.
func TestLeaseElectsOne(t *testing.T) {
	directory := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		key := s3cache.PageKey("/blog")
		for round := range 20 {
			var holders atomic.Int32
			var wg sync.WaitGroup
			for range 8 {
				cache := s3cache.New(s3cache.Options{Store: openDirectory(t, directory), Tags: newMapTags(), Prefix: "d"})
				wg.Go(func() {
					_, ok, err := cache.Lease(t.Context(), key, 10*time.Second)
					if err != nil {
						t.Error(err)
					}
					if ok {
						holders.Add(1)
					}
				})
			}
			wg.Wait()
			if n := holders.Load(); n != 1 {
				t.Fatalf("round %d: %d holders", round, n)
			}
			time.Sleep(11 * time.Second)
		}
	})
}

func TestLeaseFailingStore(t *testing.T) {
	p := newPlace()
	cache, key := p.cache(), s3cache.PageKey("/blog")
	held := lease(t, cache, key, true)
	down := errors.New("store is down")
	p.store.fail(down)
	if _, ok, err := cache.Lease(t.Context(), key, time.Second); ok || !errors.Is(err, down) {
		t.Errorf("lease: %v, %v", ok, err)
	}
	for name, err := range map[string]error{
		"renew": held.Renew(t.Context(), time.Second), "release": held.Release(t.Context()),
	} {
		if !errors.Is(err, down) || errors.Is(err, s3cache.ErrLeaseLost) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := cache.WaitFor(t.Context(), key, 0, time.Second); !errors.Is(err, down) {
		t.Errorf("wait: %v", err)
	}
}

// A missed page asked for by a hundred requests of five instances is rendered once.
func TestOneRenderPerMiss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		key := s3cache.PageKey("/blog")
		var renders, answers atomic.Int32
		var wg sync.WaitGroup
		for range 5 {
			cache := p.cache()
			for range 20 {
				wg.Go(func() {
					held, ok, err := cache.Lease(t.Context(), key, 10*time.Second)
					if err != nil {
						t.Error(err)
						return
					}
					if !ok {
						entry, err := cache.WaitFor(t.Context(), key, 0, 5*time.Second)
						if err != nil || string(entry.Part("html").Body) != "once" {
							t.Errorf("waited for %v, %v", entry, err)
						}
						answers.Add(1)
						return
					}
					renders.Add(1)
					time.Sleep(300 * time.Millisecond)
					if _, err := cache.Store(t.Context(), key, render("once")); err != nil {
						t.Error(err)
					}
					if err := held.Release(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		if renders.Load() != 1 || answers.Load() != 99 {
			t.Errorf("%d renders, %d answers", renders.Load(), answers.Load())
		}
	})
}

func TestWaitFor(t *testing.T) {
	for name, test := range map[string]struct {
		holder  func(cache *s3cache.Cache, held *s3cache.Lease) error
		timeout time.Duration
		want    string
		err     error
		after   time.Duration
	}{
		"a newer entry": {func(cache *s3cache.Cache, _ *s3cache.Lease) error {
			time.Sleep(100 * time.Millisecond)
			_, err := cache.Store(context.Background(), s3cache.PageKey("/blog"), render("new"))
			return err
		}, time.Minute, "new", nil, 100 * time.Millisecond},
		"stored and released at once": {func(cache *s3cache.Cache, held *s3cache.Lease) error {
			time.Sleep(100 * time.Millisecond)
			_, err := cache.Store(context.Background(), s3cache.PageKey("/blog"), render("new"))
			return errors.Join(err, held.Release(context.Background()))
		}, time.Minute, "new", nil, 100 * time.Millisecond},
		"released without an entry": {func(_ *s3cache.Cache, held *s3cache.Lease) error {
			time.Sleep(100 * time.Millisecond)
			return held.Release(context.Background())
		}, time.Minute, "", s3cache.ErrLeaseEnded, 100 * time.Millisecond},
		"a dead holder": {func(*s3cache.Cache, *s3cache.Lease) error { return nil },
			time.Minute, "", s3cache.ErrLeaseEnded, 10 * time.Second},
		"a slow holder": {func(*s3cache.Cache, *s3cache.Lease) error { return nil },
			time.Second, "", s3cache.ErrTimeout, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlace()
				cache, waiter, key := p.cache(), p.cache(), s3cache.PageKey("/blog")
				old := render("old")
				store(t, cache, key, old, true)
				time.Sleep(time.Second)
				held := lease(t, cache, key, true)
				begin := time.Now()
				go func() {
					if err := test.holder(cache, held); err != nil {
						t.Error(err)
					}
				}()
				entry, err := waiter.WaitFor(t.Context(), key, old.Created, test.timeout)
				if !errors.Is(err, test.err) || (entry == nil) != (test.want == "") {
					t.Fatalf("%+v, %v", entry, err)
				}
				if entry != nil && string(entry.Part("html").Body) != test.want {
					t.Errorf("%+v", entry)
				}
				if took := time.Since(begin); took < test.after || took > test.after+25*time.Millisecond {
					t.Errorf("took %v, want %v", took, test.after)
				}
				synctest.Wait()
			})
		})
	}
}

func TestWaitForCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		cache, key := p.cache(), s3cache.PageKey("/blog")
		if _, err := cache.WaitFor(t.Context(), key, 0, time.Minute); !errors.Is(err, s3cache.ErrLeaseEnded) {
			t.Errorf("nobody renders: %v", err)
		}
		lease(t, cache, key, true)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := cache.WaitFor(ctx, key, 0, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("canceled: %v", err)
		}
	})
}
