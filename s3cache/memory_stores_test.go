package s3cache_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pack/s3cache"
	"pack/s3cache/storetest"
)

// mapStore is a Store in memory that can be told to fail. It keeps the contract too: the
// suite asks nothing that only directories do.
type mapStore struct {
	mu      sync.Mutex
	objects map[string]s3cache.Object
	writes  int
	failing error
	// before runs before each Put, outside the lock.
	before func(key string)
}

func newMapStore() *mapStore { return &mapStore{objects: map[string]s3cache.Object{}} }

func (m *mapStore) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failing = err
}

func (m *mapStore) broken(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return m.failing
}

func (m *mapStore) Get(ctx context.Context, key, known string) (*s3cache.Object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.broken(ctx); err != nil {
		return nil, err
	}
	object, ok := m.objects[key]
	if !ok {
		return nil, s3cache.ErrNotFound
	}
	if object.ETag == known {
		return nil, s3cache.ErrNotModified
	}
	object.Body = bytes.Clone(object.Body)
	return &object, nil
}

func (m *mapStore) holds(key string, condition s3cache.Condition) bool {
	object, there := m.objects[key]
	match, conditional := condition.Match()
	return !(condition.Absent() && there) && (!conditional || there && object.ETag == match)
}

func (m *mapStore) Put(ctx context.Context, key string, body []byte, condition s3cache.Condition) (string, error) {
	if m.before != nil {
		m.before(key)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.broken(ctx); err != nil {
		return "", err
	}
	if key == "" {
		return "", errors.New("empty key")
	}
	if !m.holds(key, condition) {
		return "", s3cache.ErrConflict
	}
	m.writes++
	etag := strconv.Quote(strconv.Itoa(m.writes))
	m.objects[key] = s3cache.Object{Body: bytes.Clone(body), ETag: etag, Modified: time.Now()}
	return etag, nil
}

func (m *mapStore) Delete(ctx context.Context, key string, condition s3cache.Condition) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.broken(ctx); err != nil {
		return err
	}
	if condition.Absent() {
		return errors.New("absent")
	}
	if !m.holds(key, condition) {
		return s3cache.ErrConflict
	}
	delete(m.objects, key)
	return nil
}

func (m *mapStore) List(ctx context.Context, prefix string) iter.Seq2[s3cache.Item, error] {
	return func(yield func(s3cache.Item, error) bool) {
		m.mu.Lock()
		err, keys, objects := m.broken(ctx), slices.Sorted(maps.Keys(m.objects)), maps.Clone(m.objects)
		m.mu.Unlock()
		if err != nil {
			yield(s3cache.Item{}, err)
			return
		}
		for _, key := range keys {
			object := objects[key]
			item := s3cache.Item{Key: key, ETag: object.ETag, Size: int64(len(object.Body)), Modified: object.Modified}
			if strings.HasPrefix(key, prefix) && !yield(item, nil) {
				return
			}
		}
	}
}

// mapTags is a TagStore in memory that can be told to fail, and to stop between steps.
type mapTags struct {
	mu       sync.Mutex
	tags     map[string]s3cache.Tag
	revision uint64
	failing  error
	// at runs at a step of a call, outside the lock, if it is set; an error ends the
	// call there. The steps are "written" of Write, before the revision moves on,
	// "read" of Read, when it has its answer, and "revision", of Revision.
	at func(step string) error
}

func newMapTags() *mapTags { return &mapTags{tags: map[string]s3cache.Tag{}} }

func (m *mapTags) step(name string) error {
	m.mu.Lock()
	at := m.at
	m.mu.Unlock()
	if at == nil {
		return nil
	}
	return at(name)
}

func (m *mapTags) onStep(at func(step string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = at
}

func (m *mapTags) Read(ctx context.Context, tags []string) (map[string]s3cache.Tag, error) {
	m.mu.Lock()
	found := map[string]s3cache.Tag{}
	for _, tag := range tags {
		if mark, ok := m.tags[tag]; ok {
			found[tag] = mark
		}
	}
	err := errors.Join(m.failing, ctx.Err())
	m.mu.Unlock()
	return found, errors.Join(err, m.step("read"))
}

func (m *mapTags) Write(ctx context.Context, updates map[string]s3cache.Tag) error {
	m.mu.Lock()
	if _, ok := updates[""]; ok {
		m.mu.Unlock()
		return errors.New("empty tag")
	}
	if err := errors.Join(m.failing, ctx.Err()); err != nil {
		m.mu.Unlock()
		return err
	}
	for tag, update := range updates {
		m.tags[tag] = m.tags[tag].Merge(update)
	}
	m.mu.Unlock()
	if err := m.step("written"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.revision++
	return nil
}

func (m *mapTags) Revision(ctx context.Context) (uint64, error) {
	m.mu.Lock()
	revision, err := m.revision, errors.Join(m.failing, ctx.Err())
	m.mu.Unlock()
	return revision, errors.Join(err, m.step("revision"))
}

func TestMapStores(t *testing.T) {
	storetest.RunStore(t, func(*testing.T) storetest.OpenStore {
		store := newMapStore()
		return func() s3cache.Store { return store }
	})
	storetest.RunTagStore(t, func(*testing.T) storetest.OpenTagStore {
		tags := newMapTags()
		return func() s3cache.TagStore { return tags }
	})
}
