package deploy

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pack/infra/bundle"
	"pack/infra/objects"
	"pack/infra/template"
	"pack/manifest"
)

// Package is what is deployed: a bundled deployment, the layers of its functions,
// and pack.json's settings of AWS.
type Package struct {
	Output *bundle.Output
	Layers []Layer
	Pack   manifest.PackSettings
}

// Layer is a layer's zip file.
type Layer struct {
	template.Layer
	Path string
	// Size is the file's, in bytes.
	Size int64
}

// made are the templates of a region.
type made struct {
	*template.CloudFormation
	// parameters are the names of the root's.
	parameters []string
}

// options are those of a region's template.
func (p *Package) options(t *Target, region string) (template.Options, error) {
	layer, err := p.Output.Layer()
	if err != nil {
		return template.Options{}, err
	}
	o := template.Options{
		DeploymentLayer: layer.Digest,
		Deployment:      p.Output.Deployment(), Name: t.Name, Stage: t.Stage, Region: region,
		AWS: p.Pack.AWS, CDN: p.Pack.CDN, Domains: p.Pack.Domains, Secrets: p.Pack.Secrets,
	}
	for _, l := range p.Layers {
		o.Layers = append(o.Layers, l.Layer)
	}
	return o, nil
}

// templates makes the templates of every region. before is what their stacks have;
// nothing is known of those that it has not.
func (p *Package) templates(t *Target, before map[string]*template.Before, given map[string]string, release string) (map[string]*made, error) {
	all := map[string]*made{}
	for _, region := range template.Regions(p.Output.Deployment()) {
		o, err := p.options(t, region)
		if err != nil {
			return nil, err
		}
		o.Values, o.Release, o.Before = given, release, before[region]
		c, err := template.NewCloudFormation(o)
		if err != nil {
			return nil, err
		}
		m := &made{CloudFormation: c}
		if m.parameters, err = parametersOf(c.Files[0].Body); err != nil {
			return nil, err
		}
		all[region] = m
	}
	return all, nil
}

// file gives a template by its name; nil when there is none.
func (m *made) file(name string) *template.File {
	i := slices.IndexFunc(m.Files, func(f template.File) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return &m.Files[i]
}

// key is where a template is in the bucket of artifacts.
func key(f *template.File) string {
	if f.Key != "" {
		return f.Key
	}
	return template.TemplateKey(f.Body)
}

// artifacts are what the bucket of a region must have for its template.
func (p *Package) artifacts(region string, m *made) ([]objects.Upload, error) {
	here := map[string]bool{}
	for _, f := range m.Functions {
		here[f.Name] = true
	}
	var all []objects.Upload
	seen := map[string]bool{}
	add := func(u objects.Upload) {
		if !seen[u.Key] {
			seen[u.Key] = true
			all = append(all, u)
		}
	}
	layer, err := p.Output.Layer()
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, f := range p.Output.Deployment().Functions {
		if !here[f.Name] {
			continue
		}
		if f.Kind == manifest.GatewayFunction {
			add(objects.Upload{Key: template.LayerKey(layer.Digest), Size: layer.Zipped, Open: p.Output.LayerArchive})
		}
		name := template.LayerRuntime
		if f.Kind == manifest.ImageFunction {
			name = template.LayerImages
		}
		used[name+string(f.Architecture)] = true
		add(objects.Upload{
			Key: template.FunctionKey(f.Archive.Digest), Size: f.Archive.Zipped,
			Open: func(ctx context.Context) (string, error) { return p.Output.Archive(ctx, f.Name) },
		})
	}
	for _, l := range p.Layers {
		if used[l.Name+string(l.Architecture)] {
			add(objects.Upload{
				Key: template.LayerKey(l.Digest), Size: l.Size,
				Open: func(context.Context) (string, error) { return l.Path, nil },
			})
		}
	}
	for i := range m.Files {
		f := &m.Files[i]
		if f.Name == template.CertificateName {
			continue // for another region's bucket
		}
		add(objects.Upload{Key: key(f), Body: f.Body, Size: int64(len(f.Body)), MediaType: "application/json"})
	}
	return all, nil
}

// immutable is what browsers are told of files whose addresses change with their
// content.
const immutable = "public, max-age=31536000, immutable"

// assets are what the bucket of assets must have. Files of Next's static folder are
// what the CDN reads there without asking the gateway, so that they carry their
// headers with them.
func (p *Package) assets() []objects.Upload {
	d := p.Output.Deployment()
	var all []objects.Upload
	seen := map[string]bool{}
	for _, a := range d.Assets {
		u := objects.Upload{
			Key: template.AssetKey(d, a), Size: a.Size,
			Open: func(context.Context) (string, error) {
				return filepath.Join(p.Output.AssetsDir(), filepath.FromSlash(a.File)), nil
			},
		}
		if seen[u.Key] {
			continue
		}
		seen[u.Key] = true
		if !strings.HasSuffix(u.Key, a.Digest) {
			u.Named, u.MediaType, u.CacheControl = true, manifest.MediaType(a.Pathname), immutable
		}
		all = append(all, u)
	}
	return all
}

// keys of uploads.
func keys(all []objects.Upload) []string {
	out := make([]string, len(all))
	for i, u := range all {
		out[i] = u.Key
	}
	slices.Sort(out)
	return out
}

// NewLayer describes a layer's file.
func NewLayer(name string, architecture manifest.Architecture, path, digest string) (Layer, error) {
	st, err := os.Stat(path)
	if err != nil {
		return Layer{}, err
	}
	return Layer{Layer: template.Layer{Name: name, Architecture: architecture, Digest: digest}, Path: path, Size: st.Size()}, nil
}
