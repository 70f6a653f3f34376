package bundle_test

import (
	"archive/zip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/infra/bundle"
	"pack/manifest"
)

// tree lists a folder: name to what it holds. Random parts of names are cut.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if strings.HasSuffix(name, ".segment") {
			return nil // Which file is in which is chance.
		}
		if d.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			got[stable(name)] = "-> " + stable(target)
			return err
		}
		text, err := os.ReadFile(path)
		got[stable(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func stable(name string) string {
	parts := strings.Split(filepath.ToSlash(name), "/")
	if len(parts) > 1 && parts[0] == "deployments" {
		parts[1], _, _ = strings.Cut(parts[1], ".")
	}
	return strings.Join(parts, "/")
}

// archiveOf gives the path of a function's zip file.
func archiveOf(t testing.TB, o *bundle.Output, function string) string {
	t.Helper()
	path, err := o.Archive(t.Context(), function)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// member reads one file of a zip file.
func member(t testing.TB, archive, name string) string {
	t.Helper()
	r, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, err := r.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestBundle(t *testing.T) {
	out := filepath.Join(t.TempDir(), ".pack")
	a := newApp(t, "blog", "shop")
	r := a.bundle(out)
	if diff := cmp.Diff([]string{"gateway", "blog", "shop"}, r.New); diff != "" {
		t.Error(diff)
	}
	o, err := bundle.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	for _, f := range o.Deployment().Functions {
		st, err := os.Stat(archiveOf(t, o, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		files, err := o.Files(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if f.Archive.Zipped != st.Size() || f.Archive.Files != len(files) || f.Archive.Unzipped == 0 || len(f.Archive.Digest) != 64 {
			t.Errorf("%s: %+v, of %d bytes and %d files", f.Name, f.Archive, st.Size(), len(files))
		}
	}
	d := o.Deployment()
	text, err := os.ReadFile(filepath.Join(o.AssetsDir(), d.Assets[0].File))
	if err != nil || string(text) != a.asset {
		t.Errorf("asset: %q, %v", text, err)
	}
	if text, err = os.ReadFile(filepath.Join(o.SeedsDir(), d.Pages[0].Parts[0].File)); err != nil || !strings.HasPrefix(string(text), "<html>") {
		t.Errorf("seed: %q, %v", text, err)
	}
	if a := tree(t, out)[".gitignore"]; a != "*\n" {
		t.Errorf(".gitignore is %q", a)
	}
}

func TestBundleIsDeterministic(t *testing.T) {
	a := newApp(t, "blog", "shop")
	first, second := t.TempDir(), t.TempDir()
	a.bundle(first)
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	a.bundle(second)
	if diff := cmp.Diff(tree(t, first), tree(t, second)); diff != "" {
		t.Error(diff)
	}
}

func TestBundleAgainDoesNothing(t *testing.T) {
	out, a := t.TempDir(), newApp(t, "blog")
	first := a.bundle(out)
	again := a.bundle(out)
	if !again.Unchanged || again.Output.Dir() != first.Output.Dir() {
		t.Errorf("again: %+v in %s", again, again.Output.Dir())
	}
	again.Output.Close()
	if err := os.RemoveAll(filepath.Join(out, "files")); err != nil {
		t.Fatal(err)
	}
	if mended := a.bundle(out); mended.Unchanged {
		t.Error("a deployment without the files of its archives counts as whole")
	} else {
		archiveOf(t, mended.Output, "blog")
	}
}

func TestChangeOfOneRoute(t *testing.T) {
	out, a := t.TempDir(), newApp(t, "blog", "shop", "cart")
	first := a.bundle(out)
	shop := tree(t, filepath.Dir(archiveOf(t, first.Output, "shop")))["shop.zip"]
	a.routes["blog"] = "exports.handler = 'new'\n"
	p := a.plan()
	p.Deployment.ID = "dpl2"
	r, err := bundle.Bundle(t.Context(), bundle.Options{Plan: p, Out: out})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Output.Close()
	if diff := cmp.Diff([]string{"blog"}, r.New); diff != "" {
		t.Error(diff)
	}
	// The entry, the Deployment in its layer: nothing else is new.
	if r.Compressed.Files != 2 {
		t.Errorf("compressed %d files", r.Compressed.Files)
	}
	if got := tree(t, filepath.Dir(archiveOf(t, r.Output, "shop")))["shop.zip"]; got != shop {
		t.Error("the archive of an unchanged function is another one")
	}
	if got := member(t, archiveOf(t, r.Output, "blog"), ".next/server/app/blog.js"); got != a.routes["blog"] {
		t.Errorf("the changed entry is %q", got)
	}
}

func TestOpenDeploymentsStay(t *testing.T) {
	out, a := t.TempDir(), newApp(t, "blog")
	a.bundle(out).Output.Close()
	held, err := bundle.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	// Of nothing that the held one has may anything be left but in what is kept.
	for _, text := range []string{"one", "two"} {
		a.asset, a.routes["blog"] = text, strings.Repeat(text, 100_000)
		r, err := bundle.Bundle(t.Context(), bundle.Options{Plan: a.plan(), Out: out, Fresh: true})
		if err != nil {
			t.Fatal(err)
		}
		r.Output.Close()
	}
	archiveOf(t, held, "blog")
	if _, err := held.Unpack(t.Context(), "blog"); err != nil {
		t.Errorf("the held deployment: %v", err)
	}
	if got := deployments(t, out); len(got) != 2 {
		t.Errorf("deployments: %v, want the held and the current one", got)
	}
	held.Close()
	a.asset = "three"
	a.bundle(out)
	if got := deployments(t, out); len(got) != 1 {
		t.Errorf("deployments: %v, want the current one", got)
	}
}

func deployments(t *testing.T, out string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(out, "deployments", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestPruneEmptiesTheCache(t *testing.T) {
	out, a := t.TempDir(), newApp(t, "blog", "shop")
	o := a.bundle(out).Output
	if _, err := o.Unpack(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	o.Close()
	delete(a.routes, "shop")
	a.asset = "new"
	a.bundle(out)
	fresh := t.TempDir()
	a.bundle(fresh)
	got, want := tree(t, out), tree(t, fresh)
	for name := range got {
		if strings.HasPrefix(name, "run/") {
			if name != "run/lock" {
				t.Errorf("left over: %s", name)
			}
			delete(got, name)
		}
	}
	for name := range want {
		if strings.HasPrefix(name, "run/") {
			delete(want, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differs from a folder that never had the second route:\n%s", diff)
	}
}

func TestFreshDoesEverythingAgain(t *testing.T) {
	out, a := t.TempDir(), newApp(t, "blog")
	a.bundle(out).Output.Close()
	r, err := bundle.Bundle(t.Context(), bundle.Options{Plan: a.plan(), Out: out, Fresh: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Output.Close()
	if r.Unchanged || len(r.New) != 2 || r.Compressed.Files == 0 {
		t.Errorf("fresh: %+v", r)
	}
}

func TestCheckComesBeforeReading(t *testing.T) {
	out, a := t.TempDir(), newApp(t, "blog")
	why := errors.New("stale")
	asked := 0
	o := bundle.Options{Plan: a.plan(), Out: out, Check: func() error { asked++; return why }}
	if _, err := bundle.Bundle(t.Context(), o); !errors.Is(err, why) || len(deployments(t, out)) != 0 {
		t.Errorf("got %v, and deployments %v", err, deployments(t, out))
	}
	a.bundle(out).Output.Close()
	r, err := bundle.Bundle(t.Context(), o)
	if err != nil || !r.Unchanged || asked != 1 {
		t.Errorf("with nothing to do: %+v, %v, asked %d times", r, err, asked)
	}
	r.Output.Close()
}

func TestTwoBuildsAtOnce(t *testing.T) {
	out := t.TempDir()
	lock, err := bundle.TakeLock(out)
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(t, "blog")
	_, err = bundle.Bundle(t.Context(), bundle.Options{Plan: a.plan(), Out: out})
	var u *manifest.UserError
	if !errors.As(err, &u) || u.Where != out {
		t.Errorf("while locked: %v", err)
	}
	r, err := bundle.Bundle(t.Context(), bundle.Options{Plan: a.plan(), Out: out, Lock: lock})
	if err != nil {
		t.Fatal(err)
	}
	r.Output.Close()
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	a.bundle(out)
}

func TestBundleRefuses(t *testing.T) {
	for name, change := range map[string]func(p *manifest.Plan){
		"a file of pack's own": func(p *manifest.Plan) {
			p.Files["blog"] = append(p.Files["blog"], manifest.File{Name: "pack/function.json", Content: []byte("{}")})
		},
		"a link out of the archive": func(p *manifest.Plan) {
			p.Files["blog"] = append(p.Files["blog"], manifest.File{Name: "l", Mode: fs.ModeSymlink, Link: "../x", Hash: "l"})
		},
		"an asset that has changed": func(p *manifest.Plan) {
			file := p.AssetSources[p.Deployment.Assets[0].File]
			p.AssetSources[p.Deployment.Assets[0].File] = file + "x"
			os.WriteFile(file+"x", []byte("BODY{}"), 0o644)
		},
		"a seed that is gone": func(p *manifest.Plan) {
			p.SeedSources[p.Deployment.Pages[0].Parts[0].File] += "x"
		},
	} {
		t.Run(name, func(t *testing.T) {
			out, a := t.TempDir(), newApp(t, "blog")
			before := a.bundle(out).Output.Dir()
			p := a.plan()
			p.Deployment.ID = "other"
			change(p)
			_, err := bundle.Bundle(t.Context(), bundle.Options{Plan: p, Out: out, Fresh: true})
			var u *manifest.UserError
			if !errors.As(err, &u) {
				t.Errorf("got %v", err)
			}
			o, err := bundle.Open(out)
			if err != nil {
				t.Fatal(err)
			}
			defer o.Close()
			if o.Dir() != before || len(deployments(t, out)) != 1 {
				t.Errorf("in use is %s of %v", o.Dir(), deployments(t, out))
			}
		})
	}
}

func TestOpenWithoutDeployment(t *testing.T) {
	_, err := bundle.Open(filepath.Join(t.TempDir(), "none"))
	var u *manifest.UserError
	if !errors.As(err, &u) || !strings.Contains(u.Hint, "pack build") {
		t.Errorf("got %v", err)
	}
	out := t.TempDir()
	o := newApp(t, "blog").bundle(out).Output
	if err := os.WriteFile(o.DeploymentPath(), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := bundle.Open(out); !errors.As(err, &u) || !strings.Contains(u.Hint, "--force") {
		t.Errorf("a damaged document: %v", err)
	}
}

func TestProgressCountsEveryStep(t *testing.T) {
	seen := map[bundle.Step]bundle.Progress{}
	r, err := bundle.Bundle(t.Context(), bundle.Options{
		Plan: newApp(t, "blog", "shop").plan(), Out: t.TempDir(),
		Progress: func(p bundle.Progress) {
			if p.Done != seen[p.Step].Done+1 {
				t.Errorf("step %d: %d after %d", p.Step, p.Done, seen[p.Step].Done)
			}
			seen[p.Step] = p
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Output.Close()
	for _, step := range []bundle.Step{bundle.Compressing, bundle.Copying} {
		if p := seen[step]; p.Done == 0 || p.Done != p.Total {
			t.Errorf("step %d ended at %d of %d", step, p.Done, p.Total)
		}
	}
}
