package manifest_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"pack/manifest"
	"pack/manifest/manifesttest"
)

var update = flag.Bool("update", false, "rewrite golden files")

// What this package's tests share with those of its neighbours.
var (
	writeFiles = manifesttest.WriteFiles
	must       = manifesttest.Must
	userError  = manifesttest.UserError
)

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
