package webhooks

import (
	"context"

	"pack/manifest"
	"pack/s3cache"
)

// TagCache is the part of s3cache.Cache that a Revalidator needs.
type TagCache interface {
	// RevalidateTags expires what carries one of the tags; with durations it
	// makes it stale.
	RevalidateTags(ctx context.Context, tags []string, durations *s3cache.Durations) error
}

// Pages is a Revalidator over the page cache: what Next's revalidateTag and
// revalidatePath do, one write a tag however many pages carry it.
//
// Calls that come while a write is under way are put together into the next
// one, so that a burst of deliveries that touch the same pages costs no more
// writes than the store has time for. Each call still returns only when a
// write that began after it has succeeded.
type Pages struct {
	expire, stale *combiner
}

// NewPages returns a Revalidator. observe is told of every write that
// succeeded, for a CDN to follow; it may be nil.
func NewPages(cache TagCache, observe func(ctx context.Context, tags []string)) *Pages {
	write := func(durations *s3cache.Durations) *combiner {
		return newCombiner(func(ctx context.Context, tags []string) error {
			err := cache.RevalidateTags(ctx, tags, durations)
			if err == nil && observe != nil {
				observe(ctx, tags)
			}
			return err
		})
	}
	return &Pages{expire: write(nil), stale: write(&s3cache.Durations{})}
}

var _ Revalidator = (*Pages)(nil)

// Tags implements Revalidator.
func (p *Pages) Tags(ctx context.Context, tags []string, mode manifest.RefreshMode) error {
	if mode == manifest.StaleEntries {
		return p.stale.do(ctx, tags)
	}
	return p.expire.do(ctx, tags)
}

// Paths implements Revalidator.
func (p *Pages) Paths(ctx context.Context, paths []string, mode manifest.RefreshMode) error {
	var tags []string
	for _, path := range paths {
		tags = append(tags, PathTags(path)...)
	}
	return p.Tags(ctx, tags, mode)
}
