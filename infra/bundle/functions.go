package bundle

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"pack/infra/archive"
	"pack/manifest"
)

// function is a function, or the layer, on its way into an archive.
type function struct {
	name    string
	entries []archive.Entry
	digest  string
}

// functionsOf gives each function's entries and digest. It reads no file.
func functionsOf(p *manifest.Plan) ([]function, error) {
	functions := make([]function, len(p.Deployment.Functions))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range p.Deployment.Functions {
		g.Go(func() (err error) {
			if functions[i], err = functionOf(p, f); err != nil {
				return fmt.Errorf("bundle function %s: %w", f.Name, err)
			}
			return nil
		})
	}
	return functions, g.Wait()
}

func functionOf(p *manifest.Plan, f manifest.Function) (function, error) {
	if f.Name == "" || strings.ContainsAny(f.Name, `/\`) || !filepath.IsLocal(f.Name) {
		return function{}, errors.New("its name is not a file name")
	}
	files, err := documented(p, f)
	if err != nil {
		return function{}, err
	}
	entries, err := archive.Entries(files)
	if err != nil {
		return function{}, err
	}
	return function{name: f.Name, entries: entries, digest: archive.Digest(entries)}, nil
}

// describe gives what the document says of a function's archive.
func (f *function) describe(pool *archive.Pool) (*manifest.Archive, error) {
	zipped, err := pool.Size(f.entries)
	if err != nil {
		return nil, fmt.Errorf("bundle function %s: %w", f.name, err)
	}
	return &manifest.Archive{
		Digest:   f.digest,
		Files:    len(f.entries),
		Zipped:   zipped,
		Unzipped: archive.Unzipped(f.entries),
	}, nil
}

// archives gives the functions, and the layer.
func (b *bundling) archives() iter.Seq[*function] {
	return func(yield func(*function) bool) {
		for i := range b.functions {
			if !yield(&b.functions[i]) {
				return
			}
		}
		yield(&b.layer)
	}
}

// compress puts the files of all archives into the pool.
func (b *bundling) compress(ctx context.Context, pool *archive.Pool) (archive.Added, error) {
	// Most functions share most of their files: each is looked at once.
	var entries []archive.Entry
	seen := make(map[string]bool)
	for f := range b.archives() {
		for _, e := range f.entries {
			if !seen[e.Key] {
				seen[e.Key] = true
				entries = append(entries, e)
			}
		}
	}
	if b.Fresh {
		pool.Forget(entries)
	}
	return pool.Add(ctx, entries, func(done, total int) {
		b.Progress(Progress{Step: Compressing, Done: done, Total: total})
	})
}

// added lists the functions whose archives the deployment before had not.
func (b *bundling) added() (names []string) {
	before := map[string]bool{}
	if b.before != nil {
		for _, f := range b.before.deployment.Functions {
			if f.Archive != nil {
				before[f.Archive.Digest] = true
			}
		}
	}
	for _, f := range b.functions {
		if !before[f.digest] {
			names = append(names, f.name)
		}
	}
	return names
}
