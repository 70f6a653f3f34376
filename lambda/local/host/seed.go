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

	"pack/manifest"
	"pack/s3cache"
)

// seed puts what the build rendered into the page store, unless this
// deployment was seeded before: pages rendered since then stay.
func seed(ctx context.Context, o Options) error {
	marker := filepath.Join(o.StateDir, "seeded", o.Deployment.ID)
	if _, err := os.Stat(marker); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	cache, err := OpenCache(o.StateDir, o.Deployment.ID, -1)
	if err != nil {
		return fmt.Errorf("open page store: %w", err)
	}
	for _, page := range o.Deployment.Pages {
		entry, err := seedEntry(o.SeedsDir, page)
		if err != nil {
			return fmt.Errorf("seed page %s: %w", page.Pathname, err)
		}
		if entry == nil {
			continue
		}
		if _, err := cache.Seed(ctx, s3cache.PageKey(page.SeedKey(o.Deployment.App.BasePath)), entry); err != nil {
			return fmt.Errorf("seed page %s: %w", page.Pathname, err)
		}
	}
	if err := dropOthers(ctx, o, cache); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(marker), 0o755); err != nil {
		return err
	}
	return os.WriteFile(marker, nil, 0o644)
}

// dropOthers removes the pages of deployments that this folder served before.
func dropOthers(ctx context.Context, o Options, cache *s3cache.Cache) error {
	folder := filepath.Join(o.StateDir, "seeded")
	markers, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, m := range markers {
		if m.Name() == o.Deployment.ID {
			continue
		}
		if _, err := cache.Drop(ctx, m.Name()); err != nil {
			return err
		}
		if err := os.Remove(filepath.Join(folder, m.Name())); err != nil {
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
	if s.Revalidate != nil {
		e.Revalidate = s3cache.Seconds(int64(*s.Revalidate))
	}
	if s.Expire != nil {
		e.Expire = s3cache.Seconds(int64(*s.Expire))
	}
	if page.Template && page.Kind == s3cache.KindPages {
		// A fallback page (getStaticPaths) is of the build alone and never old.
		e.Revalidate, e.Expire = nil, nil
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
