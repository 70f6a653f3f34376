package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"pack/manifest"
)

// compileCacheVariable names the folder in which a function keeps what it has
// compiled, so that its second instance starts with what the first has made
// (package lambda/compiled).
const compileCacheVariable = "PACK_COMPILED_DIR"

func compileCaches(stateDir string) string { return filepath.Join(stateDir, "compiled") }

// compileCache is the folder of one function, named by the digest of its archive.
func compileCache(stateDir string, f manifest.Function) string {
	name := f.Name
	if f.Archive != nil {
		name = f.Archive.Digest
	}
	return filepath.Join(compileCaches(stateDir), name)
}

// pruneCompileCaches removes those of functions that the deployment has not.
func pruneCompileCaches(stateDir string, d *manifest.Deployment) error {
	keep := make(map[string]bool, len(d.Functions))
	for _, f := range d.Functions {
		keep[compileCache(stateDir, f)] = true
	}
	entries, err := os.ReadDir(compileCaches(stateDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if dir := filepath.Join(compileCaches(stateDir), e.Name()); !keep[dir] {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}
	return err
}
