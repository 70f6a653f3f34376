package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"pack/infra/bundle"
	"pack/manifest"
)

// packing times pack's step and OpenNext's own on what next build has made, which is not
// counted.
func packing(ctx context.Context, w *workshop, p plan, r *report) error {
	shop, err := w.shop()
	if err != nil {
		return err
	}
	trials := []trial{
		{"the shop", subjectPack, func(ctx context.Context) ([]value, error) { return w.packFirst(ctx, shop) }},
		{"the shop, with archives", subjectPack, func(ctx context.Context) ([]value, error) {
			u, err := w.packStep(ctx, shop, "--force", "--archives")
			return u.values(), err
		}},
	}
	if p.openNext {
		trials = append(trials, trial{"the shop", subjectOpenNext, func(ctx context.Context) ([]value, error) {
			o, err := w.openNext()
			if err != nil {
				return nil, err
			}
			u, err := o.build(ctx)
			if err != nil {
				return nil, err
			}
			size, err := folderSize(filepath.Join(o.dir, ".open-next"))
			return append(u.values(), value{"output", "bytes", float64(size)}), err
		}})
	}
	for _, n := range p.routes {
		dir, err := w.packed(n)
		if err != nil {
			r.fail("packing", routesName(n), err)
			continue
		}
		trials = append(trials,
			trial{routesName(n), subjectPack, func(ctx context.Context) ([]value, error) { return w.packFirst(ctx, dir) }},
			trial{routesName(n) + ", nothing changed", subjectPack, func(ctx context.Context) ([]value, error) {
				u, err := w.packStep(ctx, dir)
				return u.values(), err
			}},
			trial{routesName(n) + ", with archives", subjectPack, func(ctx context.Context) ([]value, error) {
				u, err := w.packStep(ctx, dir, "--force", "--archives")
				return u.values(), err
			}})
	}
	r.interleave(ctx, "packing", 0, p.packs, trials)
	for _, n := range p.routes {
		if n > 100 {
			continue // its next build takes a minute, and shows nothing else
		}
		name := routesName(n) + ", one changed"
		r.once(ctx, "packing", name, subjectPack, func(ctx context.Context) ([]value, error) { return w.packChanged(ctx, n) })
	}
	return nil
}

func routesName(n int) string { return thousands(int64(n)) + " routes" }

// packStep packs the build that is recorded in an app.
func (w *workshop) packStep(ctx context.Context, dir string, flags ...string) (usage, error) {
	return measure(exec.CommandContext(ctx, w.pack, append(append([]string{"build", "--no-build"}, flags...), dir)...))
}

// packFirst packs an app from nothing.
func (w *workshop) packFirst(ctx context.Context, dir string) ([]value, error) {
	u, err := w.packStep(ctx, dir, "--force")
	if err != nil {
		return nil, err
	}
	current, err := filepath.EvalSymlinks(filepath.Join(dir, ".pack", "current"))
	if err != nil {
		return nil, err
	}
	size, err := folderSize(current)
	return append(u.values(), value{"output", "bytes", float64(size)}), err
}

// packChanged changes one route of an app, has it built, and packs that over the output
// of before: how long it takes, and what a deploy would have to upload.
func (w *workshop) packChanged(ctx context.Context, n int) ([]value, error) {
	dir, err := w.packed(n)
	if err != nil {
		return nil, err
	}
	out, before := filepath.Join(dir, ".pack"), filepath.Join(dir, ".pack-before")
	if _, err := w.packStep(ctx, dir, "--archives"); err != nil {
		return nil, err
	}
	first, err := uploadsOf(out)
	if err != nil {
		return nil, err
	}
	if err := run(ctx, dir, nil, "cp", "-al", out, before); err != nil {
		return nil, err
	}
	defer os.RemoveAll(before)
	if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(handlerFile(3))), []byte(handlerSource(3, "second")), 0o644); err != nil {
		return nil, err
	}
	if err := run(ctx, dir, nil, w.pack, "build", dir); err != nil {
		return nil, err
	}
	// The new build's record over the old output.
	record := filepath.Join(before, "build.json")
	if err := os.Remove(record); err != nil {
		return nil, err
	}
	if err := copyFile(filepath.Join(out, "build.json"), record); err != nil {
		return nil, err
	}
	u, err := w.packStep(ctx, dir, "--out", before)
	if err != nil {
		return nil, err
	}
	if _, err := w.packStep(ctx, dir, "--out", before, "--archives"); err != nil {
		return nil, err
	}
	second, err := uploadsOf(before)
	if err != nil {
		return nil, err
	}
	all, functions := second.since(uploads{})
	changed, changedFunctions := second.since(first)
	return append(u.values(),
		value{"functions", "", float64(functions)}, value{"functions that changed", "", float64(changedFunctions)},
		value{"bytes that a first deploy uploads", "bytes", float64(all)}, value{"bytes that this deploy uploads", "bytes", float64(changed)},
	), nil
}

func deployment(out string) (*manifest.Deployment, error) {
	output, err := bundle.Open(out)
	if err != nil {
		return nil, err
	}
	return output.Deployment(), output.Close()
}

// uploads are what a deploy puts into buckets, pack's own programs left out.
type uploads struct {
	// functions, and others, which are assets and the layer of the Deployment, are
	// bytes by digest.
	functions, others map[string]int64
	// digests are those of all functions, some of which may have the same.
	digests []string
}

func uploadsOf(out string) (u uploads, err error) {
	output, err := bundle.Open(out)
	if err != nil {
		return u, err
	}
	defer func() { err = errors.Join(err, output.Close()) }()
	layer, err := output.Layer()
	if err != nil {
		return u, err
	}
	u = uploads{functions: map[string]int64{}, others: map[string]int64{layer.Digest: layer.Zipped}}
	for _, f := range output.Deployment().Functions {
		u.functions[f.Archive.Digest] = f.Archive.Zipped
		u.digests = append(u.digests, f.Archive.Digest)
	}
	for _, a := range output.Deployment().Assets {
		u.others[a.Digest] = a.Size
	}
	return u, nil
}

// since adds up the bytes that a deployment before had not, and counts the functions.
func (u uploads) since(before uploads) (bytes int64, functions int) {
	for digest, size := range u.functions {
		if _, there := before.functions[digest]; !there {
			bytes += size
		}
	}
	for digest, size := range u.others {
		if _, there := before.others[digest]; !there {
			bytes += size
		}
	}
	for _, digest := range u.digests {
		if _, there := before.functions[digest]; !there {
			functions++
		}
	}
	return bytes, functions
}
