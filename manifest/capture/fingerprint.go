package capture

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strings"

	"golang.org/x/sync/errgroup"

	"pack/manifest"
)

// hashed is the size in bytes up to which a file's content is hashed; of a
// larger one its size, modification and change time are taken.
const hashed = 64 << 10

// Fingerprint gives a digest over what the build of the app in o.Dir reads:
// equal to the Fingerprint of an earlier Build, nothing needs to be built
// again. It runs no program and asks no network.
//
// Seen are: the files of the app and, in a workspace, of everything below the
// lock file's folder; .env files; what the package manager says is installed;
// the Node.js program on PATH; pack's adapter; the build command; o.Env, and
// the environment variables NODE_ENV, NODE_OPTIONS, PACK_DEPLOYMENT_ID, NEXT_*
// and those that the .env files name. Not seen are: edits inside node_modules, files outside that
// folder, other environment variables, and what pages fetch from elsewhere
// while they are built.
func Fingerprint(o Options) (string, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return "", fmt.Errorf("fingerprint app: %w", err)
	}
	o.Dir = dir
	if err := o.addKeys(); err != nil {
		return "", fmt.Errorf("fingerprint app: %w", err)
	}
	s, err := snapshot(&o)
	if err != nil {
		return "", err
	}
	return s.digest(), nil
}

// inputs maps everything that a build reads to a digest of it.
type inputs map[string][sha256.Size]byte

// nextWrites are the files of the app that `next build` itself may change.
var nextWrites = []string{"tsconfig.json", "next-env.d.ts"}

// generated are folders and files that builds write and none reads.
var generated = map[string]bool{
	"node_modules": true, ".git": true, ".next": true, ".pack": true, ".turbo": true, ".vercel": true, "coverage": true,
}

// snapshot looks at all inputs.
func snapshot(o *Options) (inputs, error) {
	m, err := findPackageManager(o.Dir)
	if err != nil {
		return nil, err
	}
	in := inputs{}
	in.text("adapter", string(adapterSource)+string(adapterKeys))
	in.text("cache handler", string(o.CacheHandler))
	in.text("use cache", string(o.UseCache))
	in.text("build command", o.BuildCommand)
	in.text("app", o.Dir)
	if err := in.environment(o); err != nil {
		return nil, err
	}
	if node, err := exec.LookPath("node"); err == nil {
		if node, err = filepath.EvalSymlinks(node); err == nil {
			in.file(node)
		}
	}
	for _, at := range []string{o.Dir, m.root} {
		for _, state := range []string{".package-lock.json", ".modules.yaml", ".yarn-state.yml", ".yarn-integrity", "next/package.json"} {
			in.file(filepath.Join(at, "node_modules", filepath.FromSlash(state)))
		}
	}
	if err := in.tree(m.root); err != nil {
		return nil, fmt.Errorf("fingerprint app: %w", err)
	}
	return in, nil
}

// finish gives the digest of what was seen before a build, with the files that
// Next itself wrote as they are now. An edit made during the build thus counts
// as not yet built.
func (in inputs) finish(o *Options) (string, error) {
	for _, name := range nextWrites {
		path := filepath.Join(o.Dir, name)
		if st, err := os.Lstat(path); err == nil {
			if in[path], err = digestInput(path, st); err != nil {
				return "", fmt.Errorf("fingerprint app: %w", err)
			}
		}
	}
	return in.digest(), nil
}

func (in inputs) digest() string {
	names := make([]string, 0, len(in))
	for name := range in {
		names = append(names, name)
	}
	sort.Strings(names)
	h := sha256.New()
	for _, name := range names {
		sum := in[name]
		fmt.Fprintf(h, "%d %s\n", len(name), name)
		h.Write(sum[:])
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func (in inputs) text(name, value string) { in["\x00"+name] = sha256.Sum256([]byte(value)) }

// file takes one file, which need not be there.
func (in inputs) file(path string) {
	if st, err := os.Stat(path); err == nil {
		if sum, err := digestInput(path, st); err == nil {
			in[path] = sum
		}
	}
}

func (in inputs) environment(o *Options) error {
	names, err := DotEnv(o.Dir)
	if err != nil {
		return err
	}
	env := slices.Clone(o.Env)
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		_, named := names[name]
		if named || name == "NODE_ENV" || name == "NODE_OPTIONS" || name == "PACK_DEPLOYMENT_ID" || strings.HasPrefix(name, "NEXT_") {
			env = append(env, kv)
		}
	}
	slices.Sort(env)
	in.text("environment", strings.Join(env, "\x00"))
	return nil
}

// tree takes every file below root, several at a time.
func (in inputs) tree(root string) error {
	type found struct {
		path string
		st   fs.FileInfo
	}
	var files []found
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		switch {
		case d.IsDir() && path != root && (generated[d.Name()] || built(path)):
			return filepath.SkipDir
		case d.IsDir() || strings.HasSuffix(d.Name(), ".tsbuildinfo"):
			return nil
		}
		st, err := d.Info()
		if err != nil {
			return nil // gone meanwhile
		}
		files = append(files, found{path, st})
		return nil
	})
	if err != nil {
		return err
	}
	sums := make([][sha256.Size]byte, len(files))
	var g errgroup.Group
	g.SetLimit(2 * runtime.GOMAXPROCS(0))
	const chunk = 64
	for from := 0; from < len(files); from += chunk {
		g.Go(func() (err error) {
			for i := from; i < min(from+chunk, len(files)); i++ {
				if sums[i], err = digestInput(files[i].path, files[i].st); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, f := range files {
		in[f.path] = sums[i]
	}
	return nil
}

// built says whether a folder is Next's output, whatever its name: a distDir
// holds a BUILD_ID, an export _next/static.
func built(dir string) bool {
	return exists(filepath.Join(dir, "BUILD_ID")) || exists(filepath.Join(dir, "_next", "static"))
}

// digestInput hashes a small file's content, a link's target, or stamps.
func digestInput(path string, st fs.FileInfo) ([sha256.Size]byte, error) {
	switch {
	case st.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(path)
		return sha256.Sum256([]byte("link " + to)), err
	case !st.Mode().IsRegular() || st.Size() > hashed:
		return manifest.Stamp(st), nil
	}
	data, err := os.ReadFile(path)
	return sha256.Sum256(data), err
}
