package layer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"pack/manifest"
)

// sourceFolders are what a program that runs in functions can be made of: the
// arrows between pack's packages allow no others.
var sourceFolders = []string{"lambda", "manifest", "s3cache"}

// source finds the root of pack's source: two folders above this file, as the
// compiler saw it.
func (r Runtime) source() (string, error) {
	root := r.Source
	if root == "" {
		_, file, _, _ := runtime.Caller(0)
		root = filepath.Dir(filepath.Dir(filepath.Dir(file)))
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if !filepath.IsAbs(root) || err != nil || !bytes.HasPrefix(mod, []byte("module pack\n")) {
		return "", &manifest.UserError{
			What: "this pack cannot make the program that runs in functions",
			Why:  fmt.Sprintf("it carries none, and the source that it was built from is not at %q", root),
			Hint: "use a released pack, or build pack from its source without -trimpath and leave the source where it is",
		}
	}
	return root, nil
}

// ownDigest is the digest of the source that this program was compiled from,
// made once: one command asks for several programs.
var ownDigest = sync.OnceValues(func() ([]byte, error) {
	root, err := Runtime{}.source()
	if err != nil {
		return nil, err
	}
	cache, err := Runtime{}.cache()
	if err != nil {
		return nil, err
	}
	return rememberedDigest(root, cache, time.Now())
})

// sourceDigest is the digest of what the program is compiled from.
func (r Runtime) sourceDigest(root string) ([]byte, error) {
	if r.Source == "" {
		return ownDigest()
	}
	files, err := sourceFiles(root)
	if err != nil {
		return nil, err
	}
	return digestSource(files)
}

// sourceFile is one file that the programs are compiled from.
type sourceFile struct {
	// name is relative to the source's root, with forward slashes.
	path, name string
	info       fs.FileInfo
}

// remembered is what a digest of the source was made from.
type remembered struct {
	// Stamps is a digest over names and stamps of all files.
	Stamps [sha256.Size]byte `json:"stamps"`
	Digest []byte            `json:"digest"`
}

// rememberedDigest is digestSource, with what it gave the last time kept in the
// cache: to read the source takes ten times as long as to look at it. What has
// been written to a moment ago is not kept: its stamp might not tell the next
// change.
func rememberedDigest(root, cache string, now time.Time) ([]byte, error) {
	files, err := sourceFiles(root)
	if err != nil {
		return nil, err
	}
	h, settled := sha256.New(), true
	fmt.Fprintf(h, "%s\n%s\n", runtime.Version(), root)
	for _, f := range files {
		stamp := manifest.Stamp(f.info)
		fmt.Fprintf(h, "%s\n%s", f.name, stamp[:])
		settled = settled && manifest.Settled(f.info, now)
	}
	var seen, kept remembered
	h.Sum(seen.Stamps[:0])
	where := sha256.Sum256([]byte(root))
	path := filepath.Join(cache, fmt.Sprintf("source-%x.json", where[:8]))
	if text, err := os.ReadFile(path); err == nil && json.Unmarshal(text, &kept) == nil && kept.Stamps == seen.Stamps && len(kept.Digest) == sha256.Size {
		return kept.Digest, nil
	}
	if seen.Digest, err = digestSource(files); err != nil || !settled {
		return seen.Digest, err
	}
	text, err := json.Marshal(seen)
	if err == nil {
		err = os.MkdirAll(cache, 0o755)
	}
	if err == nil {
		err = manifest.WriteWhole(path, text)
	}
	return seen.Digest, err
}

// sourceFiles lists what the programs can be compiled from, in a fixed order.
// Asking go list which files count takes hundreds of milliseconds.
func sourceFiles(root string) ([]sourceFile, error) {
	var files []sourceFile
	add := func(path string, info fs.FileInfo) error {
		name, err := filepath.Rel(root, path)
		files = append(files, sourceFile{path, filepath.ToSlash(name), info})
		return err
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		path := filepath.Join(root, name)
		info, err := os.Stat(path)
		if err == nil {
			err = add(path, info)
		}
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
	}
	for _, folder := range sourceFolders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			switch {
			case os.IsNotExist(err):
				return nil
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules"):
				return filepath.SkipDir
			case !d.Type().IsRegular() || strings.HasSuffix(d.Name(), "_test.go"):
				return nil
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			return add(path, info)
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// digestSource is over everything that the programs are compiled from, and the
// version of Go.
func digestSource(files []sourceFile) ([]byte, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n", runtime.Version())
	for _, f := range files {
		content, err := os.ReadFile(f.path)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(h, "%s %d\n", f.name, len(content))
		h.Write(content)
	}
	return h.Sum(nil), nil
}

// compile builds a program for another machine. The same source and the same Go
// give the same bytes. The tag keeps the codecs from looking for shared
// libraries.
func compile(ctx context.Context, root string, p Program, t Target, to string) error {
	program, err := goCommand()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "build",
		"-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=", "-tags", "nodynamic",
		"-o", to, "./"+p.Package)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOOS="+t.OS, "GOARCH="+t.Arch)
	output, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("compile %s for %s: %w\n%s", p.Package, t, err, bytes.TrimSpace(output))
	}
	return os.Chmod(to, 0o755)
}

// goCommand finds Go: on PATH, or where it was when pack was built.
func goCommand() (string, error) {
	if found, err := exec.LookPath("go"); err == nil {
		return found, nil
	}
	if root := os.Getenv("GOROOT"); root != "" {
		if found, err := exec.LookPath(filepath.Join(root, "bin", "go")); err == nil {
			return found, nil
		}
	}
	return "", &manifest.UserError{
		What: "Go is not on the PATH",
		Why:  "this pack was built from source and compiles the program that runs in functions when it is first needed",
		Hint: "install Go (https://go.dev/dl/) or use a released pack",
	}
}
