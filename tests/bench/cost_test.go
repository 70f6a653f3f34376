package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pack/s3cache"
)

// gets counts the reads of a store.
type gets struct {
	s3cache.Store
	n *atomic.Int64
}

func (g gets) Get(ctx context.Context, key, known string) (*s3cache.Object, error) {
	g.n.Add(1)
	return g.Store.Get(ctx, key, known)
}

// units counts the request units of a tag store's reads, and the reads of tags.
type units struct {
	s3cache.TagStore
	n, reads *atomic.Int64
}

func (u units) Read(ctx context.Context, tags []string) (map[string]s3cache.Tag, error) {
	u.n.Add(int64(len(tags)))
	u.reads.Add(1)
	return u.TagStore.Read(ctx, tags)
}

func (u units) Revision(ctx context.Context) (uint64, error) {
	u.n.Add(1)
	return u.TagStore.Revision(ctx)
}

// TestHits lets an instance of the page cache answer two hours of traffic: what the
// model says of a hit is what it asks for, rounded up.
func TestHits(t *testing.T) {
	const pages, perSecond = 1000, 10
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		_, tags, err := s3cache.OpenFolder(folder)
		if err != nil {
			t.Fatal(err)
		}
		defer tags.Close()
		var got, read, asked atomic.Int64
		stored := objects{}
		writer := s3cache.New(s3cache.Options{Store: stored, Tags: tags, Prefix: "bench"})
		cache := s3cache.New(s3cache.Options{Store: gets{stored, &got}, Tags: units{tags, &asked, &read}, Prefix: "bench", AtOnce: true})
		ctx := t.Context()
		for i := range pages {
			e := entry(1000, 0)
			e.Tags = []string{"_N_T_/layout", "_N_T_/products/layout", "_N_T_/products/[slug]/layout", "_N_T_/products/[slug]/page", fmt.Sprint("_N_T_/products/", i)}
			if _, err := writer.Store(ctx, s3cache.PageKey(fmt.Sprint("/products/", i)), e); err != nil {
				t.Fatal(err)
			}
		}
		random := rand.New(rand.NewPCG(1, 2))
		zipf := rand.NewZipf(random, 1.0001, 1, pages-1)
		hits := 0
		for revalidated := time.Now(); hits < 2*60*60*perSecond; hits++ {
			time.Sleep(time.Duration(random.ExpFloat64() / perSecond * float64(time.Second)))
			if time.Since(revalidated) > time.Minute {
				revalidated = time.Now()
				if err := writer.RevalidateTags(ctx, []string{"elsewhere"}, nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := fresh(ctx, cache, s3cache.PageKey(fmt.Sprint("/products/", zipf.Uint64()))); err != nil {
				t.Fatal(err)
			}
		}
		for what, is := range map[string]struct {
			count *atomic.Int64
			model float64
		}{"asks S3": {&got, getsOfHit}, "reads tags": {&read, readsOfHit}, "reads units": {&asked, hitUnits}} {
			share := float64(is.count.Load()) / float64(hits)
			t.Logf("a hit %s %.3f times, in the model %g", what, share, is.model)
			if share > is.model || share < is.model/2 {
				t.Errorf("a hit %s %.3f times, in the model %g", what, share, is.model)
			}
		}
	})
}
