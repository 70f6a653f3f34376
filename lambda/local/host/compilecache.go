package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"pack/manifest"
)

// compileCacheVariable names the folder in which Node keeps compiled code
// (https://nodejs.org/api/module.html#module-compile-cache), so that the second
// instance of a function starts with what V8 made for the first. A cache is good
// for one version of Node on one kind of processor: this machine's instances
// share it, functions on AWS start without.
const compileCacheVariable = "NODE_COMPILE_CACHE"

func compileCaches(stateDir string) string { return filepath.Join(stateDir, "compiled") }

// compileCache is the folder of one function: the digest of its archive, as
// the cache goes by the paths of the unpacked files.
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
