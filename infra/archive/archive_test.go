package archive_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pack/infra/archive"
	"pack/manifest"
)

// file writes a source file and describes it as a plan does.
func file(t *testing.T, dir, name, content string, mode fs.FileMode) manifest.File {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), mode)); err != nil {
		t.Fatal(err)
	}
	return manifest.File{
		Name: name, Source: path, Mode: mode, Size: int64(len(content)),
		Hash: fmt.Sprintf("%x", sha256.Sum256([]byte("file:"+content))),
	}
}

func link(name, target string) manifest.File {
	return manifest.File{Name: name, Mode: fs.ModeSymlink | 0o777, Link: target, Size: int64(len(target)), Hash: "link:" + target}
}

func sample(t *testing.T) []manifest.File {
	dir := t.TempDir()
	noise := make([]byte, 5000)
	rand.Read(noise)
	return []manifest.File{
		file(t, dir, "app/page.js", strings.Repeat("module.exports = 1;\n", 500), 0o640),
		file(t, dir, "bin/run", "#!/bin/sh\nexit 0\n", 0o700),
		file(t, dir, "noise.bin", string(noise), 0o600),
		file(t, dir, "empty.txt", "", 0o644),
		file(t, dir, "público/naïve café.txt", "é", 0o644),
		{Name: "pack/function.json", Content: []byte("{}\n"), Mode: 0o644},
		link("node_modules/dep", ".pnpm/dep@1/node_modules/dep"),
		file(t, dir, "node_modules/.pnpm/dep@1/node_modules/dep/index.js", "module.exports = 'dep'\n", 0o644),
	}
}

func entriesOf(t testing.TB, files []manifest.File) []archive.Entry {
	t.Helper()
	entries, err := archive.Entries(files)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func open(t testing.TB, dir string) *archive.Pool {
	t.Helper()
	p, err := archive.OpenPool(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func write(t testing.TB, pool string, entries []archive.Entry) []byte {
	t.Helper()
	p := open(t, pool)
	if _, err := p.Add(t.Context(), entries, nil); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	n, err := p.Write(t.Context(), &b, entries)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("Write = %d, %v; wrote %d bytes", n, err, b.Len())
	}
	if size, err := p.Size(entries); err != nil || size != n {
		t.Fatalf("Size = %d, %v; wrote %d bytes", size, err, n)
	}
	return b.Bytes()
}

// contents reads an archive with the standard library: name to mode and text.
func contents(t testing.TB, data []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range r.File {
		src, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(src) // Checks the CRC as well.
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if !f.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s is of %v", f.Name, f.Modified)
		}
		got[f.Name] = f.Mode().String() + " " + string(text)
	}
	return got
}

func TestWriteKeepsNamesModesLinksAndContents(t *testing.T) {
	files := sample(t)
	data := write(t, t.TempDir(), entriesOf(t, files))
	want := map[string]string{}
	for _, f := range files {
		text, mode := f.Content, "-rw-r--r-- "
		if f.Source != "" {
			text, _ = os.ReadFile(f.Source)
		}
		if f.Mode&0o100 != 0 {
			mode = "-rwxr-xr-x "
		}
		if f.Link != "" {
			text, mode = []byte(f.Link), "Lrwxrwxrwx "
		}
		want[f.Name] = mode + string(text)
	}
	if diff := cmp.Diff(want, contents(t, data)); diff != "" {
		t.Error(diff)
	}
}

// TestWriteSatisfiesUnzip asks another implementation, where there is one.
func TestWriteSatisfiesUnzip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.zip")
	if err := os.WriteFile(path, write(t, t.TempDir(), entriesOf(t, sample(t))), 0o644); err != nil {
		t.Fatal(err)
	}
	unzip, err := exec.LookPath("unzip")
	if err != nil {
		t.Log("unzip is not installed; Go's own reader checks the same archive in the test above")
		return
	}
	to := t.TempDir()
	if out, err := exec.Command(unzip, "-q", path, "-d", to).CombinedOutput(); err != nil {
		t.Fatalf("unzip: %v\n%s", err, out)
	}
	got, err := os.ReadFile(filepath.Join(to, "node_modules/dep/index.js"))
	if err != nil || string(got) != "module.exports = 'dep'\n" {
		t.Errorf("through the link: %q, %v", got, err)
	}
	if st, err := os.Stat(filepath.Join(to, "bin/run")); err != nil || st.Mode().Perm()&0o111 == 0 {
		t.Errorf("bin/run: %v, %v", st, err)
	}
}

func TestWriteIsDeterministic(t *testing.T) {
	files := sample(t)
	first := write(t, t.TempDir(), entriesOf(t, files))

	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	var again []manifest.File
	for i := range files {
		f := files[len(files)-1-i]
		if f.Source != "" {
			text, err := os.ReadFile(f.Source)
			if err != nil {
				t.Fatal(err)
			}
			f.Source = filepath.Join(t.TempDir(), "copy")
			when := time.Now().Add(-time.Duration(i+1) * time.Hour)
			if err := errors.Join(os.WriteFile(f.Source, text, 0o666), os.Chtimes(f.Source, when, when)); err != nil {
				t.Fatal(err)
			}
		}
		again = append(again, f)
	}
	second := write(t, t.TempDir(), entriesOf(t, again))
	if !bytes.Equal(first, second) {
		t.Error("the same files in another order, of other times and under another umask gave other bytes")
	}
	if archive.Digest(entriesOf(t, files)) != archive.Digest(entriesOf(t, again)) {
		t.Error("and another digest")
	}
}

func TestDigestSeesEveryChange(t *testing.T) {
	base := []manifest.File{
		{Name: "a", Content: []byte("1"), Mode: 0o644},
		link("b", "a"),
	}
	digest := archive.Digest(entriesOf(t, base))
	for name, change := range map[string]func(f []manifest.File){
		"content":    func(f []manifest.File) { f[0].Content = []byte("2") },
		"name":       func(f []manifest.File) { f[0].Name = "c" },
		"executable": func(f []manifest.File) { f[0].Mode = 0o755 },
		"target":     func(f []manifest.File) { f[1].Link = "c" },
		"kind":       func(f []manifest.File) { f[1] = manifest.File{Name: "b", Content: []byte("a"), Mode: 0o644} },
	} {
		files := append([]manifest.File(nil), base...)
		change(files)
		if archive.Digest(entriesOf(t, files)) == digest {
			t.Errorf("another %s gives the same digest", name)
		}
	}
}

func TestEntriesRefuses(t *testing.T) {
	one := func(name string) manifest.File {
		return manifest.File{Name: name, Content: []byte(name), Mode: 0o644}
	}
	for _, test := range []struct {
		name  string
		files []manifest.File
		want  string
	}{
		{"a name above the root", []manifest.File{one("../a")}, "leads out"},
		{"an absolute name", []manifest.File{one("/a")}, "leads out"},
		{"a backslash", []manifest.File{one(`a\b`)}, "leads out"},
		{"a link above the root", []manifest.File{link("a/b", "../../c")}, "outside"},
		{"an absolute link", []manifest.File{link("a", "/c")}, "outside"},
		{"two files of one name", []manifest.File{one("a"), {Name: "a", Content: []byte("x")}}, "both named a"},
		{"a file that is a folder", []manifest.File{one("a"), one("a/b")}, "both a file and the folder"},
		{"links in a circle", []manifest.File{link("a", "b"), link("b", "a"), one("a/c")}, "too many symbolic links"},
		{"a file without a hash", []manifest.File{{Name: "a", Source: "/a"}}, "no hash"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := archive.Entries(test.files); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestEntriesSeesThroughLinks: a file that is named both ways is there once.
func TestEntriesSeesThroughLinks(t *testing.T) {
	text := []byte("x")
	entries := entriesOf(t, []manifest.File{
		link("node_modules/dep", ".pnpm/dep/node_modules/dep"),
		{Name: "node_modules/dep/index.js", Content: text},
		{Name: "node_modules/.pnpm/dep/node_modules/dep/index.js", Content: text},
		{Name: "node_modules/dep/more.js", Content: text},
	})
	var names []string
	for _, e := range entries {
		names = append(names, e.Name)
	}
	want := []string{
		"node_modules/.pnpm/dep/node_modules/dep/index.js",
		"node_modules/.pnpm/dep/node_modules/dep/more.js",
		"node_modules/dep",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

func TestPoolCompressesEachContentOnce(t *testing.T) {
	dir, files := t.TempDir(), sample(t)
	twin := files[0]
	twin.Name = "app/twin.js"
	entries := entriesOf(t, append(files, twin))
	p := open(t, dir)
	calls := 0
	added, err := p.Add(t.Context(), entries, func(done, total int) { calls++ })
	if err != nil {
		t.Fatal(err)
	}
	if added.Files != 7 || calls != 7 || added.Packed >= added.Plain {
		t.Errorf("first: %+v after %d calls, want 7 files", added, calls)
	}
	again, err := open(t, dir).Add(t.Context(), entries, nil)
	if err != nil || again != (archive.Added{}) {
		t.Errorf("again: %+v, %v; want nothing", again, err)
	}
}

// TestPrune: what is kept survives the move, and pools of other formats go.
func TestPrune(t *testing.T) {
	dir, entries := t.TempDir(), entriesOf(t, sample(t))
	p := open(t, dir)
	if _, err := p.Add(t.Context(), entries, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "v0-1"), 0o755); err != nil {
		t.Fatal(err)
	}
	keep := map[string]bool{}
	for _, e := range entries {
		keep[e.Key] = e.Name == "app/page.js"
	}
	if err := p.Prune(keep); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, e := range entries {
		if e.Name != "app/page.js" {
			continue
		}
		if _, err := p.Write(t.Context(), &b, []archive.Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
	if got := contents(t, b.Bytes())["app/page.js"]; !strings.HasPrefix(got, "-rw-r--r-- module.exports") {
		t.Errorf("after pruning: %.40q", got)
	}
	again, err := open(t, dir).Add(t.Context(), entries, nil)
	if err != nil || again.Files != 6 {
		t.Errorf("after pruning all but one: %+v, %v", again, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

// TestPoolMendsDamage: what a power cut has cut short is made again.
// TestReadersKeepWhatTheyFound: a pool that is read goes on giving what it had
// when it was opened, whatever is pruned.
func TestReadersKeepWhatTheyFound(t *testing.T) {
	dir := t.TempDir()
	entries := entriesOf(t, []manifest.File{{Name: "a", Content: []byte("one")}, {Name: "b", Content: []byte("two")}})
	writer := open(t, dir)
	if _, err := writer.Add(t.Context(), entries, nil); err != nil {
		t.Fatal(err)
	}
	reader := open(t, dir)
	if err := writer.Prune(map[string]bool{}); err != nil {
		t.Fatal(err)
	}
	if open(t, dir).Holds(entries) {
		t.Fatal("nothing was pruned")
	}
	for i := range entries {
		src, err := reader.Open(&entries[i])
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(src); err != nil || len(text) != 3 {
			t.Errorf("%s: %q, %v", entries[i].Name, text, err)
		}
		src.Close()
	}
}

// TestSizeOfManyFiles: from 65,535 files on a zip file has another end.
func TestSizeOfManyFiles(t *testing.T) {
	for _, n := range []int{1<<16 - 2, 1<<16 - 1} {
		files := make([]manifest.File, n)
		for i := range files {
			files[i] = link(fmt.Sprintf("n%d", i), "a")
		}
		write(t, t.TempDir(), entriesOf(t, files))
	}
}

func TestPoolMendsDamage(t *testing.T) {
	dir, entries := t.TempDir(), entriesOf(t, sample(t))
	want := write(t, dir, entries)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		return os.Truncate(path, st.Size()/2)
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, write(t, dir, entries)) {
		t.Error("other bytes than before the damage")
	}
}

func TestLists(t *testing.T) {
	shared := manifest.File{Name: "shared", Content: []byte("s"), Mode: 0o644}
	want := archive.Lists{
		"a":     entriesOf(t, []manifest.File{shared, {Name: "own", Content: []byte("a")}, link("l", "own")}),
		"b":     entriesOf(t, []manifest.File{shared, {Name: "own", Content: []byte("b")}}),
		"empty": {},
	}
	text, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), `"name":"shared"`); n != 1 {
		t.Errorf("the shared entry is there %d times", n)
	}
	got, err := archive.DecodeLists(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(archive.Entry{})); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "{", `{"entries":[],"archives":{"a":[0]}}`, `{"entries":[],"archives":{"a":[-1]}}`} {
		if _, err := archive.DecodeLists([]byte(bad)); err == nil {
			t.Errorf("took %q", bad)
		}
	}
}

func TestPoolNoticesChangedSources(t *testing.T) {
	f := file(t, t.TempDir(), "a.js", "one", 0o644)
	for name, change := range map[string]func() error{
		"longer": func() error { return os.WriteFile(f.Source, []byte("three"), 0o644) },
		"gone":   func() error { return os.Remove(f.Source) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		_, err := open(t, t.TempDir()).Add(t.Context(), entriesOf(t, []manifest.File{f}), nil)
		var u *manifest.UserError
		if !errors.As(err, &u) || u.Where != f.Source {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	entries := entriesOf(t, sample(t))
	p := open(t, t.TempDir())
	if _, err := p.Add(ctx, entries, nil); !errors.Is(err, why) {
		t.Errorf("Add: %v", err)
	}
	if _, err := p.Write(ctx, io.Discard, entries); !errors.Is(err, why) {
		t.Errorf("Write: %v", err)
	}
}
