package s3cache

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Options make a Cache.
type Options struct {
	// Store and Tags are required.
	Store Store
	Tags  TagStore
	// Prefix is below which pages and leases are kept, as a deployment's id: dropping
	// it drops them as a whole. Without a slash at the end.
	Prefix string
	// DataPrefix is below which the data cache is kept; "" means Prefix.
	DataPrefix string
	// MemoryBytes bounds the decoded entries kept in memory; 0 means 32 MiB, negative
	// means none.
	MemoryBytes int64
	// AtOnce asks for an object and its tags at the same time where the tags are known:
	// for stores over a network. On one machine it costs more than it saves.
	AtOnce bool
}

// Cache is what the gateway and the functions use: a Store, a TagStore, and a small
// memory of decoded entries. Methods may be called by any number of goroutines.
type Cache struct {
	store      Store
	tags       TagStore
	prefix     string
	dataPrefix string
	memory     *memory
	atOnce     bool
	known      *known
	counters   *counters
	// machine is this machine's clock, clocks are those of the stores that have one.
	machine func() time.Time
	clocks  []Clock
}

// attempts is how often a conditional write is made before the writer gives up. Each
// failure means that another writer got through.
const attempts = 32

// New returns a cache. It does no I/O.
func New(o Options) *Cache {
	if o.MemoryBytes == 0 {
		o.MemoryBytes = 32 << 20
	}
	if o.DataPrefix == "" {
		o.DataPrefix = o.Prefix
	}
	c := &Cache{
		store: o.Store, tags: o.Tags, prefix: o.Prefix, dataPrefix: o.DataPrefix,
		memory: newMemory(o.MemoryBytes), known: new(known), atOnce: o.AtOnce,
		counters: new(counters), machine: time.Now,
	}
	for _, store := range []any{o.Store, o.Tags} {
		if clock, ok := store.(Clock); ok {
			c.clocks = append(c.clocks, clock)
		}
	}
	return c
}

// Of returns the cache of what is kept below another Options.Prefix, and the data
// cache below it too where none has a DataPrefix. Stores, memory, what is known of tags
// and counters are the same ones.
func (c *Cache) Of(prefix string) *Cache {
	if prefix == c.prefix {
		return c
	}
	other := *c
	other.prefix = prefix
	if c.dataPrefix == c.prefix {
		other.dataPrefix = prefix
	}
	return &other
}

// offset is how far the clock that all machines go by is ahead of this one's; known is
// false when there is such a clock, and nothing was heard of it yet.
func (c *Cache) offset() (ahead time.Duration, known bool) {
	for _, clock := range c.clocks {
		if ahead, known := clock.Offset(); known {
			return ahead, true
		}
	}
	return 0, len(c.clocks) == 0
}

// hear makes sure, once in a process, that something was heard of that clock, before a
// time is written that others go by. Failing, it leaves the machine's clock to do.
func (c *Cache) hear(ctx context.Context) {
	if _, known := c.offset(); known {
		return
	}
	if _, ok := c.store.(Clock); ok {
		_, _ = c.store.Get(ctx, c.prefix+"/clock", "")
	} else {
		_, _ = c.tags.Read(ctx, []string{"clock"})
	}
}

// now is the time by that clock, in milliseconds since 1970.
func (c *Cache) now() int64 {
	ahead, _ := c.offset()
	return c.machine().Add(ahead).UnixMilli()
}

// read returns an object's entry and ETag. Errors: ErrNotFound; ErrCorrupt, then with
// the ETag; the store's.
func (c *Cache) read(ctx context.Context, name string) (*Entry, string, error) {
	held, asked := c.memory.get(name), c.machine()
	object, err := c.store.Get(ctx, name, held.etag)
	switch {
	case errors.Is(err, ErrNotModified) && held.entry != nil:
		c.counters.remembered.Add(1)
		c.memory.confirm(name, held.entry, asked)
		return held.entry, held.etag, nil
	case errors.Is(err, ErrNotFound):
		c.memory.forget(name)
		return nil, "", ErrNotFound
	case err != nil:
		c.counters.storeErrors.Add(1)
		return nil, "", err
	}
	entry, err := DecodeEntry(object.Body)
	if err != nil {
		c.memory.forget(name)
		c.counters.corrupt.Add(1)
		return nil, object.ETag, err
	}
	c.memory.put(name, entry, object.ETag, int64(len(object.Body)), asked)
	return entry, object.ETag, nil
}

// Store writes an entry unless a newer render is there: stored tells. The entry belongs
// to the cache afterwards. Its Created is by this machine's clock, and kept by the
// stores' where they are a Clock.
func (c *Cache) Store(ctx context.Context, key Key, entry *Entry) (stored bool, err error) {
	c.hear(ctx)
	if ahead, _ := c.offset(); ahead != 0 && entry.Created > 0 {
		shifted := *entry
		shifted.Created += ahead.Milliseconds()
		entry = &shifted
	}
	return c.write(ctx, key, entry, func(there *Entry) bool { return there.Created <= entry.Created })
}

// Seed writes an entry of the build unless it, or anything newer, is already there.
func (c *Cache) Seed(ctx context.Context, key Key, entry *Entry) (stored bool, err error) {
	return c.write(ctx, key, entry, func(there *Entry) bool { return there.Created < entry.Created })
}

// write stores an entry if replaces allows it for what is there; the conditional write
// makes the two one step.
func (c *Cache) write(ctx context.Context, key Key, entry *Entry, replaces func(there *Entry) bool) (bool, error) {
	body, err := entry.Encode()
	if err != nil {
		return false, fmt.Errorf("store %s: %w", key.Name, err)
	}
	// What is remembered is what any other reader gets, filled ETags included.
	if entry, err = DecodeEntry(body); err != nil {
		return false, fmt.Errorf("store %s: %w", key.Name, err)
	}
	name, announced := c.object(key), int64(0)
	for range attempts {
		there, etag, err := c.read(ctx, name)
		condition := IfMatch(etag)
		switch {
		case err == nil && !replaces(there):
			c.counters.outrun.Add(1)
			return false, nil
		case errors.Is(err, ErrNotFound):
			condition = IfAbsent
		case err != nil && !errors.Is(err, ErrCorrupt):
			return false, fmt.Errorf("store %s: %w", key.Name, err)
		}
		if condition != IfAbsent {
			if announced, err = c.announce(ctx, name, there, entry, announced); err != nil {
				return false, fmt.Errorf("store %s: %w", key.Name, err)
			}
		}
		put := c.machine()
		etag, err = c.store.Put(ctx, name, body, condition)
		if err == nil {
			c.counters.stored.Add(1)
			c.memory.put(name, entry, etag, int64(len(body)), put)
			return true, nil
		}
		if !errors.Is(err, ErrConflict) {
			c.counters.storeErrors.Add(1)
			return false, fmt.Errorf("store %s: %w", key.Name, err)
		}
		c.counters.conflicts.Add(1)
	}
	return false, fmt.Errorf("store %s: %w", key.Name, ErrConflict)
}

// markOf is the tag that says of an object which of its entries are no longer the
// newest: those rendered before its ExpiredAt. No tag of Next.js begins so, for they are
// sent in headers.
func markOf(name string) string { return "\x00" + name }

// announce tells those who have an entry in memory and take it for fresh that it will be
// replaced: from then on they ask the store. That comes first, so that a writer who dies
// in between has only made others ask. there is nil if it could not be read. The mark is
// written unless one as late was: announced.
func (c *Cache) announce(ctx context.Context, name string, there, entry *Entry, announced int64) (int64, error) {
	if there != nil && Freshness(there, nil, nil, c.now()) != Fresh {
		return announced, nil // they ask by themselves
	}
	mark := entry.Created
	if there == nil || there.Created == mark {
		mark++
	}
	if mark <= announced {
		return announced, nil
	}
	if err := c.tags.Write(ctx, map[string]Tag{markOf(name): {ExpiredAt: mark}}); err != nil {
		c.counters.tagErrors.Add(1)
		return announced, err
	}
	return mark, nil
}

// RevalidateTags does what Next.js's revalidateTag(tags, durations) does: without
// durations, whatever was rendered before now and carries one of the tags is expired;
// with them it is stale, and expires after durations.Expire. One write a tag, and one
// read before it with durations, or if nothing was heard of the stores yet.
func (c *Cache) RevalidateTags(ctx context.Context, tags []string, durations *Durations) error {
	if len(tags) == 0 {
		return nil
	}
	var known map[string]Tag
	var err error
	// A process that has heard of no clock yet asks: what it writes cannot be taken back.
	if _, heard := c.offset(); durations != nil || !heard {
		if known, err = c.tags.Read(ctx, tags); err != nil {
			c.counters.tagErrors.Add(1)
			return fmt.Errorf("revalidate tags: %w", err)
		}
	}
	now := c.now()
	updates := make(map[string]Tag, len(tags))
	for _, tag := range tags {
		updates[tag] = durations.update(known[tag], now)
	}
	err = c.tags.Write(ctx, updates)
	if err != nil {
		c.counters.tagErrors.Add(1)
		return fmt.Errorf("revalidate tags: %w", err)
	}
	return nil
}

// Drop deletes every object below a prefix, as of a deployment that is not kept any
// more, and returns how many. It goes on after failures and returns the first.
func (c *Cache) Drop(ctx context.Context, prefix string) (dropped int, err error) {
	if prefix == "" {
		return 0, errors.New("drop entries: the prefix is empty")
	}
	for item, listed := range c.store.List(ctx, prefix+"/") {
		failed := listed
		if failed == nil {
			c.memory.forget(item.Key)
			failed = c.store.Delete(ctx, item.Key, Condition{})
		}
		if failed == nil {
			dropped++
		} else if err == nil {
			err = fmt.Errorf("drop entries of %s: %w", prefix, failed)
		}
	}
	return dropped, err
}
