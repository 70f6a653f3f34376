package bundle

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"pack/infra/archive"
	"pack/manifest"
)

// Options says what is bundled and where to.
type Options struct {
	Plan *manifest.Plan
	// Out is the output folder, .pack in the app's folder by default.
	Out string
	// Lock is the lock on Out when the caller has it already; Bundle takes and
	// gives back its own otherwise.
	Lock *Lock
	// Fresh does everything again, whatever is there already.
	Fresh bool
	// Check, when not nil, is called before any file of the build is read, and
	// not at all when nothing has to be done. Its error ends Bundle.
	Check func() error
	// Progress, when not nil, is told of every step, by one goroutine at a
	// time.
	Progress func(Progress)
}

// Step is a stage of bundling, in the order of the constants.
type Step int

const (
	// Compressing counts files that no earlier build has compressed.
	Compressing Step = iota
	// Copying counts assets and seeds.
	Copying
)

// Progress is how far a step is.
type Progress struct {
	Step        Step
	Done, Total int
}

// Result is what Bundle did. Close Output.
type Result struct {
	// Output is the deployment, in use from now on.
	Output *Output
	// Unchanged: the deployment in use was this one already, and nothing was
	// written. The fields below are zero then.
	Unchanged bool
	// New are the functions whose archives the deployment before had not, in the
	// plan's order.
	New []string
	// Compressed are the files that had not been compressed before.
	Compressed archive.Added
	// Copied is the number of assets and seeds that the deployment before had
	// not.
	Copied int
}

// Bundle makes the plan's deployment in the output folder and takes it into
// use. Until the end the deployment before it is the one in use, also when
// Bundle fails, is cancelled or is killed.
//
// What the owner can put right comes back as a *manifest.UserError: another
// build at work in the folder, a file that has changed since the build (which
// wraps archive.ErrChanged).
func Bundle(ctx context.Context, o Options) (*Result, error) {
	lock := o.Lock
	if lock == nil {
		var err error
		if lock, err = TakeLock(o.Out); err != nil {
			return nil, err
		}
		defer lock.Release()
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	out, err := filepath.Abs(lock.out)
	if err != nil {
		return nil, err
	}
	b := &bundling{Options: o, out: out}
	return b.run(ctx)
}

// bundling is the work of one Bundle.
type bundling struct {
	Options
	out       string
	functions []function
	layer     function
	assets    []content
	seeds     []content
	// before is the deployment in use until now; nil for none.
	before *Output
}

func (b *bundling) run(ctx context.Context) (_ *Result, err error) {
	if b.functions, err = functionsOf(b.Plan); err != nil {
		return nil, err
	}
	if b.layer, err = layerOf(b.Plan.Deployment); err != nil {
		return nil, err
	}
	if b.assets, err = assetsOf(b.Plan); err != nil {
		return nil, err
	}
	if b.seeds, err = seedsOf(b.Plan); err != nil {
		return nil, err
	}
	if !b.Fresh {
		if b.before, err = open(b.out); err == nil {
			if b.same() {
				return &Result{Output: b.before, Unchanged: true}, nil
			}
			defer b.before.Close()
		}
	}
	if err := removeUnused(b.out); err != nil {
		return nil, fmt.Errorf("remove leftovers: %w", err)
	}
	if b.Check != nil {
		if err := b.Check(); err != nil {
			return nil, err
		}
	}
	pool, err := archive.OpenPool(filepath.Join(b.out, filesDir))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filesDir, err)
	}
	defer pool.Close()
	result := &Result{}
	dir, err := b.stage(ctx, pool, result)
	if err != nil {
		return nil, err
	}
	if err := use(b.out, dir); err != nil {
		return nil, fmt.Errorf("take deployment into use: %w", err)
	}
	if result.Output, err = open(b.out); err != nil {
		return nil, err
	}
	if err := b.prune(pool); err != nil {
		return nil, errors.Join(fmt.Errorf("remove what is no longer used: %w", err), result.Output.Close())
	}
	return result, nil
}

// same reports whether the deployment in use is the planned one, and whole.
func (b *bundling) same() bool {
	d := b.before.deployment
	if len(d.Functions) != len(b.functions) {
		return false
	}
	for i, f := range b.functions {
		if a := d.Functions[i].Archive; a == nil || a.Digest != f.digest {
			return false
		}
	}
	return equal(d, b.Plan.Deployment) && b.before.intact()
}

// equal compares documents, Archives aside.
func equal(x, y *manifest.Deployment) bool {
	a, err := manifest.Encode(withoutArchives(x))
	if err != nil {
		return false
	}
	b, err := manifest.Encode(withoutArchives(y))
	return err == nil && bytes.Equal(a, b)
}

// stage makes the whole deployment in a folder of its own, not in use yet.
func (b *bundling) stage(ctx context.Context, pool *archive.Pool, result *Result) (_ string, err error) {
	dir := filepath.Join(b.out, deploymentsDir, safeName(b.Plan.Deployment.ID)+"."+rand.Text()[:8])
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	if result.Compressed, err = b.compress(ctx, pool); err != nil {
		return "", err
	}
	result.New = b.added()
	if result.Copied, err = b.copy(ctx, dir); err != nil {
		return "", err
	}
	d, lists := withoutArchives(b.Plan.Deployment), archive.Lists{layerList: b.layer.entries}
	for i := range b.functions {
		f := &b.functions[i]
		if d.Functions[i].Archive, err = f.describe(pool); err != nil {
			return "", err
		}
		lists[f.name] = f.entries
	}
	if err := writeDocuments(dir, d, lists); err != nil {
		return "", err
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	return dir, nil
}

// copy places assets and seeds and returns how many had to be copied.
func (b *bundling) copy(ctx context.Context, dir string) (fresh int, err error) {
	c := &contents{
		total: len(b.assets) + len(b.seeds),
		progress: func(done, total int) {
			b.Progress(Progress{Step: Copying, Done: done, Total: total})
		},
	}
	if b.before != nil {
		c.before = b.before.contentsByDigest()
	}
	if err := c.place(ctx, b.assets, filepath.Join(dir, assetsDir)); err != nil {
		return 0, fmt.Errorf("copy assets: %w", err)
	}
	if err := c.place(ctx, b.seeds, filepath.Join(dir, seedsDir)); err != nil {
		return 0, fmt.Errorf("copy seeds: %w", err)
	}
	return c.fresh, nil
}

// writeDocuments writes a deployment's files that are not content.
func writeDocuments(dir string, d *manifest.Deployment, lists archive.Lists) error {
	document, err := manifest.Encode(d)
	if err != nil {
		return err
	}
	files, err := lists.Encode()
	if err != nil {
		return fmt.Errorf("encode list of files: %w", err)
	}
	for name, text := range map[string][]byte{deploymentFile: document, listsFile: files, holdFile: nil} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// linkPrefix begins the name of a link that is about to be the one in use.
const linkPrefix = ".next-"

// use makes dir the deployment in use, in one rename.
func use(out, dir string) error {
	target, err := filepath.Rel(out, dir)
	if err != nil {
		return err
	}
	next := filepath.Join(out, linkPrefix+rand.Text()[:8])
	if err := os.Symlink(target, next); err != nil {
		return err
	}
	return os.Rename(next, filepath.Join(out, currentLink))
}

// safeName gives what of an ID can be in a file name.
func safeName(id string) string {
	safe := []byte(id)
	for i, c := range safe {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			safe[i] = '-'
		}
	}
	return string(safe[:min(len(safe), 40)])
}
