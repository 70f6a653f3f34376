package s3cache

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// apart is how much clocks of different instances may differ. An entry that has no
// longer than that to live is compared with the store, for one whose clock is ahead may
// have replaced it, and only what replaces a fresh one is announced.
const apart = 5 * time.Second

// Lookup returns the entry of a key and how it may be used; the entry is nil only when
// it is Missing. extraTags count besides the entry's own (the soft tags of the data
// cache).
//
// It is one Revision of the tag store, and one Read of those tags of which nothing is
// known since that revision. Unless the entry is in memory, fresh, and not replaced, it is
// one Get besides: with Options.AtOnce at the same time.
//
// An error is for the log: the state is right without looking at it. The store failing
// is Missing, and so is an object that is no entry. The tag store failing is Expired,
// for nobody knows what was revalidated: render, and fall back on the entry.
func (c *Cache) Lookup(ctx context.Context, key Key, extraTags []string) (*Entry, State, error) {
	entry, state, err := c.ask(ctx, c.object(key), extraTags)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	c.counters.states[state].Add(1)
	if err != nil {
		err = fmt.Errorf("look up %s: %w", key.Name, err)
	}
	return entry, state, err
}

// ask looks an entry up: in memory, as far as that can be known to be right, and in the
// store.
func (c *Cache) ask(ctx context.Context, name string, extraTags []string) (*Entry, State, error) {
	held := c.memory.get(name)
	tags := held.tags(extraTags)
	// What did not count a moment ago will hardly count now.
	must := held.entry == nil || !c.counts(held, extraTags, c.known.last(tags))
	entry, failed := held.entry, error(nil)
	get := func() { entry, _, failed = c.read(ctx, name) }
	var asking sync.WaitGroup
	if must && c.atOnce {
		asking.Go(get)
	} else if must {
		if get(); entry == nil {
			return nil, Missing, failed
		}
	}
	at := c.revise(ctx)
	var marks map[string]Tag
	var marksFailed error
	if held.entry != nil {
		marks, marksFailed = c.marks(ctx, at, tags)
		if !must && marksFailed == nil && c.counts(held, extraTags, marks) {
			c.counters.remembered.Add(1)
			c.counters.recalled.Add(1)
			return held.entry, Fresh, nil
		}
	}
	if !must {
		get()
	}
	asking.Wait()
	if entry == nil {
		return nil, Missing, failed
	}
	tags = union(entry.Tags, extraTags)
	if entry != held.entry && marksFailed == nil && len(tags) > 0 {
		if now := c.memory.get(name); now.entry == entry {
			tags = now.tags(extraTags)
		}
		marks, marksFailed = c.marks(ctx, at, tags)
	}
	if marksFailed != nil {
		c.counters.tagErrors.Add(1)
		return entry, Expired, marksFailed
	}
	return entry, Freshness(entry, union(entry.Tags, extraTags), marks, c.now()), nil
}

// counts reports whether an entry in memory is fresh and the store's newest, if these
// are the marks: nobody replaces a fresh one without announcing it.
func (c *Cache) counts(held remembered, extraTags []string, marks map[string]Tag) bool {
	now := c.now()
	return c.recent(held.seen) &&
		Freshness(held.entry, nil, nil, now+apart.Milliseconds()) == Fresh &&
		Freshness(held.entry, union(held.entry.Tags, extraTags), marks, now) == Fresh &&
		(len(marks) == 0 || marks[markOf(held.name)].ExpiredAt <= held.entry.Created)
}

// recent reports whether a moment was less than trust ago. It goes by the machine's
// clock, and not by one that may stand still with the instance.
func (c *Cache) recent(moment time.Time) bool {
	ago := c.machine().Round(0).Sub(moment.Round(0))
	return ago >= 0 && ago < trust
}

// union returns the tags of both without changing either.
func union(tags, more []string) []string {
	if len(more) == 0 {
		return tags
	}
	return append(tags[:len(tags):len(tags)], more...)
}
