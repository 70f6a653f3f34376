package s3cache

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Lookup returns the entry of a key and how it may be used; the entry is nil only when
// it is Missing. extraTags count besides the entry's own (the soft tags of the data
// cache). It is one Get and one Read of tags: one after the other, or with Options.AtOnce
// together when the entry is in memory, and so its tags known.
//
// An error is for the log: the state is right without looking at it. The store failing
// is Missing, and so is an object that is no entry. The tag store failing is Expired,
// for nobody knows what was revalidated: render, and fall back on the entry.
func (c *Cache) Lookup(ctx context.Context, key Key, extraTags []string) (*Entry, State, error) {
	name := c.object(key)
	if entry := c.recall(name, extraTags); entry != nil {
		c.counters.states[Fresh].Add(1)
		c.counters.recalled.Add(1)
		return entry, Fresh, nil
	}
	entry, state, err := c.ask(ctx, name, extraTags)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	c.counters.states[state].Add(1)
	if err != nil {
		err = fmt.Errorf("look up %s: %w", key.Name, err)
	}
	return entry, state, err
}

// recall returns an entry that was fresh a moment ago and still is, as far as this
// process can know, or nil.
func (c *Cache) recall(name string, extraTags []string) *Entry {
	if c.remember <= 0 {
		return nil
	}
	entry, answer := c.memory.recall(name)
	if entry == nil || time.Since(answer.asked) >= c.remember || len(unknown(answer.tags, extraTags)) > 0 {
		return nil
	}
	if Freshness(entry, answer.tags, answer.marks, c.now()) != Fresh {
		return nil
	}
	return entry
}

// ask looks an entry up in the stores.
func (c *Cache) ask(ctx context.Context, name string, extraTags []string) (*Entry, State, error) {
	answer := answer{asked: time.Now(), doubts: c.memory.doubts.Load()}
	var marksFailed error
	var reading sync.WaitGroup
	if c.atOnce {
		if held, _ := c.memory.get(name); held != nil {
			answer.tags = union(held.Tags, extraTags)
			reading.Go(func() { answer.marks, marksFailed = c.readTags(ctx, answer.tags) })
		}
	}
	entry, _, err := c.read(ctx, name)
	reading.Wait()
	if entry == nil {
		return nil, Missing, err
	}
	tags := union(entry.Tags, extraTags)
	if more := unknown(answer.tags, tags); len(more) > 0 && marksFailed == nil {
		var marks map[string]Tag
		marks, marksFailed = c.readTags(ctx, more)
		answer.marks = joined(answer.marks, marks)
	}
	if marksFailed != nil {
		c.counters.tagErrors.Add(1)
		return entry, Expired, marksFailed
	}
	answer.tags = tags
	state := Freshness(entry, tags, answer.marks, c.now())
	if state == Fresh && c.remember > 0 {
		c.memory.answered(name, entry, answer)
	}
	return entry, state, nil
}

func (c *Cache) readTags(ctx context.Context, tags []string) (map[string]Tag, error) {
	if len(tags) == 0 {
		return nil, nil
	}
	return c.tags.Read(ctx, tags)
}

// union returns the tags of both without changing either.
func union(tags, more []string) []string {
	if len(more) == 0 {
		return tags
	}
	return append(tags[:len(tags):len(tags)], more...)
}

// unknown returns those tags that are not among known.
func unknown(known, tags []string) []string {
	if len(known) == 0 {
		return tags
	}
	var more []string
	for _, tag := range tags {
		if !slices.Contains(known, tag) {
			more = append(more, tag)
		}
	}
	return more
}

func joined(marks, more map[string]Tag) map[string]Tag {
	if len(marks) == 0 {
		return more
	}
	all := maps.Clone(marks)
	maps.Copy(all, more)
	return all
}
