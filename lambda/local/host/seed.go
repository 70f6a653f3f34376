package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"pack/lambda/state"
	"pack/manifest"
	"pack/s3cache"
)

// seeders is how many pages are written at a time.
const seeders = 16

// seed puts what the build rendered into the page store, unless this
// deployment was seeded before: pages rendered since then stay.
func seed(ctx context.Context, o Options, opened *state.State) error {
	marks := seedMarks{dir: filepath.Join(o.State.Dir, "seeded")}
	if o.State.Bucket != "" {
		marks = seedMarks{objects: opened.Objects}
	}
	seeded, err := marks.has(ctx, o.Deployment.ID)
	if err != nil || seeded {
		return err
	}
	cache := opened.Cache(o.Deployment.ID, -1)
	g, seeding := errgroup.WithContext(ctx)
	g.SetLimit(seeders)
	for _, page := range o.Deployment.Pages {
		g.Go(func() error {
			entry, err := seedEntry(o.SeedsDir, page)
			if err == nil && entry != nil {
				_, err = cache.Seed(seeding, s3cache.PageKey(page.SeedKey(o.Deployment.App.BasePath)), entry)
			}
			if err != nil {
				return fmt.Errorf("seed page %s: %w", page.Pathname, err)
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

// seedMarks remember which deployments were seeded: in a folder of this
// machine, or as objects beside the pages, which others share.
type seedMarks struct {
	dir     string
	objects s3cache.Store
}

func (m seedMarks) object(deployment string) string { return "seeded/" + deployment + ".mark" }

func (m seedMarks) has(ctx context.Context, deployment string) (bool, error) {
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

func (m seedMarks) add(ctx context.Context, deployment string) error {
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
func (m seedMarks) dropOthers(ctx context.Context, deployment string, cache *s3cache.Cache) error {
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

// seedEntry reads the entry that the build made of a page; nil when it made
// none.
func seedEntry(dir string, page manifest.Page) (*s3cache.Entry, error) {
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
	delete(header, "vary")
	if kind != s3cache.KindAppRoute {
		delete(header, "content-type")
	}
	return header
}
