package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/gofrs/flock"

	"pack/infra/archive"
	"pack/manifest"
)

const (
	currentLink    = "current"
	deploymentsDir = "deployments"
	deploymentFile = "deployment.json"
	listsFile      = "files.json"
	functionsDir   = "functions"
	assetsDir      = "assets"
	seedsDir       = "seeds"
	holdFile       = "hold"
	filesDir       = "files"
	runDir         = "run"
	zipSuffix      = ".zip"
)

// Output is a deployment in an output folder, held for reading: as long as it
// is open, no build removes it, even once it has been replaced. Close it. Its
// methods may be called at the same time.
type Output struct {
	dir        string
	deployment *manifest.Deployment
	hold       *flock.Flock
	tree       *archive.Tree
	// lists reads listsFile, pool opens filesDir; both once.
	lists func() (archive.Lists, error)
	pool  func() (*archive.Pool, error)
	// opened is the pool once it was; Close closes it.
	opened atomic.Pointer[archive.Pool]
}

// Open opens the deployment in use. When there is none, or it is not whole,
// that is a *manifest.UserError.
func Open(out string) (*Output, error) {
	o, err := open(out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &manifest.UserError{What: "there is no deployment here", Where: out, Hint: "run pack build first"}
	}
	return o, err
}

// open is Open with fs.ErrNotExist for none.
func open(out string) (*Output, error) {
	out, err := filepath.Abs(out)
	if err != nil {
		return nil, err
	}
	dir, err := current(out)
	for err == nil {
		o, failed := openDeployment(out, dir)
		if failed == nil {
			return o, nil
		}
		// A build may have replaced and removed it since the link was read.
		tried := dir
		if dir, err = current(out); err == nil && dir == tried {
			return nil, &manifest.UserError{
				What:  "the deployment in use cannot be read",
				Where: tried,
				Hint:  "run pack build --force",
				Err:   failed,
			}
		}
	}
	return nil, err
}

// current gives the absolute path of the deployment in use.
func current(out string) (string, error) {
	target, err := os.Readlink(filepath.Join(out, currentLink))
	if err != nil {
		return "", err
	}
	return filepath.Join(out, target), nil
}

func openDeployment(out, dir string) (*Output, error) {
	// Without the flag that creates it: a removed deployment stays removed.
	hold := flock.New(filepath.Join(dir, holdFile), flock.SetFlag(os.O_RDONLY))
	ok, err := hold.TryRLock()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%s is being removed", dir)
	}
	// Read after the lock is had: from here on nobody removes it.
	content, err := os.ReadFile(filepath.Join(dir, deploymentFile))
	if err != nil {
		return nil, errors.Join(err, hold.Close())
	}
	d, err := manifest.DecodeDeployment(content)
	if err != nil {
		return nil, errors.Join(err, hold.Close())
	}
	o := &Output{dir: dir, deployment: d, hold: hold, tree: archive.OpenTree(filepath.Join(out, runDir))}
	o.lists = sync.OnceValues(func() (archive.Lists, error) { return readLists(dir) })
	o.pool = sync.OnceValues(func() (*archive.Pool, error) {
		p, err := archive.OpenPool(filepath.Join(out, filesDir))
		o.opened.Store(p)
		return p, err
	})
	return o, nil
}

func readLists(dir string) (archive.Lists, error) {
	text, err := os.ReadFile(filepath.Join(dir, listsFile))
	if err != nil {
		return nil, err
	}
	return archive.DecodeLists(text)
}

// Close lets the deployment go.
func (o *Output) Close() error {
	err := errors.Join(o.tree.Close(), o.hold.Close())
	if p := o.opened.Load(); p != nil {
		err = errors.Join(err, p.Close())
	}
	return err
}

// Dir is the deployment's own folder, absolute; it never changes.
func (o *Output) Dir() string { return o.dir }

// Deployment is the document, with every function's Archive filled in. It must
// not be changed.
func (o *Output) Deployment() *manifest.Deployment { return o.deployment }

// DeploymentPath is where the document is.
func (o *Output) DeploymentPath() string { return filepath.Join(o.dir, deploymentFile) }

// Archive gives the path of a function's zip file, which is written when it is
// not there yet.
func (o *Output) Archive(ctx context.Context, function string) (string, error) {
	f, err := o.function(function), errNoFunction
	path := filepath.Join(o.dir, functionsDir, function+zipSuffix)
	if f != nil {
		err = o.ensureArchive(ctx, function, path, f.Archive.Zipped)
	}
	if err != nil {
		return "", fmt.Errorf("write archive of function %s: %w", function, err)
	}
	return path, nil
}

// ensureArchive writes the archive of a list of files unless it is there, with its
// size in bytes.
func (o *Output) ensureArchive(ctx context.Context, list, path string, size int64) error {
	if sized(path, size) {
		return nil
	}
	next, err := o.writeArchive(ctx, list, filepath.Dir(path))
	if err != nil {
		return err
	}
	return os.Rename(next, path)
}

// writeArchive writes the archive of a list of files to a new file in dir.
func (o *Output) writeArchive(ctx context.Context, list, dir string) (_ string, err error) {
	files, err := o.Files(list)
	if err != nil {
		return "", err
	}
	pool, err := o.pool()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	next, err := os.CreateTemp(dir, ".next-*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			os.Remove(next.Name())
		}
	}()
	_, err = pool.Write(ctx, next, files)
	return next.Name(), errors.Join(err, next.Chmod(0o644), next.Close())
}

var errNoFunction = errors.New("the deployment has none of that name")

// function gives the function of that name, or nil.
func (o *Output) function(name string) *manifest.Function {
	for i := range o.deployment.Functions {
		if f := &o.deployment.Functions[i]; f.Name == name && f.Archive != nil {
			return f
		}
	}
	return nil
}

// Files lists what is in a function's archive, sorted by name.
func (o *Output) Files(function string) ([]archive.Entry, error) {
	lists, err := o.lists()
	if err != nil {
		return nil, err
	}
	files, ok := lists[function]
	if !ok {
		return nil, fmt.Errorf("the deployment has no function %s", function)
	}
	return files, nil
}

// AssetsDir is the folder that every Asset.File is relative to.
func (o *Output) AssetsDir() string { return filepath.Join(o.dir, assetsDir) }

// SeedsDir is the folder that every Part.File is relative to.
func (o *Output) SeedsDir() string { return filepath.Join(o.dir, seedsDir) }

// Unpack lays a function's archive out in a folder and returns the folder; see
// archive.Tree. It costs little when the function, or most of its files, has
// been unpacked before.
func (o *Output) Unpack(ctx context.Context, function string) (string, error) {
	f := o.function(function)
	if f == nil {
		return "", fmt.Errorf("unpack function %s: %w", function, errNoFunction)
	}
	files, err := o.Files(function)
	if err != nil {
		return "", err
	}
	dir, err := o.tree.Unpack(ctx, o.pool, f.Archive.Digest, files)
	if err != nil {
		return "", fmt.Errorf("unpack function %s: %w", function, err)
	}
	return dir, nil
}

// intact reports whether every file of the deployment is there.
func (o *Output) intact() bool {
	pool, err := o.pool()
	if err != nil {
		return false
	}
	if files, err := o.Files(layerList); err != nil || !pool.Holds(files) {
		return false
	}
	for _, f := range o.deployment.Functions {
		if files, err := o.Files(f.Name); f.Archive == nil || err != nil || !pool.Holds(files) {
			return false
		}
	}
	return o.checkContents() == nil
}

// seedFiles gives every Part.File there is.
func (o *Output) seedFiles() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, p := range o.deployment.Pages {
			for _, part := range p.Parts {
				if part.File != "" && !yield(part.File) {
					return
				}
			}
		}
	}
}

// contentsByDigest maps what a later deployment may have in common with this
// one to where it is.
func (o *Output) contentsByDigest() map[string]string {
	by := map[string]string{}
	for _, a := range o.deployment.Assets {
		if path := filepath.Join(o.AssetsDir(), filepath.FromSlash(a.File)); sized(path, a.Size) {
			by[a.Digest] = path
		}
	}
	for file := range o.seedFiles() {
		if digest := digestOf(file); digest != "" {
			by[digest] = filepath.Join(o.SeedsDir(), filepath.FromSlash(file))
		}
	}
	return by
}

func sized(path string, size int64) bool {
	st, err := os.Lstat(path)
	return err == nil && st.Mode().IsRegular() && st.Size() == size
}
