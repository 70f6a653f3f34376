package compat_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// nextModules installs tests/nextjs once, in the user's cache folder, and
// returns its node_modules.
var nextModules = sync.OnceValues(func() (string, error) {
	lock, err := os.ReadFile(filepath.Join("..", "nextjs", "package-lock.json"))
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	kept := filepath.Join(cache, "pack-tests", fmt.Sprintf("compat-%x", sha256.Sum256(lock))[:23])
	modules := filepath.Join(kept, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules, nil
	}
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return "", err
	}
	partial, err := os.MkdirTemp(filepath.Dir(kept), "partial-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(partial)
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join("..", "nextjs", name))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(partial, name), text, 0o644); err != nil {
			return "", err
		}
	}
	npm := exec.Command("npm", "ci", "--no-audit", "--no-fund")
	npm.Dir = partial
	if out, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return modules, os.Rename(partial, kept)
})

// linkModules gives an app its node_modules as hard links: Turbopack refuses a
// folder that is a symbolic link out of the project.
func linkModules(t *testing.T, dir string) {
	t.Helper()
	from, err := nextModules()
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(dir, "node_modules", name)
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		}
		if os.Link(path, target) == nil {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, st.Mode().Perm())
	})
	if err != nil {
		t.Fatal(err)
	}
}

// environment is this process's, without what would change a build.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return name == "NODE_ENV" || name == "NODE_OPTIONS" || name == "PORT" ||
			strings.HasPrefix(name, "NEXT_") || strings.HasPrefix(name, "__NEXT_") || strings.HasPrefix(name, "PACK_")
	})
}

// TestMain looks at pack's sources, so that Go does not take the result of an
// older pack, which the scripts build, for this one's.
func TestMain(m *testing.M) {
	for _, folder := range []string{"cmd", "infra", "lambda", "manifest", "s3cache"} {
		err := filepath.WalkDir(filepath.Join("..", "..", folder), func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, "tests cannot run:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// mark is a variable in the environment of every process of a deployment.
func mark(dir string) string {
	return "COMPAT_MARK=" + filepath.Base(filepath.Dir(dir)) + filepath.Base(dir)
}

// marked lists the processes with a variable in their environment.
func marked(t *testing.T, variable string) (found []string) {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil || len(processes) == 0 {
		t.Fatalf("processes cannot be listed (this test needs Linux's /proc): %v", err)
	}
	for _, file := range processes {
		text, err := os.ReadFile(file)
		if err != nil || !slices.Contains(strings.Split(string(text), "\x00"), variable) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		found = append(found, filepath.Dir(file)+": "+strings.ReplaceAll(string(line), "\x00", " "))
	}
	return found
}
