package s3cache

import (
	"context"
	"maps"
	"sync"
	"time"
)

// trust is for how long the revision alone says that tags are as they were read, and an
// entry in memory is not compared with the store: for a writer may have died between
// the tags and the revision, and objects may be deleted by others than a Cache.
const trust = 5 * time.Minute

// mostKnown is how many tags are kept: a few MB.
const mostKnown = 20_000

// known is what an instance knows of tags: their marks, each read after the tag store
// had told the revision. While it tells the same they are so.
type known struct {
	mu       sync.Mutex
	revision revision
	since    time.Time      // when that was told first
	marks    map[string]Tag // of tags that were never revalidated, too
}

// revision is what the tag store told, if it was told.
type revision struct {
	told  bool
	value uint64
}

// revise asks for the revision. Failing, the tag store may still tell the tags.
func (c *Cache) revise(ctx context.Context) revision {
	if c.memory.limit < 0 {
		return revision{} // every lookup reads all tags
	}
	value, err := c.tags.Revision(ctx)
	return revision{err == nil, value}
}

// marks returns the marks of tags at a revision that has just been told: in one Read, as
// far as they are not known.
func (c *Cache) marks(ctx context.Context, at revision, tags []string) (map[string]Tag, error) {
	if len(tags) == 0 {
		return nil, nil
	}
	marks, unknown := c.knownAt(at, tags)
	if len(unknown) == 0 {
		return marks, nil
	}
	more, err := c.tags.Read(ctx, unknown)
	if err != nil {
		return nil, err
	}
	c.known.add(at, unknown, more)
	if len(marks) == 0 {
		return more, nil
	}
	maps.Copy(marks, more)
	return marks, nil
}

// knownAt returns those marks that are known at a revision, and the tags of which
// nothing is.
func (c *Cache) knownAt(at revision, tags []string) (marks map[string]Tag, unknown []string) {
	k := c.known
	k.mu.Lock()
	defer k.mu.Unlock()
	fresh := c.recent(k.since)
	if at.told && (!fresh || at.value > k.revision.value || !k.revision.told || len(k.marks) > mostKnown) {
		k.revision, k.since, k.marks = at, c.machine(), map[string]Tag{}
	}
	if at != k.revision || !at.told {
		return nil, tags // of who was slow to hear of a newer one, or heard nothing
	}
	return k.find(tags)
}

// last returns the marks that are known of tags, of whichever revision.
func (k *known) last(tags []string) map[string]Tag {
	k.mu.Lock()
	defer k.mu.Unlock()
	marks, _ := k.find(tags)
	return marks
}

func (k *known) find(tags []string) (marks map[string]Tag, unknown []string) {
	for _, tag := range tags {
		mark, there := k.marks[tag]
		switch {
		case !there:
			unknown = append(unknown, tag)
		case mark != Tag{}:
			if marks == nil {
				marks = make(map[string]Tag)
			}
			marks[tag] = mark
		}
	}
	return marks, unknown
}

// add notes what was read after a revision was told.
func (k *known) add(at revision, tags []string, marks map[string]Tag) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !at.told || at != k.revision {
		return
	}
	for _, tag := range tags {
		k.marks[tag] = marks[tag]
	}
}
