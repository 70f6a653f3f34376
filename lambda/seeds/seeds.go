// Package seeds puts what the build rendered into the page store, on a laptop and on
// AWS alike.
package seeds

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"pack/lambda/state"
	"pack/manifest"
	"pack/s3cache"
)

// seeders is how many pages are written at a time.
const seeders = 16

// Options say what is stored where.
type Options struct {
	Deployment *manifest.Deployment
	// Dir is the folder that every Part.File is relative to.
	Dir   string
	State *state.State
	// MarkDir is a folder of this machine that remembers which deployments were
	// stored, for a page store that is one too: only one deployment is served from
	// there. Without it that is remembered beside the pages, which others share.
	MarkDir string
	// Progress is told how many pages are done; may be nil. It is called by one
	// goroutine at a time.
	Progress func(done, total int)
}

// Store stores the pages unless that was done for this deployment before: those
// rendered since then stay.
func Store(ctx context.Context, o Options) error {
	marks := marks{dir: o.MarkDir}
	if o.MarkDir == "" {
		marks.objects = o.State.Objects
	}
	seeded, err := marks.has(ctx, o.Deployment.ID)
	if err != nil || seeded {
		return err
	}
	cache := o.State.Cache(o.Deployment.ID, o.Deployment.App.DataPrefix(), -1)
	g, seeding := errgroup.WithContext(ctx)
	g.SetLimit(seeders)
	var mu sync.Mutex
	done := 0
	for _, page := range o.Deployment.Pages {
		g.Go(func() error {
			if seeding.Err() != nil {
				return context.Cause(seeding)
			}
			entry, err := entryOf(o.Dir, page)
			if err == nil && entry != nil {
				_, err = cache.Seed(seeding, s3cache.PageKey(page.SeedKey(o.Deployment.App.BasePath)), entry)
			}
			if err != nil {
				return fmt.Errorf("seed page %s: %w", page.Pathname, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if done++; o.Progress != nil {
				o.Progress(done, len(o.Deployment.Pages))
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := marks.dropOthers(ctx, o.Deployment.ID, cache); err != nil {
		return err
	}
	return marks.add(ctx, o.Deployment.ID)
}

// marks remember which deployments were seeded: in a folder of this
// machine, or as objects beside the pages, which others share.
type marks struct {
	dir     string
	objects s3cache.Store
}

func (m marks) object(deployment string) string { return "seeded/" + deployment + ".mark" }

func (m marks) has(ctx context.Context, deployment string) (bool, error) {
	if m.objects != nil {
		_, err := m.objects.Get(ctx, m.object(deployment), "")
		if errors.Is(err, s3cache.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}
	_, err := os.Stat(filepath.Join(m.dir, deployment))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (m marks) add(ctx context.Context, deployment string) error {
	if m.objects != nil {
		_, err := m.objects.Put(ctx, m.object(deployment), []byte("seeded"), s3cache.Condition{})
		return err
	}
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(m.dir, deployment), nil, 0o644)
}

// dropOthers removes the pages of deployments that this folder served before.
// Those of a bucket may be served by others.
func (m marks) dropOthers(ctx context.Context, deployment string, cache *s3cache.Cache) error {
	if m.objects != nil {
		return nil
	}
	marks, err := os.ReadDir(m.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, mark := range marks {
		if mark.Name() == deployment {
			continue
		}
		if _, err := cache.Drop(ctx, mark.Name()); err != nil {
			return err
		}
		if err := os.Remove(filepath.Join(m.dir, mark.Name())); err != nil {
			return err
		}
	}
	return nil
}

// entryOf reads the entry that the build made of a page; nil when it made
// none.
func entryOf(dir string, page manifest.Page) (*s3cache.Entry, error) {
	if page.Seed == nil || page.Template && !page.PartiallyStatic && page.Kind != s3cache.KindPages {
		return nil, nil
	}
	s := page.Seed
	e := &s3cache.Entry{Kind: page.Kind, Status: s.Status, Tags: s.Tags, Created: s.Created}
	if s.Revalidate != nil && !page.Template {
		e.Revalidate = s3cache.Seconds(int64(*s.Revalidate))
	}
	if s.Expire != nil {
		e.Expire = s3cache.Seconds(int64(*s.Expire))
	}
	if page.Template && page.Kind == s3cache.KindPages {
		// A fallback page (getStaticPaths) is of the build alone and never old.
		e.Revalidate, e.Expire = nil, nil
	}
	if s.NotFound {
		e.Kind, e.Status = s3cache.KindNotFound, 0
		return e, nil
	}
	for _, part := range page.Parts {
		if part.File == "" {
			continue
		}
		body, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(part.File)))
		if err != nil {
			return nil, err
		}
		e.Parts = append(e.Parts, s3cache.Part{Name: part.Name, Body: body})
		switch {
		case part.Name == s3cache.PartHTML || part.Name == s3cache.PartBody:
			e.Header = storedHeader(page.Kind, part.Headers)
		case e.Header == nil && strings.HasPrefix(part.Name, s3cache.PartSegment):
			// A template whose shell is empty has no HTML to say it.
			e.Header = storedHeader(page.Kind, part.Headers)
			delete(e.Header, "x-nextjs-postponed") // A segment's own.
		}
	}
	if s.Postponed != "" {
		e.Parts = append(e.Parts, s3cache.Part{Name: s3cache.PartPostponed, Body: []byte(s.Postponed)})
	}
	if len(e.Parts) == 0 {
		return nil, nil
	}
	return e, nil
}

// storedHeader is what Next itself would have stored of a seed's headers: the
// rest it makes anew for every response.
func storedHeader(kind string, from map[string][]string) map[string][]string {
	header := maps.Clone(from)
	if kind != s3cache.KindAppRoute {
		delete(header, "vary")
		delete(header, "content-type")
	}
	return header
}
