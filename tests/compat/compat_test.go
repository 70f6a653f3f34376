// Package compat_test holds the scripts of Next.js's compatibility suite
// (deploy.sh, logs.sh, cleanup.sh) to their contract, with apps that are put
// together as the suite and its users do.
package compat_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// app is a small app and how it is deployed.
type app struct {
	name  string
	files map[string]string
	// modules: node_modules is there before, as the suite leaves it.
	modules bool
	env     []string
}

const (
	layoutSource = `export default function Layout({ children }) { return <html><body>{children}</body></html> }`
	dependencies = `"dependencies": {"next": "16.4.6", "react": "19.3.1", "react-dom": "19.3.1"}`
)

var (
	// moduleApp is an ES module with src/app, another build folder, no build
	// script and no lock file, run by a test runner.
	moduleApp = app{
		name: "module", modules: true,
		env: []string{"NODE_ENV=test", "NEXT_TEST_MODE=deploy", "AT_BUILD=given at build", "AT_RUN=given at run"},
		files: map[string]string{
			"package.json":         `{"private": true, "type": "module", ` + dependencies + `}`,
			"next.config.mjs":      `export default { distDir: 'build/out', env: { FROM_CONFIG: process.env.AT_BUILD + ' in ' + process.env.NEXT_PRIVATE_TEST_MODE } }`,
			"src/app/layout.js":    layoutSource,
			"src/app/page.js":      `export default function Page() { return <p>{process.env.FROM_CONFIG}</p> }`,
			"src/app/env/route.js": `export const dynamic = 'force-dynamic'; export const GET = () => { console.log('the route ran'); return Response.json({ run: process.env.AT_RUN, mode: process.env.NODE_ENV, id: process.env.NEXT_DEPLOYMENT_ID ?? null }) }`,
			"public/hello.txt":     "hello\n",
		},
	}
	// suiteApp is what the suite makes: a package manager that need not be
	// there, no lock file, nothing installed, a build script that goes on after
	// the build.
	suiteApp = app{
		name: "suite",
		files: map[string]string{
			"package.json":    `{"packageManager": "pnpm@10.0.0", "scripts": {"post-build": "node -e 'console.log(\"after the build\")'", "build": "next build && pnpm post-build"}, ` + dependencies + `}`,
			"next.config.js":  `module.exports = { deploymentId: 'own-id', basePath: '/docs' }`,
			"pages/index.js":  `export default function Page({ at }) { return <p>at {at}</p> }; export const getServerSideProps = () => ({ props: { at: 'run' } })`,
			"pages/api/a.js":  `export default (req, res) => res.json({ query: req.query })`,
			"pages/static.js": `export default function Page() { return <p>static</p> }`,
		},
	}
	// lockedApp has a lock file of another manager than the field's, a
	// next.config.ts, and keeps immutable assets off.
	lockedApp = app{
		name: "locked", modules: true,
		files: map[string]string{
			"package.json":      `{"packageManager": "yarn@4.1.0", "scripts": {"build": "next build --webpack"}, ` + dependencies + `}`,
			"package-lock.json": `{}`,
			"next.config.ts":    "const config: { supportsImmutableAssets: boolean } = { supportsImmutableAssets: false }\nexport default config\n",
			"app/layout.js":     layoutSource,
			"app/page.js":       `export default function Page() { return <p>locked</p> }`,
			"app/edge/route.js": `export const runtime = 'edge'; export const GET = () => Response.json({ edge: process.env.NEXT_RUNTIME })`,
			"middleware.js":     `import { NextResponse } from 'next/server'; export const config = { matcher: '/' }; export const middleware = () => NextResponse.next({ headers: { 'x-seen': 'yes' } })`,
		},
	}
	brokenApp = app{
		name: "broken", modules: true,
		files: map[string]string{
			"package.json":  `{` + dependencies + `}`,
			"app/layout.js": layoutSource,
			"app/page.js":   `import './not-there'; export default function Page() { return null }`,
		},
	}
)

// deployed is an app while it is served.
type deployed struct {
	dir, url string
	env      []string
}

// script runs one of the three in the app's folder.
func (d *deployed) script(t *testing.T, name string) (stdout, stderr string, err error) {
	t.Helper()
	path, err := filepath.Abs(name + ".sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	var out, log bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = d.dir, d.env, &out, &log
	if d.url != "" {
		cmd.Env = append(cmd.Env, "NEXT_TEST_DEPLOY_URL="+d.url)
	}
	err = cmd.Run()
	return out.String(), log.String(), err
}

// lay writes an app into a folder of its own.
func lay(t *testing.T, a app) *deployed {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range a.files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if a.modules {
		linkModules(t, dir)
	}
	d := &deployed{dir: dir, env: append(environment(), "NEXT_TEST_DIR="+dir, mark(dir))}
	d.env = append(d.env, a.env...)
	return d
}

// deploy deploys an app, and sees that nothing of it is left at the end.
func deploy(t *testing.T, a app) *deployed {
	t.Helper()
	d := lay(t, a)
	t.Cleanup(func() { d.clean(t) })
	stdout, stderr, err := d.script(t, "deploy")
	if err != nil {
		t.Fatalf("deploy: %v\n%s", err, stderr)
	}
	d.url = strings.TrimSpace(stdout)
	u, err := url.Parse(d.url)
	if err != nil || u.Scheme != "http" || u.Port() == "" || stdout != d.url+"\n" {
		t.Fatalf("stdout is not one URL: %q", stdout)
	}
	return d
}

// clean runs the cleanup script, twice, and looks for what it left.
func (d *deployed) clean(t *testing.T) {
	t.Helper()
	for range 2 {
		if stdout, stderr, err := d.script(t, "cleanup"); err != nil {
			t.Errorf("cleanup: %v\n%s%s", err, stdout, stderr)
		}
	}
	if response, err := http.Get(d.url); d.url != "" && err == nil {
		response.Body.Close()
		t.Errorf("%s still answers", d.url)
	}
	http.DefaultClient.CloseIdleConnections()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		left := marked(t, mark(d.dir))
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("cleanup left %s", strings.Join(left, "\n"))
			return
		}
	}
}

// get asks for a path and returns status, headers and body.
func (d *deployed) get(t *testing.T, path string) (*http.Response, string) {
	t.Helper()
	response, err := http.Get(d.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// holds fails unless a path is answered with 200 and the text.
func (d *deployed) holds(t *testing.T, path, text string) {
	t.Helper()
	if response, body := d.get(t, path); response.StatusCode != http.StatusOK || !strings.Contains(body, text) {
		t.Errorf("%s: %s, want %q in %.400s", path, response.Status, text, body)
	}
}

// markers are the lines that the suite reads out of the logs.
func (d *deployed) markers(t *testing.T) (buildID, deploymentID, immutable, rest string) {
	t.Helper()
	stdout, stderr, err := d.script(t, "logs")
	if err != nil {
		t.Fatalf("logs: %v\n%s", err, stderr)
	}
	value := func(name string) string {
		found := regexp.MustCompile(`(?m)^` + name + `: (.+)$`).FindStringSubmatch(stdout)
		if found == nil {
			t.Fatalf("logs have no line %s:\n%s", name, stdout)
		}
		return found[1]
	}
	return value("BUILD_ID"), value("DEPLOYMENT_ID"), value("NEXT_SUPPORTS_IMMUTABLE_ASSETS"), stdout
}

func TestModuleApp(t *testing.T) {
	d := deploy(t, moduleApp)
	d.holds(t, "/", "given at build in deploy")
	d.holds(t, "/hello.txt", "hello")
	buildID, deploymentID, immutable, logs := d.markers(t)
	want, err := os.ReadFile(filepath.Join(d.dir, "build", "out", "BUILD_ID"))
	if err != nil || buildID != string(want) || immutable != "1" {
		t.Errorf("build %q, want %q (%v); immutable assets %q", buildID, want, err, immutable)
	}
	d.holds(t, "/env", fmt.Sprintf(`{"run":"given at run","mode":"production","id":%q}`, deploymentID))
	if !strings.Contains(logs, "Creating an optimized production build") {
		t.Errorf("the build's log is missing:\n%s", logs)
	}
	for deadline := time.Now().Add(5 * time.Second); !strings.Contains(logs, "the route ran"); _, _, _, logs = d.markers(t) {
		if time.Now().After(deadline) {
			t.Fatalf("the server's log is missing:\n%s", logs)
		}
	}
	// A second deployment takes the place of the first.
	first := d.url
	stdout, stderr, err := d.script(t, "deploy")
	if err != nil {
		t.Fatalf("deploy again: %v\n%s", err, stderr)
	}
	d.url = strings.TrimSpace(stdout)
	d.holds(t, "/", "given at build")
	if d.url != first {
		if response, err := http.Get(first); err == nil {
			response.Body.Close()
			t.Errorf("the first deployment still answers at %s", first)
		}
	}
}

func TestSuiteApp(t *testing.T) {
	d := deploy(t, suiteApp)
	d.holds(t, "/docs", "at <!-- -->run")
	d.holds(t, "/docs/static", "static")
	d.holds(t, "/docs/api/a?b=1", `{"query":{"b":"1"}}`)
	_, deploymentID, immutable, logs := d.markers(t)
	if deploymentID != "own-id" || immutable != "1" || !strings.Contains(logs, "after the build") {
		t.Errorf("deployment %q, immutable assets %q, log:\n%s", deploymentID, immutable, logs)
	}
}

func TestLockedApp(t *testing.T) {
	d := deploy(t, lockedApp)
	d.holds(t, "/", "locked")
	d.holds(t, "/edge", `{"edge":"edge"}`)
	response, body := d.get(t, "/")
	_, deploymentID, immutable, _ := d.markers(t)
	if immutable != "0" || response.Header.Get("X-Seen") != "yes" || !strings.Contains(body, "?dpl="+deploymentID) {
		t.Errorf("immutable assets %q, headers %v, want ?dpl=%s in %.600s", immutable, response.Header, deploymentID, body)
	}
}

func TestBrokenApp(t *testing.T) {
	d := lay(t, brokenApp)
	defer d.clean(t)
	stdout, stderr, err := d.script(t, "deploy")
	if err == nil || stdout != "" || !strings.Contains(stderr, "not-there") {
		t.Errorf("deploy: %v, stdout %q, stderr:\n%s", err, stdout, stderr)
	}
	if logs, _, err := d.script(t, "logs"); err != nil || !strings.Contains(logs, "not-there") {
		t.Errorf("logs: %v\n%s", err, logs)
	}
}
