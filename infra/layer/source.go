package layer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

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
	return treeDigest(root)
})

// sourceDigest is the digest of what the program is compiled from.
func (r Runtime) sourceDigest(root string) ([]byte, error) {
	if r.Source == "" {
		return ownDigest()
	}
	return treeDigest(root)
}

func treeDigest(root string) ([]byte, error) {
	h := sha256.New()
	err := digestSource(h, root)
	return h.Sum(nil), err
}

// digestSource writes everything that the programs are compiled from, and the
// version of Go. Reading the content takes some ten milliseconds, where asking
// go list which files count takes hundreds.
func digestSource(h io.Writer, root string) error {
	fmt.Fprintf(h, "%s\n", runtime.Version())
	add := func(path string) error {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s %d\n", filepath.ToSlash(name), len(content))
		_, err = h.Write(content)
		return err
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		if err := add(filepath.Join(root, name)); err != nil && !os.IsNotExist(err) {
			return err
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
			return add(path)
		})
		if err != nil {
			return err
		}
	}
	return nil
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
