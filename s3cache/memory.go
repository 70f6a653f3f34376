package s3cache

import (
	"container/list"
	"sync"
)

// memory holds decoded entries with the ETags of their objects, the least recently used
// leaving first. It says nothing of freshness: every use asks the store for the ETag.
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

// put remembers an entry that takes size bytes; one above an eighth of the limit would
// push out too many others and is not kept.
func (m *memory) put(name string, entry *Entry, etag string, size int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(name)
	if size > m.limit/8 {
		return
	}
	m.names[name] = m.order.PushFront(&remembered{name, entry, etag, size})
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
