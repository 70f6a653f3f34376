package layer_test

import (
	"archive/zip"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pack/infra/layer"
	"pack/manifest"
)

// source writes a module with a stand-in for the bootstrap.
func source(t *testing.T, says string) string {
	t.Helper()
	root := t.TempDir()
	write(t, filepath.Join(root, "go.mod"), "module pack\n\ngo 1.26\n")
	write(t, filepath.Join(root, "lambda", "bootstrap", "main.go"), "package main\n\nfunc main() { print(\""+says+"\") }\n")
	return root
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func standIn(t *testing.T) layer.Runtime {
	return layer.Runtime{
		Program: layer.Bootstrap,
		Scripts: fstest.MapFS{"server.cjs": {Data: []byte("serve()\n")}, "work.cjs": {Data: []byte("work()\n")}},
		Source:  source(t, "hello"),
		Cache:   t.TempDir(),
	}
}

// says runs the program of a folder.
func says(t *testing.T, dir string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(dir, "bootstrap")).CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestFolderForThisMachine(t *testing.T) {
	r := standIn(t)
	dir, err := r.Folder(t.Context(), layer.Host())
	if err != nil {
		t.Fatal(err)
	}
	if got := says(t, dir); got != "hello" {
		t.Errorf("the program says %q", got)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "node", "server.cjs")); err != nil || string(text) != "serve()\n" {
		t.Errorf("script: %q, %v", text, err)
	}
	// Without Go nothing can be compiled: it is found as it was left.
	t.Setenv("PATH", t.TempDir())
	again, err := r.Folder(t.Context(), layer.Host())
	if err != nil || again != dir {
		t.Errorf("again: %s, %v", again, err)
	}
}

// BenchmarkFolder finds the finished bootstrap of the real source.
func BenchmarkFolder(b *testing.B) {
	r := layer.Runtime{Program: layer.Bootstrap, Cache: b.TempDir()}
	for b.Loop() {
		if _, err := r.Folder(b.Context(), layer.Host()); err != nil {
			b.Fatal(err)
		}
	}
}

func TestFolderFollowsTheSource(t *testing.T) {
	r := standIn(t)
	first, err := r.Folder(t.Context(), layer.Host())
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(r.Source, "lambda", "bootstrap", "main_test.go"), "package main\n")
	if same, err := r.Folder(t.Context(), layer.Host()); err != nil || same != first {
		t.Errorf("after a change of a test: %s, %v", same, err)
	}
	write(t, filepath.Join(r.Source, "lambda", "bootstrap", "main.go"), "package main\n\nfunc main() { print(\"changed\") }\n")
	second, err := r.Folder(t.Context(), layer.Host())
	if err != nil || second == first || says(t, second) != "changed" {
		t.Errorf("after a change of the program: %s, %v", second, err)
	}
	r.Scripts = fstest.MapFS{"server.cjs": {Data: []byte("other()\n")}}
	if third, err := r.Folder(t.Context(), layer.Host()); err != nil || third == second {
		t.Errorf("after a change of a script: %s, %v", third, err)
	}
}

func TestZip(t *testing.T) {
	for architecture, machine := range map[manifest.Architecture]elf.Machine{
		manifest.ARM64: elf.EM_AARCH64,
		manifest.X8664: elf.EM_X86_64,
	} {
		t.Run(string(architecture), func(t *testing.T) {
			r := standIn(t)
			path, err := r.Zip(t.Context(), architecture)
			if err != nil {
				t.Fatal(err)
			}
			z, err := zip.OpenReader(path)
			if err != nil {
				t.Fatal(err)
			}
			defer z.Close()
			modes := map[string]string{}
			for _, f := range z.File {
				modes[f.Name] = f.Mode().String()
			}
			want := map[string]string{"bootstrap": "Lrwxrwxrwx", "pack/bootstrap": "-rwxr-xr-x", "pack/node/server.cjs": "-rw-r--r--", "pack/node/work.cjs": "-rw-r--r--"}
			if diff := cmp.Diff(want, modes); diff != "" {
				t.Error(diff)
			}
			f, err := z.Open("pack/bootstrap")
			if err != nil {
				t.Fatal(err)
			}
			var program bytes.Buffer
			if _, err := program.ReadFrom(f); err != nil {
				t.Fatal(err)
			}
			e, err := elf.NewFile(bytes.NewReader(program.Bytes()))
			if err != nil || e.Machine != machine {
				t.Errorf("the program is for %v, %v", e, err)
			}
			first, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			// The same source in another place gives the same bytes.
			other := standIn(t)
			if path, err = other.Zip(t.Context(), architecture); err != nil {
				t.Fatal(err)
			}
			if second, err := os.ReadFile(path); err != nil || !bytes.Equal(first, second) {
				t.Errorf("another compilation gave other bytes (%v)", err)
			}
		})
	}
	if _, err := standIn(t).Zip(t.Context(), "riscv"); err == nil {
		t.Error("made a layer for an architecture that Lambda has not")
	}
}

func TestErrors(t *testing.T) {
	var u *manifest.UserError
	r := standIn(t)
	r.Source = t.TempDir()
	if _, err := r.Folder(t.Context(), layer.Host()); !errors.As(err, &u) || !strings.Contains(u.Hint, "released") {
		t.Errorf("without source: %v", err)
	}
	r = standIn(t)
	write(t, filepath.Join(r.Source, "lambda", "bootstrap", "main.go"), "package main\n\nfunc main() { nonsense }\n")
	if _, err := r.Folder(t.Context(), layer.Host()); err == nil || !strings.Contains(err.Error(), "undefined: nonsense") {
		t.Errorf("a program that does not compile: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := standIn(t).Folder(ctx, layer.Host()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(r.Cache, ".next-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	r = standIn(t)
	t.Setenv("PATH", t.TempDir())
	t.Setenv("GOROOT", "")
	if _, err := r.Folder(t.Context(), layer.Host()); !errors.As(err, &u) || !strings.Contains(u.What, "Go is not") {
		t.Errorf("without Go: %v", err)
	}
}

func TestPrebuilt(t *testing.T) {
	r, dir := standIn(t), t.TempDir()
	if err := r.Prebuild(t.Context(), dir, []layer.Target{layer.Host()}); err != nil {
		t.Fatal(err)
	}
	defer layer.SetPrebuilt(os.DirFS(dir))()
	t.Setenv("PATH", t.TempDir())
	r.Source = ""
	made, err := r.Folder(t.Context(), layer.Host())
	if err != nil {
		t.Fatal(err)
	}
	if got := says(t, made); got != "hello" {
		t.Errorf("the prebuilt program says %q", got)
	}
	if _, err := r.Folder(t.Context(), layer.Target{OS: "plan9", Arch: "386"}); err == nil {
		t.Error("found a program for a machine that was not prebuilt")
	}
}

func TestOldOnesAreRemoved(t *testing.T) {
	r := standIn(t)
	old, recent := filepath.Join(r.Cache, "old"), filepath.Join(r.Cache, "recent")
	write(t, filepath.Join(old, "bootstrap"), "")
	write(t, filepath.Join(recent, "bootstrap"), "")
	when := time.Now().Add(-30 * 24 * time.Hour)
	if err := os.Chtimes(old, when, when); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Folder(t.Context(), layer.Host()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("what nobody used for a month is still there")
	}
	if _, err := os.Stat(recent); err != nil {
		t.Error(err)
	}
}

// TestOwnSource finds the source that this test was compiled from.
func TestOwnSource(t *testing.T) {
	r := layer.Runtime{Program: layer.Program{Package: "infra/layer/testdata/hello", Path: "hello"}, Cache: t.TempDir()}
	dir, err := r.Folder(t.Context(), layer.Host())
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), filepath.Join(dir, "hello")).Output(); err != nil || string(out) != "hello\n" {
		t.Errorf("%q, %v", out, err)
	}
}
