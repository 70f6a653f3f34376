package archive_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/infra/archive"
	"pack/manifest"
)

// pooled puts files into a pool and gives it, their archive's digest and list.
func pooled(t *testing.T, files []manifest.File) (func() (*archive.Pool, error), string, []archive.Entry) {
	t.Helper()
	entries := entriesOf(t, files)
	p := open(t, t.TempDir())
	if _, err := p.Add(t.Context(), entries, nil); err != nil {
		t.Fatal(err)
	}
	return func() (*archive.Pool, error) { return p, nil }, archive.Digest(entries), entries
}

func inode(t *testing.T, path string) uint64 {
	t.Helper()
	st, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return st.Sys().(*syscall.Stat_t).Ino
}

func TestUnpackLaysOutTheArchive(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	pool, digest, entries := pooled(t, sample(t))
	data := write(t, t.TempDir(), entries)
	tree := archive.OpenTree(t.TempDir())
	defer tree.Close()
	dir, err := tree.Unpack(t.Context(), pool, digest, entries)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		st, err := d.Info()
		if err != nil {
			return err
		}
		if st.Mode()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			got[name] = st.Mode().String() + " " + target
			return err
		}
		text, err := os.ReadFile(path)
		got[name] = st.Mode().String() + " " + string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(contents(t, data), got); diff != "" {
		t.Error(diff)
	}
}

func TestUnpackSharesFilesAndMendsChanges(t *testing.T) {
	shared := file(t, t.TempDir(), "shared.js", "shared", 0o644)
	tree := archive.OpenTree(t.TempDir())
	defer tree.Close()
	unpack := func(name string) string {
		pool, digest, entries := pooled(t, []manifest.File{shared, {Name: name, Content: []byte(name)}})
		dir, err := tree.Unpack(t.Context(), pool, digest, entries)
		if err != nil {
			t.Fatal(err)
		}
		return dir
	}
	a, b := unpack("a"), unpack("b")
	if inode(t, filepath.Join(a, "shared.js")) != inode(t, filepath.Join(b, "shared.js")) {
		t.Error("the file that both hold takes its space twice")
	}
	folder := inode(t, a)
	if unpack("a") != a || inode(t, a) != folder {
		t.Error("what was unpacked and unchanged was unpacked again")
	}
	if err := os.WriteFile(filepath.Join(a, "a"), []byte("A"), 0o644); err != nil {
		t.Fatal(err)
	}
	tree.Close()
	tree = archive.OpenTree(filepath.Dir(a))
	if dir := unpack("a"); dir != a {
		t.Errorf("unpacked to %s, then to %s", a, dir)
	}
	if text, err := os.ReadFile(filepath.Join(a, "a")); err != nil || string(text) != "a" {
		t.Errorf("after a change: %q, %v", text, err)
	}
}

func TestUnpackAtOnce(t *testing.T) {
	pool, digest, entries := pooled(t, sample(t))
	dir := t.TempDir()
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			tree := archive.OpenTree(dir)
			defer tree.Close()
			_, errs[i] = tree.Unpack(t.Context(), pool, digest, entries)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".next-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestUnpackRefusesDamage(t *testing.T) {
	dir := t.TempDir()
	entries := entriesOf(t, []manifest.File{{Name: "a", Content: []byte(strings.Repeat("text ", 1000))}})
	if _, err := open(t, dir).Add(t.Context(), entries, nil); err != nil {
		t.Fatal(err)
	}
	segments, err := filepath.Glob(filepath.Join(dir, "*", "*.segment"))
	if err != nil || len(segments) != 1 {
		t.Fatalf("segments: %v, %v", segments, err)
	}
	data, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-3] ^= 0x40
	if err := os.WriteFile(segments[0], data, 0o644); err != nil {
		t.Fatal(err)
	}
	tree := archive.OpenTree(t.TempDir())
	defer tree.Close()
	pool := open(t, dir)
	if folder, err := tree.Unpack(t.Context(), func() (*archive.Pool, error) { return pool, nil }, "digest", entries); err == nil {
		t.Errorf("unpacked damaged bytes to %s", folder)
	}
}

func TestPruneKeepsWhatIsUsed(t *testing.T) {
	dir := t.TempDir()
	tree := archive.OpenTree(dir)
	digests := make([]string, 2)
	for i := range digests {
		pool, digest, entries := pooled(t, []manifest.File{{Name: "a", Content: fmt.Append(nil, i)}})
		if _, err := tree.Unpack(t.Context(), pool, digest, entries); err != nil {
			t.Fatal(err)
		}
		digests[i] = digest
	}
	if err := os.Mkdir(filepath.Join(dir, ".next-killed"), 0o755); err != nil {
		t.Fatal(err)
	}
	keep := map[string]bool{digests[0]: true}
	other := archive.OpenTree(dir)
	if err := other.Prune(keep); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, digests[1])); err != nil {
		t.Error("pruned while another process uses the tree")
	}
	tree.Close()
	if err := other.Prune(keep); err != nil {
		t.Fatal(err)
	}
	var left []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		left = append(left, e.Name())
	}
	files, _ := os.ReadDir(filepath.Join(dir, "files"))
	if len(left) != 3 || len(files) != 1 {
		t.Errorf("left are %v and %d files, want one archive, files, lock, and one file", left, len(files))
	}
}
