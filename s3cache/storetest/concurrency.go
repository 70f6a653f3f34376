package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pack/s3cache"
)

func oneCreates(t *testing.T, open OpenStore) {
	for round := range 10 {
		key := "k" + strconv.Itoa(round)
		var wg sync.WaitGroup
		var mu sync.Mutex
		var winners []string
		for writer := range 8 {
			store, body := open(), fmt.Sprintf("writer %d", writer)
			wg.Go(func() {
				_, err := store.Put(t.Context(), key, []byte(body), s3cache.IfAbsent)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					winners = append(winners, body)
				} else if !errors.Is(err, s3cache.ErrConflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(winners) != 1 {
			t.Fatalf("%d writers created one object", len(winners))
		}
		get(t, open(), key, winners[0])
	}
}

// Increment adds one to the number in an object by reading it and writing it
// conditionally until that succeeds.
func Increment(ctx context.Context, store s3cache.Store, key string) error {
	for {
		object, err := store.Get(ctx, key, "")
		condition, count := s3cache.IfAbsent, 0
		switch {
		case err == nil:
			condition = s3cache.IfMatch(object.ETag)
			if count, err = strconv.Atoi(string(object.Body)); err != nil {
				return err
			}
		case !errors.Is(err, s3cache.ErrNotFound):
			return err
		}
		// Always of one size, the hardest for an ETag made of sizes and times.
		_, err = store.Put(ctx, key, fmt.Appendf(nil, "%08d", count+1), condition)
		if err == nil || !errors.Is(err, s3cache.ErrConflict) {
			return err
		}
	}
}

func counted(t *testing.T, open OpenStore) {
	const writers, each = 6, 25
	var wg sync.WaitGroup
	for range writers {
		store := open()
		wg.Go(func() {
			for range each {
				if err := Increment(t.Context(), store, "n"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	get(t, open(), "n", fmt.Sprintf("%08d", writers*each))
}

func whole(t *testing.T, open OpenStore) {
	writer, reader := open(), open()
	const size = 64 << 10
	put(t, writer, "k", strings.Repeat("a", size), s3cache.Condition{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 60 {
			body := bytes.Repeat([]byte{byte('a' + i%26)}, size+i%3*1000)
			if _, err := writer.Put(t.Context(), "k", body, s3cache.Condition{}); err != nil {
				t.Error(err)
			}
		}
	}()
	known := ""
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		object, err := reader.Get(t.Context(), "k", known)
		if errors.Is(err, s3cache.ErrNotModified) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		known = object.ETag
		if len(object.Body) < size || bytes.Count(object.Body, object.Body[:1]) != len(object.Body) {
			t.Fatalf("read a torn object of %d bytes", len(object.Body))
		}
	}
}
