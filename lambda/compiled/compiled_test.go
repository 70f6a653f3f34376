package compiled_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pack/lambda/compiled"
	"pack/s3cache"
)

func directory(t *testing.T) s3cache.Store {
	t.Helper()
	store, err := s3cache.OpenDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// instance is a cache as a new instance has it: with an empty folder.
func instance(t *testing.T, objects s3cache.Store) *compiled.Cache {
	t.Helper()
	return &compiled.Cache{Objects: objects, Key: compiled.Key("shop-cart", "7", "/no/node"), Dir: filepath.Join(t.TempDir(), "cache")}
}

// fetch waits for what Fetch began, and returns what failed: Keep waits for it
// too, and writes nothing where nothing is new.
func fetch(t *testing.T, c *compiled.Cache) (failed error) {
	t.Helper()
	c.Fetch(func(err error) { failed = err })
	if err := c.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	return failed
}

func compile(t *testing.T, c *compiled.Cache, name, content string) {
	t.Helper()
	path := filepath.Join(c.Dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(padded(content)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// padded makes a content large enough to be worth keeping.
func padded(content string) string { return content + strings.Repeat("-", 4<<10) }

func read(t *testing.T, c *compiled.Cache, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(c.Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestWhatOneInstanceCompilesTheNextOneHas(t *testing.T) {
	objects := directory(t)
	first := instance(t, objects)
	first.Fetch(func(err error) { t.Error(err) })
	compile(t, first, "v24-x64/1a.cache", "one")
	compile(t, first, "v24-x64/2b.cache", strings.Repeat("two", 100_000))
	if err := os.WriteFile(filepath.Join(first.Dir, "v24-x64", "3c.cache"), []byte("small"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := first.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := instance(t, objects)
	if err := fetch(t, second); err != nil {
		t.Fatal(err)
	}
	if read(t, second, "v24-x64/1a.cache") != padded("one") || read(t, second, "v24-x64/2b.cache") != padded(strings.Repeat("two", 100_000)) {
		t.Error("the files are others")
	}
	if _, err := os.Stat(filepath.Join(second.Dir, "v24-x64", "3c.cache")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not worth it was kept: %v", err)
	}
}

// Only what is new is worth a write.
func TestNothingNewIsNotWritten(t *testing.T) {
	objects := directory(t)
	first := instance(t, objects)
	first.Fetch(func(err error) { t.Error(err) })
	if err := first.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := objects.Get(t.Context(), first.Key, ""); !errors.Is(err, s3cache.ErrNotFound) {
		t.Errorf("an empty folder was written: %v", err)
	}
	for _, content := range []string{"one", "other"} { // As another Node writes the same file.
		c := instance(t, objects)
		_, missing := objects.Get(t.Context(), c.Key, "")
		c.Fetch(func(err error) { t.Error(err) })
		for missing == nil && !filled(c) {
			time.Sleep(time.Millisecond)
		}
		compile(t, c, "1a.cache", content)
		if err := c.Keep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	last := instance(t, objects)
	if err := fetch(t, last); err != nil {
		t.Fatal(err)
	}
	if got := read(t, last, "1a.cache"); got != padded("other") {
		t.Errorf("the file is %q", got)
	}
}

func filled(c *compiled.Cache) bool {
	entries, err := os.ReadDir(c.Dir)
	return err == nil && len(entries) > 0
}

func TestNodesDiffer(t *testing.T) {
	program := filepath.Join(t.TempDir(), "node")
	if err := os.WriteFile(program, []byte("one"), 0o755); err != nil {
		t.Fatal(err)
	}
	one := compiled.Key("f", "1", program)
	if err := os.WriteFile(program, []byte("another"), 0o755); err != nil {
		t.Fatal(err)
	}
	if other := compiled.Key("f", "1", program); one == other || one == compiled.Key("f", "2", program) || one == compiled.Key("g", "1", program) {
		t.Errorf("keys are the same: %s, %s", one, other)
	}
}

// What is no cache is said, and hurts nobody.
func TestDamagedObjects(t *testing.T) {
	pack := func(head tar.Header, content string) []byte {
		var b bytes.Buffer
		a := tar.NewWriter(&b)
		head.Size = int64(len(content))
		if err := a.WriteHeader(&head); err != nil {
			t.Fatal(err)
		}
		_, _ = a.Write([]byte(content))
		_ = a.Close()
		return b.Bytes()
	}
	whole := pack(tar.Header{Name: "a", Typeflag: tar.TypeReg}, strings.Repeat("content", 1000))
	for name, body := range map[string][]byte{
		"no archive":  []byte(strings.Repeat("hello", 1000)),
		"cut":         whole[:2000],
		"outside":     pack(tar.Header{Name: "../../escaped", Typeflag: tar.TypeReg}, "x"),
		"absolute":    pack(tar.Header{Name: "/escaped", Typeflag: tar.TypeReg}, "x"),
		"a link":      pack(tar.Header{Name: "a", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}, ""),
		"nothing yet": nil,
	} {
		t.Run(name, func(t *testing.T) {
			objects := directory(t)
			c := instance(t, objects)
			if body != nil {
				if _, err := objects.Put(t.Context(), c.Key, body, s3cache.Condition{}); err != nil {
					t.Fatal(err)
				}
			}
			if err := fetch(t, c); (err == nil) != (body == nil) {
				t.Errorf("fetched: %v", err)
			}
			if _, err := os.Stat(filepath.Join(c.Dir, "..", "..", "escaped")); err == nil {
				t.Error("a file is outside of the folder")
			}
		})
	}
}
