package layer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"pack/manifest"
)

// Target is a kind of machine, in Go's spelling.
type Target struct{ OS, Arch string }

// Host is the machine that this runs on.
func Host() Target { return Target{OS: runtime.GOOS, Arch: runtime.GOARCH} }

// ForLambda is the machine of a Lambda function.
func ForLambda(a manifest.Architecture) (Target, error) {
	switch a {
	case manifest.ARM64:
		return Target{OS: "linux", Arch: "arm64"}, nil
	case manifest.X8664:
		return Target{OS: "linux", Arch: "amd64"}, nil
	}
	return Target{}, fmt.Errorf("lambda has no architecture %q", a)
}

func (t Target) String() string { return t.OS + "-" + t.Arch }

// Program is one of pack's programs that run inside functions.
type Program struct {
	// Package is its folder in pack's source, with forward slashes.
	Package string
	// Path is where it is in the layer, relative to /opt. The scripts are in
	// the folder node beside it.
	Path string
	// Custom is a link to it, relative to /opt, for functions of a custom
	// runtime; empty for none.
	Custom string
}

// Bootstrap is the program of gateway and route functions, the exec wrapper of
// the managed Node runtime: AWS_LAMBDA_EXEC_WRAPPER=/opt/pack/bootstrap.
// Functions without JavaScript have a custom runtime, which finds it as
// /opt/bootstrap.
var Bootstrap = Program{Package: "lambda/bootstrap", Path: "pack/bootstrap", Custom: "bootstrap"}

// Images is the program of the image function, which has no scripts: a custom
// runtime, which Lambda finds as /opt/bootstrap.
var Images = Program{Package: "lambda/imagefunction", Path: "bootstrap"}

// Programs are all there are.
var Programs = []Program{Bootstrap, Images}

// Runtime is a program with its scripts.
type Runtime struct {
	Program Program
	// Scripts are the JavaScript files of the program, all in the root; nil
	// when it has none.
	Scripts fs.FS
	// Source is the root of pack's source; empty: where this program was
	// compiled from.
	Source string
	// Cache is the folder that keeps what is made; empty: pack's folder in
	// os.UserCacheDir.
	Cache string
}

// unused is how long what nobody asked for is kept.
const unused = 14 * 24 * time.Hour

// Folder gives a folder, absolute, that holds the program under the last
// element of Program.Path and its scripts in node/. It is made when it is not
// there, which takes as long as compiling does. The folder must not be written
// to. Where there is neither source nor a prebuilt program, or no Go to compile
// with, that is a *manifest.UserError.
func (r Runtime) Folder(ctx context.Context, t Target) (string, error) {
	key, compile, err := r.plan(t)
	if err != nil {
		return "", err
	}
	return r.make(key+"-"+t.String(), func(dir string) error {
		program := filepath.Join(dir, path.Base(r.Program.Path))
		if err := compile(ctx, program); err != nil {
			return err
		}
		return eachScript(r.Scripts, func(name string, content []byte) error {
			to := filepath.Join(dir, "node", name)
			return errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, content, 0o644))
		})
	})
}

// plan finds where the program comes from: a key that changes when program or
// scripts do, and a function that writes it to a path.
func (r Runtime) plan(t Target) (key string, write func(ctx context.Context, path string) error, err error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %s %s\n", r.Program.Package, r.Program.Path, r.Program.Custom, t)
	if err := eachScript(r.Scripts, func(name string, content []byte) error {
		fmt.Fprintf(h, "%s %d\n%s", name, len(content), content)
		return nil
	}); err != nil {
		return "", nil, err
	}
	if r.Source == "" && prebuilt != nil {
		name := prebuiltName(r.Program, t)
		digest, err := fs.ReadFile(prebuilt, name+digestSuffix)
		if err != nil {
			return "", nil, fmt.Errorf("this pack does not carry %s for %s", r.Program.Package, t)
		}
		h.Write(digest)
		write = func(_ context.Context, path string) error { return unpack(name, path) }
	} else {
		root, err := r.source()
		if err != nil {
			return "", nil, err
		}
		digest, err := r.sourceDigest(root)
		if err != nil {
			return "", nil, fmt.Errorf("read pack's source: %w", err)
		}
		h.Write(digest)
		write = func(ctx context.Context, path string) error { return compile(ctx, root, r.Program, t, path) }
	}
	return hex.EncodeToString(h.Sum(nil)[:12]), write, nil
}

// cache is the absolute path of the folder that keeps what is made.
func (r Runtime) cache() (string, error) {
	if r.Cache != "" {
		return filepath.Abs(r.Cache)
	}
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	return filepath.Join(user, "pack", "runtime"), nil
}

// make gives the folder of that name in the cache and fills it when it is not
// there. It appears whole or not at all.
func (r Runtime) make(name string, fill func(dir string) error) (string, error) {
	cache, err := r.cache()
	if err != nil {
		return "", err
	}
	dir, now := filepath.Join(cache, name), time.Now()
	if err := os.Chtimes(dir, now, now); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	next, err := os.MkdirTemp(cache, ".next-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(next)
	if err := errors.Join(os.Chmod(next, 0o755), fill(next)); err != nil {
		return "", err
	}
	if err := os.Rename(next, dir); err != nil {
		// Another process may have been faster.
		if _, there := os.Stat(dir); there != nil {
			return "", err
		}
	}
	removeOld(cache, now.Add(-unused))
	return dir, nil
}

// removeOld removes what nobody has asked for since then. What cannot be
// removed is left: it is only a cache.
func removeOld(cache string, then time.Time) {
	entries, err := os.ReadDir(cache)
	if err != nil {
		return
	}
	for _, e := range entries {
		if st, err := e.Info(); err == nil && st.ModTime().Before(then) {
			_ = os.RemoveAll(filepath.Join(cache, e.Name()))
		}
	}
}

// eachScript calls f with every script, by name.
func eachScript(scripts fs.FS, f func(name string, content []byte) error) error {
	if scripts == nil {
		return nil
	}
	names, err := fs.Glob(scripts, "*")
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		file, err := scripts.Open(name)
		if err != nil {
			return err
		}
		content, err := io.ReadAll(file)
		if err := errors.Join(err, file.Close(), f(name, content)); err != nil {
			return err
		}
	}
	return nil
}
