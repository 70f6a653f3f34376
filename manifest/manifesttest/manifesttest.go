// Package manifesttest is what the tests of manifest and manifest/capture share.
package manifesttest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pack/manifest"
)

// WriteFiles makes files in a new folder; a name that ends in a slash makes a
// folder.
func WriteFiles(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			Must(t, os.MkdirAll(path, 0o755))
			continue
		}
		Must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		Must(t, os.WriteFile(path, []byte(content), 0o644))
	}
	return dir
}

// Must ends the test on an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// UserError fails the test unless err is a *manifest.UserError that says all of words.
func UserError(t *testing.T, err error, words ...string) {
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
