// Package capture runs an app's own build with pack's adapter and measures what
// came out of it: the manifest.Build. It also tells, without building, whether
// there is anything to build.
package capture

import (
	"context"
	_ "embed" // The adapter is written into the app before the build.
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pack/manifest"
)

// MinNextVersion is the first Next.js with the stable adapter API.
const MinNextVersion = "16.2.0"

//go:embed adapter/adapter.cjs
var adapterSource []byte

//go:embed adapter/keys.cjs
var adapterKeys []byte

// Options say how the app's own build is run.
type Options struct {
	// Dir is the app's folder: the one with the package.json that has next.
	Dir string
	// BuildCommand replaces the app's build script; it runs in a shell with
	// node_modules/.bin on PATH.
	BuildCommand string
	// CacheHandler is the source of the cacheHandler module that every route
	// is built with.
	CacheHandler []byte
	// UseCache is the source of the handler of `use cache` and `use cache:
	// remote` (docs/01-app/03-api-reference/05-config/01-next-config-js/
	// cacheHandlers.md), written beside the other.
	UseCache []byte
	// Key is the app's BuildKey; without one, Next makes up keys of each build's
	// own, and every function is new with every build.
	Key *manifest.BuildKey
	// Env is added to the environment of the build, as KEY=value.
	Env []string
	// Stdout and Stderr receive what the build prints; nil discards it.
	Stdout, Stderr io.Writer
	// Progress, when not nil, is told what is being done, in a few words.
	Progress func(step string)
}

func (o *Options) progress(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, args...))
	}
}

// Run runs the app's production build with pack's adapter and returns what
// Next built, measured. Dependencies are installed first when next is not
// there. Cancelling ctx ends the build and everything that it started, and
// returns ctx's error. What the owner can put right comes back as a
// *manifest.UserError.
func Run(ctx context.Context, o Options) (*manifest.Build, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("capture build: %w", err)
	}
	o.Dir = dir
	if err := o.addKeys(); err != nil {
		return nil, fmt.Errorf("capture build: %w", err)
	}
	app, err := openApp(dir)
	if err != nil {
		return nil, err
	}
	next, err := o.install(ctx, app)
	if err != nil {
		return nil, err
	}
	before, err := snapshot(&o)
	if err != nil {
		return nil, err
	}
	b, err := o.build(ctx, app, next, before.digest())
	if err != nil {
		return nil, err
	}
	o.progress("reading the build's files")
	if err := measure(ctx, b); err != nil {
		return nil, err
	}
	if b.Fingerprint, err = before.finish(&o); err != nil {
		return nil, err
	}
	return b, nil
}

// app is a folder with a Next.js app.
type app struct {
	dir     string
	pkg     *packageJSON
	manager packageManager
}

func openApp(dir string) (*app, error) {
	st, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &manifest.UserError{What: "there is no such folder", Where: dir, Hint: "give the folder of a Next.js app"}
	case err != nil:
		return nil, fmt.Errorf("open app: %w", err)
	case !st.IsDir():
		return nil, &manifest.UserError{What: "this is not a folder", Where: dir, Hint: "give the folder of a Next.js app"}
	}
	p, err := readPackageJSON(filepath.Join(dir, "package.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &manifest.UserError{What: "there is no package.json", Where: dir, Hint: "run pack in the folder of a Next.js app, or name it"}
	}
	if err != nil {
		return nil, err
	}
	m, err := findPackageManager(dir)
	if err != nil {
		return nil, err
	}
	return &app{dir: dir, pkg: p, manager: m}, nil
}

// install sees to it that a Next.js that pack can use is installed, and
// returns its folder.
func (o *Options) install(ctx context.Context, a *app) (next string, err error) {
	next, version, err := findNext(a.dir)
	if err != nil {
		return "", err
	}
	if next == "" || !exists(filepath.Join(a.manager.root, "node_modules")) && !exists(filepath.Join(a.dir, "node_modules")) {
		if !a.pkg.dependsOn("next") && next == "" {
			return "", &manifest.UserError{
				What: "this is not a Next.js app", Where: filepath.Join(a.dir, "package.json"),
				Why: "next is not among its dependencies", Hint: "run pack in the folder of the app itself, not of its workspace",
			}
		}
		switch {
		case a.manager.lock != "":
			if err := o.runInstall(ctx, a); err != nil {
				return "", err
			}
		case next == "":
			return "", &manifest.UserError{
				What: "the dependencies are not installed and there is no lock file", Where: a.dir,
				Why:  "without one, what is deployed would depend on the day",
				Hint: fmt.Sprintf("run `%s install` and commit the lock file", a.manager.name),
			}
		}
		if next, version, err = findNext(a.dir); err != nil {
			return "", err
		}
	}
	if next == "" {
		e := &manifest.UserError{
			What: "next is not in node_modules", Where: a.dir,
			Hint: "add next to the dependencies of this package.json",
		}
		if exists(filepath.Join(a.manager.root, ".pnp.cjs")) {
			e.Why, e.Hint = "yarn's Plug'n'Play keeps packages where Next's tracing cannot follow", "set `nodeLinker: node-modules` in .yarnrc.yml and run `yarn install`"
		}
		return "", e
	}
	if err := checkNextVersion(next, version); err != nil {
		return "", err
	}
	if a.manager.lock == "" {
		o.progress("warning: no lock file; building with what is in node_modules")
	}
	return next, nil
}

func (o *Options) runInstall(ctx context.Context, a *app) error {
	if a.manager.refusal != nil {
		return a.manager.refusal
	}
	if err := a.manager.require(); err != nil {
		return err
	}
	args := a.manager.install()
	o.progress("installing dependencies: %s", strings.Join(args, " "))
	err := o.run(ctx, command{args: args, dir: a.manager.root, what: "installing the dependencies failed"})
	var u *manifest.UserError
	if errors.As(err, &u) {
		u.Where = filepath.Join(a.manager.root, a.manager.lock)
		u.Hint = fmt.Sprintf("run `%s` there and put right what it complains of", strings.Join(args, " "))
	}
	return err
}

// build runs the build and decodes what the adapter wrote.
// sources is a digest of what the build reads.
func (o *Options) build(ctx context.Context, a *app, next, sources string) (*manifest.Build, error) {
	adapter, err := o.writeAdapter(a.dir)
	if err != nil {
		return nil, err
	}
	out, err := os.MkdirTemp("", "pack-build-")
	if err != nil {
		return nil, fmt.Errorf("capture build: %w", err)
	}
	defer os.RemoveAll(out)
	document := filepath.Join(out, "build.json")

	told := append(slices.Clone(o.Env), "PACK_BUILD_JSON="+document, "PACK_SOURCES="+sources[:16])
	forget, err := tellAdapter(filepath.Dir(adapter), told)
	if err != nil {
		return nil, err
	}
	defer forget()
	c := command{dir: a.dir, what: "the build failed", env: append(told, "NEXT_ADAPTER_PATH="+adapter)}
	c.env = append(c.env, freshBuilds...)
	switch {
	case o.BuildCommand != "":
		c.args, c.env = shell(o.BuildCommand), append(c.env, "PATH="+binPath(a.dir))
	case a.pkg.Scripts["build"] != "":
		if c.args, err = a.manager.run("build"); err != nil {
			return nil, err
		}
	default:
		c.args = []string{"node", filepath.Join(next, "dist", "bin", "next"), "build"}
	}
	if o.BuildCommand != "" {
		o.progress("building: %s", o.BuildCommand)
	} else {
		o.progress("building: %s", strings.Join(c.args, " "))
	}
	if err := o.run(ctx, c); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(document)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notCaptured(a)
	}
	if err != nil {
		return nil, fmt.Errorf("capture build: %w", err)
	}
	return manifest.Decode(data)
}

// writeAdapter writes the adapter into the app, since Turbopack builds no file
// outside the project, and keeps it out of version control.
func (o *Options) writeAdapter(dir string) (path string, err error) {
	folder := filepath.Join(dir, ".pack", "adapter")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("write adapter: %w", err)
	}
	path = filepath.Join(folder, "adapter.cjs")
	for _, f := range []struct {
		path    string
		content []byte
	}{
		{filepath.Join(dir, ".pack", ".gitignore"), []byte("*\n")},
		{path, adapterSource},
		{filepath.Join(folder, "keys.cjs"), adapterKeys},
		{filepath.Join(folder, "cache-handler.cjs"), o.CacheHandler},
		{filepath.Join(folder, "use-cache.cjs"), o.UseCache},
	} {
		if err := manifest.WriteWhole(f.path, f.content); err != nil {
			return "", fmt.Errorf("write adapter: %w", err)
		}
	}
	return path, nil
}

// freshBuilds have task runners build an app that they have built before: from
// their caches comes what Next built, and not what it told the adapter. Whether
// a build is needed, pack has found out.
var freshBuilds = []string{"TURBO_FORCE=true", "NX_SKIP_NX_CACHE=true"}

// tellAdapter writes variables of the build beside the adapter, which reads those
// that are missing there: task runners, as Turborepo, hand on to a build only the
// variables that they know of. The keys among them are for the owner alone, and
// are there until forget is called.
func tellAdapter(folder string, env []string) (forget func(), err error) {
	told := make(map[string]string)
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		told[name] = value
	}
	data, err := json.Marshal(told)
	if err != nil {
		return nil, fmt.Errorf("tell adapter: %w", err)
	}
	path := filepath.Join(folder, "environment.json")
	forget = func() { _ = os.Remove(path) }
	forget() // What a build that was killed has left may be open to others.
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return nil, fmt.Errorf("tell adapter: %w", err)
	}
	return forget, nil
}

// notCaptured explains a build that went well without our adapter.
func notCaptured(a *app) error {
	e := &manifest.UserError{
		What: "the build ran, but no Next.js build came out of it", Where: a.dir,
		Why:  "pack's adapter was never called",
		Hint: "make the build script run `next build` in this folder, or name the command with --build-command",
	}
	for _, ext := range []string{"js", "mjs", "cjs", "ts", "mts"} {
		name := filepath.Join(a.dir, "next.config."+ext)
		data, err := os.ReadFile(name)
		if err == nil && strings.Contains(string(data), "adapterPath") {
			e.Where, e.Why = name, "adapterPath there goes before NEXT_ADAPTER_PATH, which names pack's adapter"
			e.Hint = "remove adapterPath, or write `adapterPath: process.env.NEXT_ADAPTER_PATH ?? …`"
		}
	}
	return e
}
