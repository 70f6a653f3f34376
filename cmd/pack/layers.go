package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"pack/infra/layer"
	"pack/lambda/node"
	"pack/manifest"
)

// layerView is a layer in JSON documents: a zip that functions of one
// architecture share.
type layerView struct {
	// Name is "runtime" or "images".
	Name         string                `json:"name"`
	Architecture manifest.Architecture `json:"architecture"`
	// Path is absolute.
	Path string `json:"path"`
	// Zipped is in bytes.
	Zipped int64 `json:"zipped"`
}

// writeLayers puts the layers beside the deployments: the runtime for both
// architectures, and the image function's program where there is one. From
// source they are compiled when they are first needed, and kept.
func writeLayers(ctx context.Context, out string, d *manifest.Deployment, progress func(string)) ([]layerView, error) {
	dir := filepath.Join(out, "layers")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	progress("making the runtime layers")
	type wanted struct {
		name         string
		runtime      layer.Runtime
		architecture manifest.Architecture
	}
	bootstrap := layer.Runtime{Program: layer.Bootstrap, Scripts: node.Scripts}
	list := []wanted{{"runtime", bootstrap, manifest.ARM64}, {"runtime", bootstrap, manifest.X8664}}
	for _, f := range d.Functions {
		if f.Kind == manifest.ImageFunction {
			list = append(list, wanted{"images", layer.Runtime{Program: layer.Images}, f.Architecture})
		}
	}
	views := make([]layerView, 0, len(list))
	for _, w := range list {
		source, err := w.runtime.Zip(ctx, w.architecture)
		if err != nil {
			return nil, fmt.Errorf("make layer %s for %s: %w", w.name, w.architecture, err)
		}
		v := layerView{Name: w.name, Architecture: w.architecture, Path: filepath.Join(dir, fmt.Sprintf("%s-%s.zip", w.name, w.architecture))}
		if v.Zipped, err = place(source, v.Path); err != nil {
			return nil, fmt.Errorf("write layer %s: %w", v.Path, err)
		}
		views = append(views, v)
	}
	return views, nil
}

// place makes to a copy of from, as a whole or not at all, and returns its
// size. A hard link does where the file system has them.
func place(from, to string) (int64, error) {
	source, err := os.Stat(from)
	if err != nil {
		return 0, err
	}
	if there, err := os.Stat(to); err == nil && os.SameFile(source, there) {
		return source.Size(), nil
	}
	beside := to + ".next"
	if err := os.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	if err := os.Link(from, beside); err != nil {
		if err := copyFile(from, beside); err != nil {
			return 0, err
		}
	}
	return source.Size(), os.Rename(beside, to)
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
