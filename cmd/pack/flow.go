package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/urfave/cli/v2"

	"pack/infra/archive"
	"pack/infra/buildkey"
	"pack/infra/bundle"
	"pack/infra/layer"
	"pack/lambda/node"
	"pack/manifest"
	"pack/manifest/capture"
)

// buildFlags are the flags of every command that may have to build.
func buildFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "no-build", Usage: "pack what the last build recorded, without running the app's build", DisableDefaultText: true},
		&cli.StringFlag{Name: "out", Usage: "the `FOLDER` for what pack makes (default: .pack in DIR)"},
		&cli.StringFlag{Name: "build-command", Usage: "build with this `COMMAND` instead of the package's build script"},
		&cli.BoolFlag{Name: "force", Usage: "build and pack everything again, whatever is there already", DisableDefaultText: true},
	}
}

// buildOptions say what ensureBuilt is to do.
type buildOptions struct {
	// dir is the app's folder, out the output folder; both absolute.
	dir, out     string
	noBuild      bool
	force        bool
	buildCommand string
	// account keeps the key of builds for all machines that deploy the app; nil
	// when nothing is deployed.
	account buildkey.Keeper
	// program plans and bundles; empty: the one that runs.
	program string
	// regions and defaultRegion are what the plan takes in place of pack.json's
	// regions, and where nothing names one.
	regions       []string
	defaultRegion string
	// log gets what the app's own build prints.
	log      io.Writer
	progress progress
}

// buildOptionsOf reads the flags of buildFlags and the argument DIR.
func buildOptionsOf(c *cli.Context, s streams) (buildOptions, error) {
	dir, err := appDir(c)
	if err != nil {
		return buildOptions{}, err
	}
	o := buildOptions{
		noBuild:      c.Bool("no-build"),
		force:        c.Bool("force"),
		buildCommand: c.String("build-command"),
		log:          s.err,
		progress:     newProgress(s.err),
	}
	if o.noBuild && o.buildCommand != "" {
		return o, usageError{errors.New("--no-build and --build-command exclude each other")}
	}
	o.dir, o.out, err = folders(dir, c.String("out"))
	return o, err
}

// folders gives the absolute paths of the app's folder, which must be there,
// and of the output folder.
func folders(dir, out string) (string, string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", "", err
	}
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return "", "", &manifest.UserError{What: "there is no such folder", Where: dir, Hint: "give the folder of a Next.js app"}
	}
	if out == "" {
		return dir, filepath.Join(dir, ".pack"), nil
	}
	out, err = filepath.Abs(out)
	return dir, out, err
}

// built is a deployment that is up to date. Close Output.
type built struct {
	*bundle.Result
	// Built: the app's own build ran.
	Built bool
	// Warnings are the plan's.
	Warnings []string
}

// ensureBuilt brings the output folder up to date: it runs the app's build
// unless nothing that it reads has changed, and packs what changed.
func ensureBuilt(ctx context.Context, o buildOptions) (*built, error) {
	lock, err := bundle.TakeLock(o.out)
	if err != nil {
		return nil, err
	}
	defer lock.Release()
	defer o.progress.end()
	f, err := newFlow(ctx, o, lock)
	if err != nil {
		return nil, err
	}
	if made := f.upToDate(); made != nil {
		return made, nil
	}
	record, err := f.recorded()
	if err != nil {
		return nil, err
	}
	if record != nil {
		made, err := f.pack(ctx, record)
		if !errors.Is(err, archive.ErrChanged) || o.noBuild {
			return made, err
		}
		o.progress.note("the last build's files have changed since")
	}
	if record, err = f.capture(ctx); err != nil {
		return nil, err
	}
	made, err := f.pack(ctx, record)
	if made != nil {
		made.Built = true
	}
	return made, err
}

// flow is the work of one ensureBuilt.
type flow struct {
	buildOptions
	lock *bundle.Lock
	key  manifest.BuildKey
	// record is the recorded build as it was read.
	record []byte
	// fingerprint is capture.Fingerprint, taken once.
	fingerprint func() (string, error)
}

func newFlow(ctx context.Context, o buildOptions, lock *bundle.Lock) (*flow, error) {
	f := &flow{buildOptions: o, lock: lock}
	f.fingerprint = sync.OnceValues(func() (string, error) { return capture.Fingerprint(f.captureOptions()) })
	var err error
	if f.key, err = buildkey.Find(ctx, o.account, buildkey.Folder{Dir: o.out}); err != nil {
		return nil, fmt.Errorf("find the key of builds: %w", err)
	}
	return f, nil
}

func (f *flow) captureOptions() capture.Options {
	return capture.Options{
		Dir:          f.dir,
		BuildCommand: f.buildCommand,
		Key:          &f.key,
		CacheHandler: node.CacheHandler,
		UseCache:     node.UseCache,
		Stdout:       f.log,
		Stderr:       f.log,
		Progress:     f.progress.step,
	}
}

// recorded gives the last build when it is to be used, else nil.
func (f *flow) recorded() (*manifest.Build, error) {
	record, err := f.load()
	switch {
	case f.noBuild && errors.Is(err, fs.ErrNotExist):
		return nil, &manifest.UserError{What: "no build is recorded here", Where: f.out, Hint: "run pack build without --no-build first"}
	case f.noBuild && err != nil:
		return nil, &manifest.UserError{What: "the recorded build cannot be used", Where: f.recordPath(), Hint: "run pack build without --no-build", Err: err}
	case f.noBuild:
		return record, nil
	case err != nil || f.force || record.Fingerprint == "":
		return nil, nil
	}
	fingerprint, err := f.fingerprint()
	if err != nil || fingerprint != record.Fingerprint {
		// Where the fingerprint fails, the build tells better why.
		return nil, nil
	}
	f.progress.note(nothingChanged)
	return record, nil
}

const nothingChanged = "nothing has changed since the last build"

// load reads the last build.
func (f *flow) load() (record *manifest.Build, err error) {
	if f.record, err = os.ReadFile(f.recordPath()); err != nil {
		return nil, err
	}
	return manifest.DecodeMeasured(f.record)
}

func (f *flow) recordPath() string { return filepath.Join(f.out, "build.json") }

func (f *flow) capture(ctx context.Context) (*manifest.Build, error) {
	record, err := capture.Run(ctx, f.captureOptions())
	if err != nil {
		return nil, err
	}
	if err := record.Save(f.recordPath()); err != nil {
		return nil, err
	}
	f.record, err = os.ReadFile(f.recordPath())
	return record, err
}

// pack plans and bundles a build.
func (f *flow) pack(ctx context.Context, record *manifest.Build) (*built, error) {
	files, err := manifest.ReadSettings(f.dir)
	if err != nil {
		return nil, err
	}
	inputs := f.inputs(files)
	settings, err := files.Parse()
	if err != nil {
		return nil, err
	}
	settings.LayerSize, settings.DefaultRegion = layer.MaxUnzipped, f.defaultRegion
	if f.regions != nil {
		settings.Pack.Regions = f.regions
	}
	plan, err := manifest.NewPlan(record, settings)
	if err != nil {
		return nil, err
	}
	f.warn(plan.Warnings)
	result, err := bundle.Bundle(ctx, bundle.Options{
		Plan:     plan,
		Out:      f.out,
		Lock:     f.lock,
		Fresh:    f.force,
		Check:    func() error { return f.unchanged(record) },
		Progress: f.bundling,
	})
	if err != nil {
		return nil, err
	}
	f.keepReceipt(receipt{Inputs: inputs, Fingerprint: record.Fingerprint, Warnings: plan.Warnings}, result.Output)
	return &built{Result: result, Warnings: plan.Warnings}, nil
}

func (f *flow) warn(warnings []string) {
	for _, w := range warnings {
		f.progress.note("warning: " + w)
	}
}

func (f *flow) bundling(p bundle.Progress) {
	f.progress.count(map[bundle.Step]string{
		bundle.Compressing: "compressing files",
		bundle.Copying:     "copying assets",
	}[p.Step], p.Done, p.Total)
}

// unchanged checks that the files of a recorded build are the ones that were
// recorded: a `next dev` or `next build` in between writes others of the same
// names, some of the same sizes.
func (f *flow) unchanged(record *manifest.Build) error {
	st, err := os.Stat(f.recordPath())
	if err != nil {
		return err
	}
	for _, file := range record.Files {
		now, err := os.Lstat(file.Source)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return archive.Changed(file.Source, "it does not exist any more")
		case err != nil:
			return err
		case now.Size() != file.Size:
			return archive.Changed(file.Source, fmt.Sprintf("it had %d bytes and now has %d", file.Size, now.Size()))
		case now.ModTime().After(st.ModTime()):
			return archive.Changed(file.Source, "it was written after the build")
		}
	}
	return nil
}
