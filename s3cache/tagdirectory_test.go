package s3cache_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"pack/s3cache"
	"pack/s3cache/storetest"
)

func openTags(t testing.TB, path string) *s3cache.TagDirectory {
	t.Helper()
	store, err := s3cache.OpenTagDirectory(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func TestTagDirectory(t *testing.T) {
	storetest.RunTagStore(t, func(t *testing.T) storetest.OpenTagStore {
		path := t.TempDir()
		return func() s3cache.TagStore { return openTags(t, path) }
	})
}

func wantTag(t *testing.T, store s3cache.TagStore, tag string, want s3cache.Tag) {
	t.Helper()
	got, err := store.Read(t.Context(), []string{tag})
	if err != nil || got[tag] != want {
		t.Fatalf("tag %s is %+v, want %+v (error %v)", tag, got[tag], want, err)
	}
}

// A writer killed within its write leaves the start of a record.
func TestTagDirectoryTornRecord(t *testing.T) {
	path := t.TempDir()
	store := openTags(t, path)
	write := func(tag string, at int64) {
		t.Helper()
		if err := store.Write(t.Context(), map[string]s3cache.Tag{tag: {ExpiredAt: at}}); err != nil {
			t.Fatal(err)
		}
	}
	write("before", 1)
	wantTag(t, store, "before", s3cache.Tag{ExpiredAt: 1})
	journal, err := os.OpenFile(filepath.Join(path, "tags.journal"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	for _, torn := range []string{"\n0123456", "7 {\"torn\":[0", ",9,0]}\n", "zzzzzzzz {}\n", "\n00000000 {\"bad\":[0,1,0]}\n", "\n4a5b"} {
		if _, err := journal.WriteString(torn); err != nil {
			t.Fatal(err)
		}
		wantTag(t, store, "before", s3cache.Tag{ExpiredAt: 1})
	}
	write("after", 2)
	for _, reader := range []*s3cache.TagDirectory{store, openTags(t, path)} {
		wantTag(t, reader, "before", s3cache.Tag{ExpiredAt: 1})
		wantTag(t, reader, "after", s3cache.Tag{ExpiredAt: 2})
		wantTag(t, reader, "bad", s3cache.Tag{})
	}
}

func TestTagDirectoryRewrite(t *testing.T) {
	path := t.TempDir()
	store, reader := openTags(t, path), openTags(t, path)
	const writes = 12000
	for i := range writes {
		tag := fmt.Sprintf("a tag of some length, number %d", i%10)
		if err := store.Write(t.Context(), map[string]s3cache.Tag{tag: {StaleAt: int64(i + 1)}}); err != nil {
			t.Fatal(err)
		}
		if i%500 == 0 {
			wantTag(t, reader, tag, s3cache.Tag{StaleAt: int64(i + 1)})
		}
	}
	stat, err := os.Stat(filepath.Join(path, "tags.journal"))
	if err != nil {
		t.Fatal(err)
	}
	if stat.Size() > 300<<10 {
		t.Errorf("the journal of ten tags has grown to %d bytes", stat.Size())
	}
	for _, store := range []*s3cache.TagDirectory{reader, openTags(t, path)} {
		for i := writes - 10; i < writes; i++ {
			wantTag(t, store, fmt.Sprintf("a tag of some length, number %d", i%10), s3cache.Tag{StaleAt: int64(i + 1)})
		}
	}
	if left := files(t, filepath.Join(path, "temp")); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
}

// Journals are rewritten while others append: no append goes to a journal just replaced.
func TestTagDirectoryRewriteLosesNothing(t *testing.T) {
	const writers, each = 4, 80
	path := t.TempDir()
	var wg sync.WaitGroup
	for writer := range writers {
		store := openTags(t, path)
		wg.Go(func() {
			for i := range each {
				updates := map[string]s3cache.Tag{fmt.Sprintf("%d/%d", writer, i): {ExpiredAt: int64(i + 1)}}
				for bulk := range 1000 {
					updates[fmt.Sprintf("a tag of some length, number %d", bulk)] = s3cache.Tag{StaleAt: int64(i + 1)}
				}
				if err := store.Write(t.Context(), updates); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	store := openTags(t, path)
	for writer := range writers {
		for i := range each {
			wantTag(t, store, fmt.Sprintf("%d/%d", writer, i), s3cache.Tag{ExpiredAt: int64(i + 1)})
		}
	}
	stat, err := os.Stat(filepath.Join(path, "tags.journal"))
	if err != nil || stat.Size() > 2<<20 {
		t.Errorf("the journal was not rewritten: %+v, %v", stat, err)
	}
}
