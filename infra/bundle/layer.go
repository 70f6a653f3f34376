package bundle

import (
	"context"
	"fmt"
	"path"
	"path/filepath"

	"pack/infra/archive"
	"pack/manifest"
)

// The layer of the Deployment has a list of files as functions have; no function
// has its name.
const (
	layerList = "layers/deployment"
	layersDir = "layers"
)

// layerOf gives the layer that gateway and worker read what manifest.EncodeServed
// leaves of the Deployment from. It changes with every deployment, and they with it,
// while their archives stay.
func layerOf(d *manifest.Deployment) (function, error) {
	content, err := manifest.EncodeServed(d)
	if err != nil {
		return function{}, err
	}
	entries, err := archive.Entries([]manifest.File{{
		Name: path.Join(manifest.DeploymentFolder, manifest.DeploymentFile), Content: content, Mode: 0o644, Size: int64(len(content)),
	}})
	if err != nil {
		return function{}, err
	}
	return function{name: layerList, entries: entries, digest: archive.Digest(entries)}, nil
}

// Layer describes the layer that gateway and worker read the Deployment from.
func (o *Output) Layer() (*manifest.Archive, error) {
	entries, err := o.Files(layerList)
	if err != nil {
		return nil, err
	}
	pool, err := o.pool()
	if err != nil {
		return nil, err
	}
	f := function{name: layerList, entries: entries, digest: archive.Digest(entries)}
	return f.describe(pool)
}

// LayerArchive gives the path of the layer's zip file, which is written when it is
// not there yet.
func (o *Output) LayerArchive(ctx context.Context) (string, error) {
	layer, err := o.Layer()
	if err != nil {
		return "", err
	}
	path := filepath.Join(o.dir, layersDir, "deployment"+zipSuffix)
	if err := o.ensureArchive(ctx, layerList, path, layer.Zipped); err != nil {
		return "", fmt.Errorf("write layer of the deployment: %w", err)
	}
	return path, nil
}

// UnpackLayer lays the layer out in a folder and returns the path of the Deployment
// in it, as Unpack does a function's archive.
func (o *Output) UnpackLayer(ctx context.Context) (string, error) {
	entries, err := o.Files(layerList)
	if err != nil {
		return "", err
	}
	dir, err := o.tree.Unpack(ctx, o.pool, archive.Digest(entries), entries)
	if err != nil {
		return "", fmt.Errorf("unpack layer of the deployment: %w", err)
	}
	return filepath.Join(dir, manifest.DeploymentFolder, manifest.DeploymentFile), nil
}
