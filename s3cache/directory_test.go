package s3cache_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"pack/s3cache"
	"pack/s3cache/storetest"
)

func openDirectory(t testing.TB, path string) *s3cache.Directory {
	t.Helper()
	store, err := s3cache.OpenDirectory(path)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestDirectory(t *testing.T) {
	storetest.RunStore(t, func(t *testing.T) storetest.OpenStore {
		path := t.TempDir()
		return func() s3cache.Store { return openDirectory(t, path) }
	})
}

// files returns the files below a directory, without the directories.
func files(t testing.TB, path string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(path, func(path string, file os.DirEntry, err error) error {
		if err == nil && !file.IsDir() {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestDirectoryDamaged(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "cut off": "PCKO\x00\x00\x00\x09k", "of others": "something else entirely",
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			store := openDirectory(t, path)
			if _, err := store.Put(t.Context(), "k", []byte("body"), s3cache.Condition{}); err != nil {
				t.Fatal(err)
			}
			damaged := files(t, filepath.Join(path, "objects"))
			if len(damaged) != 1 {
				t.Fatalf("one object is in %q", damaged)
			}
			if err := os.WriteFile(damaged[0], []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			for _, err := range store.List(t.Context(), "") {
				t.Errorf("listed what is damaged, error %v", err)
			}
			if _, err := store.Get(t.Context(), "k", ""); !errors.Is(err, s3cache.ErrNotFound) {
				t.Fatalf("error %v, want %v", err, s3cache.ErrNotFound)
			}
			if _, err := store.Put(t.Context(), "k", []byte("again"), s3cache.IfAbsent); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestDirectorySweep(t *testing.T) {
	path := t.TempDir()
	openDirectory(t, path)
	old, young := filepath.Join(path, "temp", "old"), filepath.Join(path, "temp", "young")
	for _, file := range []string{old, young} {
		if err := os.WriteFile(file, []byte("left by a killed writer"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	longAgo := time.Now().Add(-2 * time.Minute)
	if err := os.Chtimes(old, longAgo, longAgo); err != nil {
		t.Fatal(err)
	}
	openDirectory(t, path)
	left := files(t, path)
	if len(left) != 1 || left[0] != young {
		t.Errorf("left: %q", left)
	}
}

// The clock may stand still, as a kernel's does within a tick: every write has a
// modification time of its own all the same, or an inode used again could bring an old
// ETag back.
func TestDirectoryStamps(t *testing.T) {
	path := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		store := openDirectory(t, path)
		seen := map[time.Time]bool{}
		for range 20 {
			if _, err := store.Put(t.Context(), "k", []byte("same"), s3cache.Condition{}); err != nil {
				t.Fatal(err)
			}
			object, err := store.Get(t.Context(), "k", "")
			if err != nil {
				t.Fatal(err)
			}
			seen[object.Modified] = true
		}
		if len(seen) != 20 {
			t.Errorf("20 writes have %d times", len(seen))
		}
	})
}
