package capture_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pack/manifest"
	"pack/manifest/capture"
)

const cacheHandler = `module.exports = class {
  async get() { return null }
  async set() {}
  async revalidateTag() {}
  resetRequestCache() {}
}
`

// TestCapture builds a real app once, and asks of the plan what a request
// would.
func TestCapture(t *testing.T) {
	dir := shop(t)
	var out bytes.Buffer
	o := capture.Options{
		Dir: dir, CacheHandler: []byte(cacheHandler), Env: []string{"NEXT_TELEMETRY_DISABLED=1"},
		Stdout: &out, Stderr: &out,
	}
	b, err := capture.Run(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if want := "16.4.6"; b.NextVersion != want {
		t.Errorf("Next.js %s, want %s", b.NextVersion, want)
	}
	path := filepath.Join(t.TempDir(), "build.json")
	must(t, b.Save(path))
	loaded, err := manifest.Load(path)
	must(t, err)
	if diff := cmp.Diff(b, loaded, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("saved and loaded differ:\n%s", diff)
	}
	p, err := manifest.NewPlan(b, manifest.Settings{})
	must(t, err)

	t.Run("files", func(t *testing.T) { checkFiles(t, p, b) })
	t.Run("keys", func(t *testing.T) { checkKeys(t, p, b) })
	t.Run("templates", func(t *testing.T) { checkTemplates(t, p) })
	t.Run("public", func(t *testing.T) {
		var got []string
		for _, a := range p.Deployment.Assets {
			if a.Source == "public" {
				got = append(got, a.Pathname)
			}
		}
		want := []string{"/.well-known/security.txt", "/a file.txt", "/robots.txt"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("fingerprint", func(t *testing.T) { checkFingerprint(t, o, b) })
	t.Run("own adapter", func(t *testing.T) {
		must(t, os.WriteFile(filepath.Join(dir, "mine.cjs"), []byte("module.exports = { name: 'mine' }\n"), 0o644))
		must(t, os.WriteFile(filepath.Join(dir, "next.config.mjs"),
			[]byte("export default { adapterPath: import.meta.dirname + '/mine.cjs' }\n"), 0o644))
		_, err := capture.Run(t.Context(), o)
		userError(t, err, "no Next.js build came out", "next.config.mjs", "adapterPath")
	})
}

// checkFiles: what a route's function holds is on disk as it is described.
func checkFiles(t *testing.T, p *manifest.Plan, b *manifest.Build) {
	for name, files := range p.Files {
		for _, f := range files {
			st, err := os.Lstat(f.Source)
			must(t, err)
			if f.Link == "" && st.Size() != f.Size {
				t.Errorf("%s: %s has %d bytes, want %d", name, f.Name, f.Size, st.Size())
			}
			if f.Hash == "" {
				t.Errorf("%s: %s has no hash", name, f.Name)
			}
		}
	}
	for _, f := range p.Deployment.Functions {
		for _, e := range f.Entries {
			if !hasFile(p.Files[f.Name], e.File) || !hasFile(p.Files[f.Name], ".pack/adapter/cache-handler.cjs") {
				t.Errorf("%s lacks its entry %s or the cache handler", f.Name, e.File)
			}
		}
	}
	for _, files := range []map[string]string{p.AssetSources, p.SeedSources} {
		for name, source := range files {
			data, err := os.ReadFile(source)
			must(t, err)
			if digest := fmt.Sprintf("%x", sha256.Sum256(data)); name != digest[:2]+"/"+digest {
				t.Errorf("%s is not the digest of %s", name, source)
			}
		}
	}
}

func hasFile(files []manifest.File, name string) bool {
	for _, f := range files {
		if f.Name == name {
			return true
		}
	}
	return false
}

// checkKeys: a template's key, which is computed, is the beginning of its
// pages' keys, which are the names of files that Next wrote.
func checkKeys(t *testing.T, p *manifest.Plan, b *manifest.Build) {
	keys := map[string]string{}
	for _, page := range p.Deployment.Pages {
		if page.Template {
			keys[page.Route] = page.Key
		}
	}
	compared := 0
	for _, page := range p.Deployment.Pages {
		if page.Template {
			continue
		}
		for _, part := range page.Parts {
			if part.Name != "html" && part.Name != "body" {
				continue
			}
			want := strings.TrimPrefix(filepath.ToSlash(p.SeedSources[part.File]), filepath.ToSlash(b.DistDir)+"/server")
			if !strings.HasPrefix(want, page.Key+".") {
				t.Errorf("%s: key %s, file %s", page.Pathname, page.Key, want)
			}
		}
		if key, ok := keys[page.Route]; ok {
			compared++
			if !strings.HasPrefix(page.Key, key+"/") {
				t.Errorf("%s: key %s does not begin with its template's %s", page.Pathname, page.Key, key)
			}
		}
	}
	if compared < 5 {
		t.Errorf("only %d pages have a template", compared)
	}
}

// checkTemplates: which templates answer 404 to what the build did not render.
func checkTemplates(t *testing.T, p *manifest.Plan) {
	got := map[string]bool{}
	for _, page := range p.Deployment.Pages {
		if page.Template {
			got[page.Pathname] = page.NotFound
		}
	}
	want := map[string]bool{
		"/products/[slug]": false, "/city/[name]": false, "/town/[name]": false,
		"/closed/[id]": true, "/docs/[[...path]]": true, "/hut/[name]": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func checkFingerprint(t *testing.T, o capture.Options, b *manifest.Build) {
	fingerprint := func() string {
		t.Helper()
		f, err := capture.Fingerprint(o)
		must(t, err)
		return f
	}
	if fingerprint() != b.Fingerprint {
		t.Fatal("nothing changed, and the fingerprint did")
	}
	for _, change := range []struct{ file, content string }{
		{"app/page.js", "export default () => null\n"},
		{".env", "A=1\n"},
		{"public/new.txt", "new\n"},
		{"package-lock.json", "{}\n"},
	} {
		before := fingerprint()
		path := filepath.Join(o.Dir, change.file)
		old, readErr := os.ReadFile(path)
		must(t, os.WriteFile(path, []byte(change.content), 0o644))
		if fingerprint() == before {
			t.Errorf("%s changed, and the fingerprint did not", change.file)
		}
		if readErr != nil {
			must(t, os.Remove(path))
		} else {
			must(t, os.WriteFile(path, old, 0o644))
		}
		if fingerprint() != before {
			t.Errorf("%s is what it was, and the fingerprint is not", change.file)
		}
	}
	o.BuildCommand = "make"
	if fingerprint() == b.Fingerprint {
		t.Error("another build command gives the same fingerprint")
	}
}

// stub is an app whose build does not need Next.js.
func stub(t *testing.T, files map[string]string) string {
	t.Helper()
	all := map[string]string{
		"package.json":                   `{"scripts":{"build":"exit 7"},"dependencies":{"next":"16.4.6"}}`,
		"package-lock.json":              `{}`,
		"node_modules/next/package.json": `{"version":"16.4.6"}`,
	}
	for name, content := range files {
		if content == "" {
			delete(all, name)
			continue
		}
		all[name] = content
	}
	return writeFiles(t, all)
}

func TestCaptureMistakes(t *testing.T) {
	for _, c := range []struct {
		name    string
		dir     string
		command string
		words   []string
	}{
		{"no folder", filepath.Join(t.TempDir(), "none"), "", []string{"no such folder"}},
		{"no package.json", t.TempDir(), "", []string{"no package.json"}},
		{"not an app", writeFiles(t, map[string]string{"package.json": `{}`, "package-lock.json": "{}"}), "", []string{"not a Next.js app", "dependencies"}},
		{"broken package.json", writeFiles(t, map[string]string{"package.json": `{`}), "", []string{"package.json cannot be read"}},
		{"old", stub(t, map[string]string{"node_modules/next/package.json": `{"version":"15.5.1"}`}), "", []string{"Next.js 15.5.1", "16.2.0", "node_modules"}},
		{"pre-release", stub(t, map[string]string{"node_modules/next/package.json": `{"version":"16.2.0-canary.3"}`}), "", []string{"16.2.0-canary.3"}},
		{"no lock file", writeFiles(t, map[string]string{"package.json": `{"dependencies":{"next":"16"}}`}), "", []string{"no lock file", "npm install"}},
		{"failing script", stub(t, nil), "", []string{"the build failed with exit status 7"}},
		{"failing command", stub(t, nil), "echo first; echo last >&2; exit 3", []string{"exit status 3", "first", "last"}},
		{"no Next.js build", stub(t, nil), "exit 0", []string{"no Next.js build came out of it", "--build-command"}},
		{
			"another manager's lock", stub(t, map[string]string{"package.json": `{"packageManager":"pnpm@9.1.0","dependencies":{"next":"16"}}`, "node_modules/next/package.json": ""}), "",
			[]string{"pnpm@9.1.0", "package-lock.json"},
		},
		{"unknown manager", stub(t, map[string]string{"package.json": `{"packageManager":"cargo@1","dependencies":{"next":"16"}}`, "node_modules/next/package.json": ""}), "", []string{"cargo@1", "pnpm"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := capture.Run(t.Context(), capture.Options{Dir: c.dir, BuildCommand: c.command})
			userError(t, err, c.words...)
		})
	}
}

// A package manager that is not there is named, with the way to get it.
func TestCaptureWithoutManager(t *testing.T) {
	dir := writeFiles(t, map[string]string{"package.json": `{"dependencies":{"next":"16"}}`, "pnpm-lock.yaml": ""})
	t.Setenv("PATH", t.TempDir())
	_, err := capture.Run(t.Context(), capture.Options{Dir: dir})
	userError(t, err, "pnpm is not installed", "corepack enable pnpm")
}

// What is installed is built without the package manager that installed it.
func TestCaptureBuildsWithoutManager(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"another manager's lock": {"package.json": `{"packageManager":"pnpm@9.1.0","scripts":{"build":"exit 7"},"dependencies":{"next":"16"}}`},
		"unknown manager":        {"package.json": `{"packageManager":"cargo@1","scripts":{"build":"exit 7"},"dependencies":{"next":"16"}}`},
		"no lock file":           {"package-lock.json": ""},
		"missing manager":        {"package-lock.json": "", "bun.lock": "{}"},
	} {
		_, err := capture.Run(t.Context(), capture.Options{Dir: stub(t, files)})
		if err == nil || !strings.Contains(err.Error(), "exit status 7") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The build runs with node_modules/.bin on PATH and the options' environment,
// and what it hands to the adapter comes back measured.
func TestCaptureRunsTheAdapter(t *testing.T) {
	dir := stub(t, map[string]string{
		"public/a.txt": "a",
		"build.cjs": `const adapter = require(process.env.NEXT_ADAPTER_PATH)
const out = { pages: [], pagesApi: [], appPages: [], appRoutes: [], prerenders: [], staticFiles: [] }
adapter.onBuildComplete({ routing: { dynamicRoutes: [] }, outputs: out, config: { images: {}, basePath: process.env.BASE },
  projectDir: __dirname, repoRoot: __dirname, distDir: __dirname + '/.next', nextVersion: '16.4.6', buildId: 'x' })
`,
	})
	var steps []string
	b, err := capture.Run(t.Context(), capture.Options{
		Dir: dir, BuildCommand: "node build.cjs", Env: []string{"BASE=/base"},
		Progress: func(s string) { steps = append(steps, s) },
	})
	must(t, err)
	if b.Config.BasePath != "/base" || !b.Measured {
		t.Errorf("got %+v", b)
	}
	want := []manifest.PublicFile{{Pathname: "/a.txt", Source: filepath.Join(b.ProjectDir, "public", "a.txt")}}
	if diff := cmp.Diff(want, b.Public); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"building: node build.cjs", "reading the build's files"}, steps); diff != "" {
		t.Error(diff)
	}
	ignored, err := os.ReadFile(filepath.Join(dir, ".pack", ".gitignore"))
	if err != nil || string(ignored) != "*\n" {
		t.Errorf(".pack/.gitignore: %q, %v", ignored, err)
	}
}

// A task runner hands on few of the variables, and has nothing of its own cache.
func TestCaptureThroughATaskRunner(t *testing.T) {
	dir := stub(t, map[string]string{
		"build.cjs": `const { PATH, NEXT_ADAPTER_PATH, TURBO_FORCE } = process.env
const { status } = require('node:child_process').spawnSync('node', ['next.cjs'], { env: { PATH, NEXT_ADAPTER_PATH }, stdio: 'inherit' })
process.exit(TURBO_FORCE === 'true' ? status : 1)
`,
		"next.cjs": `const adapter = require(process.env.NEXT_ADAPTER_PATH)
const out = { pages: [], pagesApi: [], appPages: [], appRoutes: [], prerenders: [], staticFiles: [] }
adapter.onBuildComplete({ routing: { dynamicRoutes: [] }, outputs: out, config: { images: {}, basePath: process.env.BASE },
  projectDir: __dirname, repoRoot: __dirname, distDir: __dirname + '/.next', nextVersion: '16.4.6', buildId: 'x' })
`,
	})
	b, err := capture.Run(t.Context(), capture.Options{Dir: dir, BuildCommand: "node build.cjs", Env: []string{"BASE=/base"}})
	must(t, err)
	if b.Config.BasePath != "/base" {
		t.Errorf("basePath %q: the adapter was not told of BASE", b.Config.BasePath)
	}
	if _, err := os.Stat(filepath.Join(dir, ".pack", "adapter", "environment.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the build's variables are still there: %v", err)
	}
}

// Cancelling ends what the build started, too.
func TestCaptureCancelled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the script is for a POSIX shell")
	}
	dir := stub(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	started := &notify{word: "started", reached: cancel}
	begin := time.Now()
	_, err := capture.Run(ctx, capture.Options{
		Dir: dir, Stdout: started,
		BuildCommand: `sh -c 'trap "" TERM; echo started; sleep 60; echo left > left.txt' & wait`,
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
	if _, err := os.Stat(filepath.Join(dir, "left.txt")); err == nil {
		t.Error("the build's child went on")
	}
}

// notify calls reached once word has been written.
type notify struct {
	word    string
	reached func()
}

func (n *notify) Write(p []byte) (int, error) {
	if strings.Contains(string(p), n.word) {
		n.reached()
	}
	return len(p), nil
}
