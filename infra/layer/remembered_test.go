package layer_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pack/infra/layer"
	"pack/manifest"
)

// TestRememberedDigest: a digest that is kept stands in for reading the source
// as long as nothing about the files has changed, and for no longer.
func TestRememberedDigest(t *testing.T) {
	root, cache := t.TempDir(), filepath.Join(t.TempDir(), "cache")
	write := func(name, text string) { write(t, filepath.Join(root, filepath.FromSlash(name)), text) }
	write("go.mod", "module pack\n")
	write("lambda/a.go", "package a\n")
	write("lambda/a_test.go", "package a\n")
	digest := func(now time.Time) []byte {
		t.Helper()
		d, err := layer.RememberedDigest(root, cache, now)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	kept := func() int {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(cache, "source-*.json"))
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	first := digest(time.Now())
	if kept() != 0 {
		t.Error("kept although the files were only just written")
	}
	later := time.Now().Add(time.Hour)
	if second := digest(later); !bytes.Equal(first, second) || kept() != 1 {
		t.Errorf("%x, then %x; %d kept", first, second, kept())
	}
	if again := digest(later); !bytes.Equal(first, again) {
		t.Errorf("%x, then %x from what was kept", first, again)
	}
	for _, c := range []struct {
		name   string
		change func()
		same   bool
	}{
		{"a test", func() { write("lambda/a_test.go", "package b\n") }, true},
		{"a file", func() { write("lambda/a.go", "package b\n") }, false},
		{"a file back", func() { write("lambda/a.go", "package a\n") }, true},
		{"a new file", func() { write("manifest/m.go", "package m\n") }, false},
		{"a file gone", func() { _ = os.Remove(filepath.Join(root, "manifest", "m.go")) }, true},
		{"go.sum", func() { write("go.sum", "x\n") }, false},
		{"a file of the same size and time", func() {
			path := filepath.Join(root, "lambda", "a.go")
			before, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			// Until the clock of the file system has ticked.
			for now := before; manifest.Stamp(now) == manifest.Stamp(before); {
				write("lambda/a.go", "package c\n")
				if err := os.Chtimes(path, before.ModTime(), before.ModTime()); err != nil {
					t.Fatal(err)
				}
				if now, err = os.Stat(path); err != nil {
					t.Fatal(err)
				}
			}
		}, false},
	} {
		c.change()
		if got := digest(later); bytes.Equal(got, first) != c.same {
			t.Errorf("%s: %x", c.name, got)
		}
	}
}
