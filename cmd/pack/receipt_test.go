package main

import (
	"bytes"
	"cmp"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pack/infra/bundle"
	"pack/manifest"
)

// packing is an app that is packed again and again.
type packing struct {
	t *testing.T
	o buildOptions
}

func newPacking(t *testing.T) *packing {
	dir := t.TempDir()
	next, err := filepath.Abs(filepath.Join("testdata", "next"))
	if err != nil {
		t.Fatal(err)
	}
	if err := writeApp(dir, next); err != nil {
		t.Fatal(err)
	}
	p := &packing{t, buildOptions{dir: dir, out: filepath.Join(dir, ".pack"), log: io.Discard, progress: newProgress(io.Discard)}}
	p.write("pack.json", `{"memory": 1024, "crons": [{"path": "/hello", "schedule": "0 5 * * *"}]}`)
	p.write(".env", "A=1\n")
	return p
}

func (p *packing) path(name string) string { return filepath.Join(p.o.dir, filepath.FromSlash(name)) }

func (p *packing) read(name string) []byte {
	p.t.Helper()
	text, err := os.ReadFile(p.path(name))
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

func (p *packing) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(p.path(name), []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *packing) remove(name string) {
	p.t.Helper()
	if err := os.RemoveAll(p.path(name)); err != nil {
		p.t.Fatal(err)
	}
}

// segment is the largest of the files that hold compressed ones.
func (p *packing) segment() string {
	p.t.Helper()
	found, err := filepath.Glob(p.path(".pack/files/*/*.segment"))
	if err != nil || len(found) == 0 {
		p.t.Fatalf("no segments: %v", err)
	}
	largest := slices.MaxFunc(found, func(a, b string) int {
		x, _ := os.Stat(a)
		y, _ := os.Stat(b)
		return cmp.Compare(x.Size(), y.Size())
	})
	name, _ := filepath.Rel(p.o.dir, largest)
	return filepath.ToSlash(name)
}

// content is a file of the deployment's assets or seeds.
func (p *packing) content(kind string) string {
	p.t.Helper()
	root, name := p.path(".pack/current/"+kind+"/"), ""
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			name, _ = filepath.Rel(p.o.dir, path)
		}
		return err
	})
	if err != nil || name == "" {
		p.t.Fatalf("no %s: %v", kind, err)
	}
	return filepath.ToSlash(name)
}

// flip changes one byte of a file and neither its size nor its times.
func (p *packing) flip(name string) {
	p.t.Helper()
	st, err := os.Stat(p.path(name))
	if err != nil {
		p.t.Fatal(err)
	}
	text := p.read(name)
	text[len(text)/2] ^= 1
	f, err := os.OpenFile(p.path(name), os.O_WRONLY, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(text); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Chtimes(p.path(name), time.Time{}, st.ModTime()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *packing) build(o buildOptions) (*built, error) {
	p.t.Helper()
	made, err := ensureBuilt(p.t.Context(), o)
	if err == nil {
		err = made.Output.Close()
	}
	return made, err
}

// upToDate reports whether the receipt alone answers.
func (p *packing) upToDate(o buildOptions) bool {
	p.t.Helper()
	lock, err := bundle.TakeLock(o.out)
	if err != nil {
		p.t.Fatal(err)
	}
	defer lock.Release()
	f, err := newFlow(p.t.Context(), o, lock)
	if err != nil {
		p.t.Fatal(err)
	}
	made := f.upToDate()
	if made == nil {
		return false
	}
	if err := made.Output.Close(); err != nil || !made.Unchanged || made.Built {
		p.t.Errorf("%+v, %v", made, err)
	}
	return true
}

// TestReceipt changes every input of packing and everything that came out of it,
// one at a time. The receipt must not hide any of it: where it answers, packing
// without it changes nothing.
func TestReceipt(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(p *packing, o *buildOptions)
		// same: the receipt may answer.
		same bool
	}{
		{"nothing", func(*packing, *buildOptions) {}, true},
		{"nothing, without a build", func(_ *packing, o *buildOptions) { o.noBuild = true }, true},
		{"a source", func(p *packing, _ *buildOptions) { p.write("app/hello.js", "exports.handler = 'HELLO'\n") }, false},
		{"a source, without a build", func(p *packing, o *buildOptions) {
			p.write("app/hello.js", "exports.handler = 'HELLO'\n")
			o.noBuild = true
		}, true},
		{"a new source", func(p *packing, _ *buildOptions) { p.write("app/new.js", "exports.handler = 'new'\n") }, false},
		{"a public file", func(p *packing, _ *buildOptions) { p.write("public/robots.txt", "User-agent: x\n") }, false},
		{"the lock file", func(p *packing, _ *buildOptions) { p.write("package-lock.json", `{"name":"app","lockfileVersion":2}`) }, false},
		{".env", func(p *packing, _ *buildOptions) { p.write(".env", "A=2\n") }, false},
		{"a variable of .env", func(p *packing, _ *buildOptions) { p.t.Setenv("A", "3") }, false},
		{"NODE_ENV", func(p *packing, _ *buildOptions) { p.t.Setenv("NODE_ENV", "test") }, false},
		{"PACK_BUILD_KEY", func(p *packing, _ *buildOptions) {
			p.t.Setenv(manifest.BuildKeyVariable, manifest.NewBuildKey().String())
		}, false},
		{"the build command", func(_ *packing, o *buildOptions) { o.buildCommand = "node node_modules/next/dist/bin/next build" }, false},
		{"--force", func(_ *packing, o *buildOptions) { o.force = true }, false},
		{"pack.json", func(p *packing, o *buildOptions) {
			p.write("pack.json", `{"memory": 2048, "crons": [{"path": "/hello", "schedule": "0 5 * * *"}]}`)
			o.noBuild = true
		}, false},
		{"no pack.json", func(p *packing, o *buildOptions) { p.remove("pack.json"); o.noBuild = true }, false},
		{"an empty pack.json", func(p *packing, o *buildOptions) { p.write("pack.json", ""); o.noBuild = true }, false},
		{"vercel.json", func(p *packing, o *buildOptions) { p.write("vercel.json", `{"regions": ["fra1"]}`); o.noBuild = true }, false},
		{"an empty vercel.json", func(p *packing, o *buildOptions) { p.write("vercel.json", ""); o.noBuild = true }, false},
		{manifest.AllowRegionsVariable, func(p *packing, o *buildOptions) {
			p.t.Setenv(manifest.AllowRegionsVariable, "xx-north-1")
			o.noBuild = true
		}, false},
		{"the regions of a stage", func(_ *packing, o *buildOptions) { o.regions = []string{"eu-central-1"} }, false},
		{"the account's region", func(_ *packing, o *buildOptions) { o.defaultRegion = "eu-west-1" }, false},
		{"the recorded build", func(p *packing, o *buildOptions) {
			p.write(".pack/build.json", strings.Replace(string(p.read(".pack/build.json")), `"maxDuration":60`, `"maxDuration":61`, 1))
			o.noBuild = true
		}, false},
		{"no recorded build", func(p *packing, _ *buildOptions) { p.remove(".pack/build.json") }, false},
		{"no recorded build, and none wanted", func(p *packing, o *buildOptions) { p.remove(".pack/build.json"); o.noBuild = true }, false},
		{"another pack", func(p *packing, o *buildOptions) {
			p.write("pack2", "program")
			o.program, o.noBuild = p.path("pack2"), true
		}, false},
		{"the same pack, written again", func(p *packing, o *buildOptions) {
			p.write("pack2", "program")
			o.program, o.noBuild = p.path("pack2"), true
			if _, err := p.build(*o); err != nil || !p.upToDate(*o) {
				p.t.Errorf("not up to date for a program of its own: %v", err)
			}
			p.flip("pack2")
		}, false},
		// What the build made is packed already: today's files are not looked at
		// until something has to be packed again.
		{"a file of .next", func(p *packing, _ *buildOptions) { p.write(".next/server/hello.js", "exports.handler = 'HELLO'\n") }, true},
		{"no .next", func(p *packing, _ *buildOptions) { p.remove(".next") }, true},
		{"deployment.json", func(p *packing, _ *buildOptions) { p.flip(".pack/current/deployment.json") }, false},
		{"no deployment.json", func(p *packing, _ *buildOptions) { p.remove(".pack/current/deployment.json") }, false},
		{"files.json", func(p *packing, _ *buildOptions) { p.flip(".pack/current/files.json") }, false},
		{"no files.json", func(p *packing, _ *buildOptions) { p.remove(".pack/current/files.json") }, false},
		{"no asset", func(p *packing, _ *buildOptions) { p.remove(p.content("assets")) }, false},
		{"half an asset", func(p *packing, _ *buildOptions) { p.write(p.content("assets"), "x") }, false},
		{"no seed", func(p *packing, _ *buildOptions) { p.remove(p.content("seeds")) }, false},
		{"no compressed files", func(p *packing, _ *buildOptions) { p.remove(".pack/files") }, false},
		{"fewer compressed files", func(p *packing, _ *buildOptions) { p.remove(p.segment()) }, false},
		{"a cut compressed file", func(p *packing, _ *buildOptions) { p.write(p.segment(), "pkB2") }, false},
		{"a damaged compressed file", func(p *packing, _ *buildOptions) { p.flip(p.segment()) }, false},
		{"nothing in use", func(p *packing, _ *buildOptions) { p.remove(".pack/current") }, false},
		{"no deployment", func(p *packing, _ *buildOptions) { p.remove(".pack/deployments") }, false},
		{"no receipt", func(p *packing, _ *buildOptions) { p.remove(".pack/packed.json") }, false},
		{"a damaged receipt", func(p *packing, _ *buildOptions) { p.write(".pack/packed.json", `{"inputs":"`) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPacking(t)
			if made, err := p.build(p.o); err != nil || !made.Built {
				t.Fatalf("%+v, %v", made, err)
			}
			if !p.upToDate(p.o) {
				t.Fatal("not up to date when just built")
			}
			o := p.o
			c.change(p, &o)
			if got := p.upToDate(o); got != c.same {
				t.Errorf("up to date: %t", got)
			}
			if !c.same {
				return
			}
			p.remove(".pack/packed.json")
			if made, err := p.build(o); err != nil || !made.Unchanged || made.Built {
				t.Errorf("without the receipt: %+v, %v", made, err)
			}
		})
	}
}

// TestReceiptTellsWarnings: what a plan warns of is told each time.
func TestReceiptTellsWarnings(t *testing.T) {
	p := newPacking(t)
	p.write("vercel.json", `{"functions": {"api/nothing.js": {"memory": 512}}}`)
	first, err := p.build(p.o)
	if err != nil || len(first.Warnings) == 0 {
		t.Fatalf("%+v, %v", first, err)
	}
	var said bytes.Buffer
	p.o.progress = newProgress(&said)
	if !p.upToDate(p.o) {
		t.Fatal("not up to date when just built")
	}
	again, err := p.build(p.o)
	if err != nil || !slices.Equal(first.Warnings, again.Warnings) || !strings.Contains(said.String(), "warning: "+first.Warnings[0]) {
		t.Errorf("%v, then %v, %v\n%s", first.Warnings, again.Warnings, err, said.String())
	}
}
