package bundle

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"pack/infra/archive"
)

// removeUnused removes what a killed build left in the output folder, and the
// deployments that are neither in use nor open anywhere. The caller has the
// lock.
func removeUnused(out string) error {
	inUse, err := current(out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := each(out, func(name string) error {
		if !strings.HasPrefix(name, linkPrefix) {
			return nil
		}
		return os.RemoveAll(filepath.Join(out, name))
	}); err != nil {
		return err
	}
	deployments := filepath.Join(out, deploymentsDir)
	return each(deployments, func(name string) error {
		dir := filepath.Join(deployments, name)
		if dir == inUse {
			return nil
		}
		return removeDeployment(dir)
	})
}

// removeDeployment removes a deployment unless somebody has it open.
func removeDeployment(dir string) error {
	hold := filepath.Join(dir, holdFile)
	if _, err := os.Stat(hold); err == nil {
		lock := flock.New(hold)
		ok, err := lock.TryLock()
		if err != nil || !ok {
			return err
		}
		defer lock.Close()
	}
	return os.RemoveAll(dir)
}

// prune removes what neither the new deployment nor anybody else uses: other
// deployments, compressed files, unpacked functions.
func (b *bundling) prune(pool *archive.Pool) error {
	if b.before != nil {
		if err := b.before.Close(); err != nil {
			return err
		}
	}
	if err := removeUnused(b.out); err != nil {
		return err
	}
	digests, keys := map[string]bool{}, map[string]bool{}
	for f := range b.archives() {
		digests[f.digest] = true
		for j := range f.entries {
			keys[f.entries[j].Key] = true
		}
	}
	if err := b.keepOpen(keys); err != nil {
		return err
	}
	if err := pool.Prune(keys); err != nil {
		return err
	}
	tree := archive.OpenTree(filepath.Join(b.out, runDir))
	return errors.Join(tree.Prune(digests), tree.Close())
}

// keepOpen adds the files of deployments that somebody still reads.
func (b *bundling) keepOpen(keys map[string]bool) error {
	deployments := filepath.Join(b.out, deploymentsDir)
	inUse, err := current(b.out)
	if err != nil {
		return err
	}
	return each(deployments, func(name string) error {
		dir := filepath.Join(deployments, name)
		if dir == inUse {
			return nil
		}
		lists, err := readLists(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // let go since, or never whole
		}
		for _, entries := range lists {
			for i := range entries {
				keys[entries[i].Key] = true
			}
		}
		return err
	})
}

// each calls f with the names in a folder; a missing folder holds none.
func each(dir string, f func(name string) error) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := f(e.Name()); err != nil {
			return err
		}
	}
	return nil
}
