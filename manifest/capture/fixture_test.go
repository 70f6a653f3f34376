package capture_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"pack/manifest/manifesttest"
)

// What this package's tests share with those of its neighbours.
var (
	writeFiles = manifesttest.WriteFiles
	must       = manifesttest.Must
	userError  = manifesttest.UserError
)

// shopModules installs the locked dependencies of testdata/apps/shop once, in
// the user's cache folder, and returns node_modules.
var shopModules = sync.OnceValues(func() (string, error) {
	app := filepath.Join("testdata", "apps", "shop")
	lock, err := os.ReadFile(filepath.Join(app, "package-lock.json"))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "pack-tests", "shop-"+hex.EncodeToString(sum[:8]))
	modules := filepath.Join(dir, "node_modules")
	if _, err := os.Stat(filepath.Join(dir, "done")); err == nil {
		return modules, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		if err := linkOrCopy(filepath.Join(app, name), filepath.Join(dir, name), false); err != nil {
			return "", err
		}
	}
	cmd := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return modules, os.WriteFile(filepath.Join(dir, "done"), nil, 0o644)
})

// shop copies the app with its dependencies. They are hard links: Turbopack
// refuses a node_modules that is a symbolic link out of the project.
func shop(t *testing.T) (dir string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: needs npm and a Next.js build")
	}
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("this test needs %s on PATH", program)
		}
	}
	modules, err := shopModules()
	must(t, err)
	dir = t.TempDir()
	must(t, copyTree(filepath.Join("testdata", "apps", "shop"), dir, false))
	must(t, copyTree(modules, filepath.Join(dir, "node_modules"), true))
	return dir
}

func copyTree(from, to string, link bool) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			dest, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(dest, target)
		}
		return linkOrCopy(path, target, link)
	})
}

func linkOrCopy(from, to string, link bool) error {
	if link && os.Link(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	st, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, st.Mode().Perm())
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
