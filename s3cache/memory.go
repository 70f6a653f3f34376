package s3cache

import (
	"container/list"
	"sync"
	"sync/atomic"
	"time"
)

// memory holds decoded entries with the ETags of their objects, the least recently used
// leaving first. By itself it says nothing of freshness: a use asks the store for the
// ETag, unless the last answer may be recalled.
type memory struct {
	doubts atomic.Uint64 // answers with fewer count no more

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

	last answer
}

// answer is what the stores said of an entry: that it is the newest, and what is known
// of its tags.
type answer struct {
	asked  time.Time
	doubts uint64
	tags   []string
	marks  map[string]Tag
}

func newMemory(limit int64) *memory {
	return &memory{limit: limit, order: list.New(), names: map[string]*list.Element{}}
}

// get returns the entry of that object and its ETag, or nil and "".
func (m *memory) get(name string) (*Entry, string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	element := m.names[name]
	if element == nil {
		return nil, ""
	}
	m.order.MoveToFront(element)
	held := element.Value.(*remembered)
	return held.entry, held.etag
}

// recall returns the entry of that object and what was last said of it, or nil if that
// counts no more.
func (m *memory) recall(name string) (*Entry, answer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	element := m.names[name]
	if element == nil {
		return nil, answer{}
	}
	held := element.Value.(*remembered)
	if held.last.asked.IsZero() || held.last.doubts != m.doubts.Load() {
		return nil, answer{}
	}
	m.order.MoveToFront(element)
	return held.entry, held.last
}

// answered keeps what was said of an entry, if it still is the one held.
func (m *memory) answered(name string, entry *Entry, a answer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if element := m.names[name]; element != nil && element.Value.(*remembered).entry == entry {
		element.Value.(*remembered).last = a
	}
}

// doubt makes every answer that was asked for until now count no more.
func (m *memory) doubt() { m.doubts.Add(1) }

// put remembers an entry that takes size bytes; one above an eighth of the limit would
// push out too many others and is not kept.
func (m *memory) put(name string, entry *Entry, etag string, size int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(name)
	if size > m.limit/8 {
		return
	}
	m.names[name] = m.order.PushFront(&remembered{name: name, entry: entry, etag: etag, size: size})
	m.used += size
	for m.used > m.limit {
		m.remove(m.order.Back().Value.(*remembered).name)
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
