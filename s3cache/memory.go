package s3cache

import (
	"container/list"
	"sync"
	"time"
)

// memory holds decoded entries with the ETags of their objects, the least recently used
// leaving first. By itself it says nothing of freshness: Cache.ask does.
type memory struct {
	mu    sync.Mutex
	limit int64 // bytes of encoded entries
	used  int64
	order *list.List // of *remembered, most recently used first
	names map[string]*list.Element
}

type remembered struct {
	name  string
	entry *Entry
	etag  string
	size  int64
	// seen is when the store was asked last and had it.
	seen time.Time
	// marked are the entry's tags and its mark (markOf).
	marked []string
}

// tags are what has to be known of an entry: its own, its mark, and more.
func (r remembered) tags(more []string) []string { return union(r.marked, more) }

func newMemory(limit int64) *memory {
	return &memory{limit: limit, order: list.New(), names: map[string]*list.Element{}}
}

// get returns what is held of that object, whose entry is nil if nothing is.
func (m *memory) get(name string) remembered {
	m.mu.Lock()
	defer m.mu.Unlock()
	element := m.names[name]
	if element == nil {
		return remembered{name: name}
	}
	m.order.MoveToFront(element)
	return *element.Value.(*remembered)
}

// put remembers an entry that takes size bytes and was the store's when it was asked at
// seen; one above an eighth of the limit would push out too many others and is not kept.
func (m *memory) put(name string, entry *Entry, etag string, size int64, seen time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(name)
	if size > m.limit/8 {
		return
	}
	m.names[name] = m.order.PushFront(&remembered{name: name, entry: entry, etag: etag, size: size, seen: seen, marked: union(entry.Tags, []string{markOf(name)})})
	m.used += size
	for m.used > m.limit {
		m.remove(m.order.Back().Value.(*remembered).name)
	}
}

// confirm notes that an entry still was the store's when it was asked at seen.
func (m *memory) confirm(name string, entry *Entry, seen time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if element := m.names[name]; element != nil && element.Value.(*remembered).entry == entry {
		element.Value.(*remembered).seen = seen
	}
}

// forget drops the entry of that object.
func (m *memory) forget(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(name)
}

func (m *memory) remove(name string) {
	if element := m.names[name]; element != nil {
		m.used -= element.Value.(*remembered).size
		m.order.Remove(element)
		delete(m.names, name)
	}
}
