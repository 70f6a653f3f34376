package manifest_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pack/manifest"
)

var update = flag.Bool("update", false, "rewrite golden files")

// writeFiles makes files in a new folder; a name that ends in a slash makes a
// folder.
func writeFiles(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			must(t, os.MkdirAll(path, 0o755))
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(content), 0o644))
	}
	return dir
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// userError fails the test unless err is a *UserError that says all of words.
func userError(t *testing.T, err error, words ...string) {
	t.Helper()
	var u *manifest.UserError
	if !errors.As(err, &u) {
		t.Fatalf("got %v, want a *UserError", err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error does not say %q:\n%v", w, err)
		}
	}
}

// golden compares with a file below testdata, or rewrites it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what was made; look at it with -update and git diff", path)
	}
}

// recorded loads a build of testdata/builds. They were captured from real
// apps, then cut down: paths begin with /repo, and of the files that all
// routes share only a few are left.
func recorded(t *testing.T, name string) *manifest.Build {
	t.Helper()
	b, err := manifest.Load(filepath.Join("testdata", "builds", name+".json"))
	must(t, err)
	return b
}
