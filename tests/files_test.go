package tests_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// storefront is the app under test.
const storefront = "../examples/storefront"

// copySource makes a copy of the app as it is in a fresh clone.
func copySource(to string) error {
	return copyTree(storefront, to, copyFile, "node_modules", ".next", ".pack")
}

// copyTree copies a folder with the given way to copy a file, leaving out the
// named entries at its top.
func copyTree(from, to string, each func(from, to string, st fs.FileInfo) error, without ...string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if slices.Contains(without, name) {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		target := filepath.Join(to, name)
		st, err := d.Info()
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case st.Mode()&fs.ModeSymlink != 0:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		case !st.Mode().IsRegular():
			return nil
		}
		return each(path, target, st)
	})
}

// copyFile copies a file with its mode and time.
func copyFile(from, to string, st fs.FileInfo) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, st.Mode().Perm())
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Chtimes(to, st.ModTime(), st.ModTime())
}

// shareFile links large files and copies small ones: a link changes the inode
// of the shared file, by which pack may tell that what is installed changed.
func shareFile(from, to string, st fs.FileInfo) error {
	if st.Size() > 256<<10 && os.Link(from, to) == nil {
		return nil
	}
	return copyFile(from, to, st)
}

// install gives an app its dependencies: what `npm ci` makes of the lock file,
// kept for later runs in the user's cache.
func install(app string) error {
	lock, err := os.ReadFile(filepath.Join(app, "package-lock.json"))
	if err != nil {
		return err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	kept := filepath.Join(cache, "pack-tests", fmt.Sprintf("%x", sha256.Sum256(lock))[:16])
	if _, err := os.Stat(kept); errors.Is(err, fs.ErrNotExist) {
		if err := fetch(app, kept); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	return copyTree(filepath.Join(kept, "node_modules"), filepath.Join(app, "node_modules"), shareFile)
}

// fetch installs beside kept and renames, so that kept is whole or not there.
func fetch(app, kept string) error {
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return err
	}
	partial, err := os.MkdirTemp(filepath.Dir(kept), "partial-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join(app, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(partial, name), text, 0o644); err != nil {
			return err
		}
	}
	npm := exec.Command("npm", "ci", "--no-audit", "--no-fund")
	npm.Dir = partial
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	if err := os.Rename(partial, kept); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
