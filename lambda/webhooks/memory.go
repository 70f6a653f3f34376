package webhooks

import (
	"bytes"
	"context"
	"errors"
	"path"
	"strconv"
	"strings"
	"time"

	"pack/manifest"
	"pack/s3cache"
)

// Memory is Deliveries in the page store: an object a delivery, written on the
// condition that it is not there yet, so that every instance knows of it.
type Memory struct {
	// Store is required; Prefix is below which the objects are kept, without a
	// slash at its end.
	Store  s3cache.Store
	Prefix string
}

var _ Deliveries = (*Memory)(nil)

// key names the object of a delivery. Ids are the sender's and can be anything.
func (m *Memory) key(endpoint, id string) string {
	return m.Prefix + "/webhooks/" + endpoint + "/" + digest(endpoint, "\x00", id)
}

// Seen implements Deliveries.
func (m *Memory) Seen(ctx context.Context, endpoint, id string) (bool, error) {
	object, err := m.Store.Get(ctx, m.key(endpoint, id), "")
	if errors.Is(err, s3cache.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return time.Now().Before(expiry(object.Body)), nil
}

// expiry reads what Record wrote: milliseconds since 1970.
func expiry(body []byte) time.Time {
	ms, err := strconv.ParseInt(string(bytes.TrimSpace(body)), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// sweeping is how the name of a record begins after which a sweep is made: one
// in 256, rarely enough to cost nothing, and often enough that objects do not
// pile up.
const sweeping = "00"

// Record implements Deliveries. Of two that record the same delivery one
// writes, and the other is content. Now and then it also deletes what has run
// out.
func (m *Memory) Record(ctx context.Context, endpoint, id string, keep time.Duration) error {
	now := time.Now()
	key := m.key(endpoint, id)
	body := strconv.AppendInt(nil, now.Add(keep).UnixMilli(), 10)
	_, err := m.Store.Put(ctx, key, body, s3cache.IfAbsent)
	if errors.Is(err, s3cache.ErrConflict) {
		err = m.renew(ctx, key, body, now)
	}
	if err == nil && strings.HasPrefix(path.Base(key), sweeping) {
		err = m.sweep(ctx, now)
	}
	return err
}

// renew replaces a record that has run out.
func (m *Memory) renew(ctx context.Context, key string, body []byte, now time.Time) error {
	object, err := m.Store.Get(ctx, key, "")
	if errors.Is(err, s3cache.ErrNotFound) {
		_, err = m.Store.Put(ctx, key, body, s3cache.IfAbsent)
	} else if err == nil && !now.Before(expiry(object.Body)) {
		_, err = m.Store.Put(ctx, key, body, s3cache.IfMatch(object.ETag))
	}
	if errors.Is(err, s3cache.ErrConflict) {
		return nil // Somebody else has just recorded it.
	}
	return err
}

// longestKept is the longest that an endpoint asks for: twice the largest
// window of pack.json.
const longestKept = 2 * manifest.MaxWebhookWindow * time.Second

// sweep deletes records that ran out, by their age alone: reading each would
// cost more than keeping it.
func (m *Memory) sweep(ctx context.Context, now time.Time) error {
	for item, err := range m.Store.List(ctx, m.Prefix+"/webhooks/") {
		if err != nil {
			return err
		}
		if now.Sub(item.Modified) < longestKept {
			continue
		}
		if err := m.Store.Delete(ctx, item.Key, s3cache.IfMatch(item.ETag)); err != nil && !errors.Is(err, s3cache.ErrConflict) {
			return err
		}
	}
	return nil
}
