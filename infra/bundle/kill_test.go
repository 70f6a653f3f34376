package bundle_test

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pack/infra/bundle"
	"pack/manifest"
)

// TestMain lets this test program stand in for a build that gets killed: with
// these variables set it bundles the plan in a file, again and again.
func TestMain(m *testing.M) {
	if plan := os.Getenv("BUNDLE_TEST_PLANS"); plan != "" {
		if err := bundleForever(plan, os.Getenv("BUNDLE_TEST_OUT")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func bundleForever(path, out string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var plans []*manifest.Plan
	if err := json.Unmarshal(text, &plans); err != nil {
		return err
	}
	for i := 0; ; i++ {
		r, err := bundle.Bundle(context.Background(), bundle.Options{Plan: plans[i%len(plans)], Out: out})
		if err != nil {
			return err
		}
		if _, err := r.Output.Unpack(context.Background(), "blog"); err != nil {
			return err
		}
		if err := r.Output.Close(); err != nil {
			return err
		}
	}
}

// TestKilled kills builds at random moments: the deployment in use must be
// whole every time, and the next build must leave nothing of the killed ones.
func TestKilled(t *testing.T) {
	out, a := t.TempDir(), newApp(t, "blog", "shop", "cart")
	plans := []*manifest.Plan{a.plan()}
	a.routes["blog"], a.asset = "exports.handler = 'new'", "other"
	delete(a.routes, "cart")
	a.routes["added"] = "exports.handler = 'added'"
	plans = append(plans, a.plan())
	plans[1].Deployment.ID = "dpl2"
	text, err := json.Marshal(plans)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "plans.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	a.bundle(out).Output.Close()
	for i := range 50 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "BUNDLE_TEST_PLANS="+file, "BUNDLE_TEST_OUT="+out)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(5+rand.IntN(60)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil || stderr.Len() > 0 {
			t.Fatalf("kill %d: the build ended by itself: %v\n%s", i, err, &stderr)
		}
		o, err := bundle.Open(out)
		if err != nil {
			t.Fatalf("kill %d: %v", i, err)
		}
		checkWhole(t, o)
		if t.Failed() {
			t.Fatalf("after kill %d", i)
		}
		o.Close()
	}
	// The plan that the killed builds did not know makes everything new.
	a.routes["blog"] = "exports.handler = 'last'"
	fresh := t.TempDir()
	for _, dir := range []string{out, fresh} {
		o := a.bundle(dir).Output
		checkWhole(t, o)
		o.Close()
	}
	got, want := tree(t, out), tree(t, fresh)
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("left over: %s", name)
		}
	}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("differs from a fresh folder's: %s", name)
		}
	}
}

// checkWhole reads every byte of a deployment.
func checkWhole(t *testing.T, o *bundle.Output) {
	t.Helper()
	d := o.Deployment()
	for _, f := range d.Functions {
		r, err := zip.OpenReader(archiveOf(t, o, f.Name))
		if err != nil {
			t.Error(err)
			continue
		}
		if len(r.File) != f.Archive.Files {
			t.Errorf("%s has %d files", f.Name, len(r.File))
		}
		for _, member := range r.File {
			src, err := member.Open()
			if err == nil {
				_, err = io.Copy(io.Discard, src)
			}
			if err != nil {
				t.Errorf("%s: %s: %v", f.Name, member.Name, err)
			}
		}
		r.Close()
		dir, err := o.Unpack(t.Context(), f.Name)
		if err != nil {
			t.Error(err)
		}
		if st, err := os.Stat(filepath.Join(dir, "pack")); err != nil || !st.IsDir() {
			t.Errorf("%s unpacked: %v", f.Name, err)
		}
	}
	for _, asset := range d.Assets {
		if st, err := os.Stat(filepath.Join(o.AssetsDir(), asset.File)); err != nil || st.Size() != asset.Size {
			t.Errorf("asset %s: %v", asset.Pathname, err)
		}
	}
	for _, p := range d.Pages {
		if _, err := os.Stat(filepath.Join(o.SeedsDir(), p.Parts[0].File)); err != nil {
			t.Error(err)
		}
	}
}
