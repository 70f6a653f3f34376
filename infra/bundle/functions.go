package bundle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"pack/infra/archive"
	"pack/manifest"
)

// function is a function on its way into an archive.
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

// archives makes the archives of functions in a deployment's folder.
type archives struct {
	dir  string
	pool *archive.Pool
	// before maps the digests of the previous deployment to its archives.
	before   map[string]string
	progress func(Progress)
}

func (a *archives) path(f *function) string { return filepath.Join(a.dir, f.name+zipSuffix) }

// make links the archives that the previous deployment has, writes the others,
// and returns the functions of those.
func (a *archives) make(ctx context.Context, functions []function) (written []string, added archive.Added, err error) {
	var missing []*function
	// Most functions share most of their files: each is looked at once.
	var entries []archive.Entry
	seen := make(map[string]bool)
	for i := range functions {
		f := &functions[i]
		if a.reuse(f) {
			continue
		}
		missing = append(missing, f)
		written = append(written, f.name)
		for _, e := range f.entries {
			if !seen[e.Key] {
				seen[e.Key] = true
				entries = append(entries, e)
			}
		}
	}
	added, err = a.pool.Add(ctx, entries, func(done, total int) {
		a.progress(Progress{Step: Compressing, Done: done, Total: total})
	})
	if err != nil {
		return nil, added, err
	}
	var mu sync.Mutex
	done := 0
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, f := range missing {
		g.Go(func() error {
			if err := a.write(ctx, f); err != nil {
				return fmt.Errorf("bundle function %s: %w", f.name, err)
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			a.progress(Progress{Step: Archiving, Done: done, Total: len(missing)})
			return nil
		})
	}
	err = g.Wait()
	return written, added, err
}

func (a *archives) reuse(f *function) bool {
	before := a.before[f.digest]
	if before == "" {
		return false
	}
	if _, err := archive.Whole(before); err != nil {
		return false
	}
	return os.Link(before, a.path(f)) == nil
}

func (a *archives) write(ctx context.Context, f *function) error {
	out, err := os.OpenFile(a.path(f), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = a.pool.Write(ctx, out, f.entries)
	return errors.Join(err, out.Close())
}

// describe gives what the document says of a function's archive.
func (a *archives) describe(f *function) (*manifest.Archive, error) {
	zipped, err := archive.Whole(a.path(f))
	if err != nil {
		return nil, err
	}
	return &manifest.Archive{
		Digest:   f.digest,
		Files:    len(f.entries),
		Zipped:   zipped,
		Unzipped: archive.Unzipped(f.entries),
	}, nil
}
