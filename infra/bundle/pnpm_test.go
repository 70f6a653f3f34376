package bundle_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pack/infra/bundle"
	"pack/manifest"
)

// TestPnpm installs a small graph of packages with pnpm, whose node_modules is
// made of symbolic links, and lets Node resolve them in the unpacked function.
// The packages come from folders beside the app, so that no registry is asked
// for them.
func TestPnpm(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"pnpm-workspace.yaml":         "packages:\n  - web\n  - packages/*\n",
		"web/package.json":            `{"name":"web","private":true,"dependencies":{"outer":"workspace:*","packed":"file:../packed"}}`,
		"web/entry.js":                "console.log(require('outer') + ' and ' + require('packed'))\n",
		"packages/outer/package.json": `{"name":"outer","version":"1.0.0","dependencies":{"inner":"workspace:*"}}`,
		"packages/outer/index.js":     "module.exports = 'outer with ' + require('inner')\n",
		"packages/inner/package.json": `{"name":"inner","version":"1.0.0"}`,
		"packages/inner/index.js":     "module.exports = 'inner'\n",
		"packed/package.json":         `{"name":"packed","version":"1.0.0"}`,
		"packed/index.js":             "module.exports = 'packed'\n",
	} {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	tools := t.TempDir()
	run(t, tools, "npm", "install", "--no-audit", "--no-fund", "--prefix", tools, "pnpm@10.18.3")
	run(t, root, "node", filepath.Join(tools, "node_modules", "pnpm", "bin", "pnpm.cjs"), "install", "--offline", "--store-dir", filepath.Join(tools, "store"))

	files, links := traced(t, root)
	if links < 3 {
		t.Fatalf("pnpm made %d symbolic links; this test is about them", links)
	}
	a := newApp(t, "web")
	p := a.plan()
	p.Files["web"] = files
	r, err := bundle.Bundle(t.Context(), bundle.Options{Plan: p, Out: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Output.Close()
	dir, err := r.Output.Unpack(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	if got := run(t, dir, "node", "web/entry.js"); got != "outer with inner and packed\n" {
		t.Errorf("node says %q", got)
	}
}

// traced lists a workspace as Next's tracing does: links as links, files by
// their real paths.
func traced(t *testing.T, root string) (files []manifest.File, links int) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		f := manifest.File{Name: filepath.ToSlash(name), Source: path, Mode: st.Mode(), Size: st.Size(), Hash: "file:" + name}
		if st.Mode()&fs.ModeSymlink != 0 {
			links++
			if f.Link, err = os.Readlink(path); err != nil {
				return err
			}
			f.Hash = "link:" + f.Link
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, links
}

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		errors.As(err, &exit)
		text, _ := json.Marshal(args)
		t.Fatalf("%s %s: %v\n%s", name, text, err, strings.TrimSpace(string(out)+string(exit.Stderr)))
	}
	return string(out)
}
