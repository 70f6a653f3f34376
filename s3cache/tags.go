package s3cache

import "context"

// TagStore remembers per tag when it was revalidated: one item a tag.
//
//   - A Read after a Write sees the write, from any process.
//   - Values only move forward: a Write stores the Merge of what is there and the
//     update, in one step per tag, so that writers agree whatever order their writes
//     arrive in. Several tags of one Write need not become visible together.
//   - Every Write moves the store's revision on, as etcd's revision does: after the
//     tags are written and before it returns, also where it changed no tag, for
//     another writer may not have come to that yet. So whoever asks for the revision,
//     then reads tags, and is later told the same revision, knows that the tags are as
//     he read them, but for Writes that have not returned.
//   - A tag is any non-empty UTF-8 string of at most 1024 bytes (Next.js allows 256
//     characters).
//   - Methods may be called by any number of goroutines.
type TagStore interface {
	// Read returns what is known of the tags, in as few requests as can be: tags that
	// were never revalidated are absent from the map, which may be nil. All tags are
	// answered, however many. The caller must not change the map.
	Read(ctx context.Context, tags []string) (map[string]Tag, error)
	// Write merges the updates into the store: one write a tag. After an error any of
	// them may have been written, and the revision not moved on.
	Write(ctx context.Context, updates map[string]Tag) error
	// Revision returns the store's revision, in one cheap request. It never takes a
	// value a second time; those of two handles on one place cannot be compared.
	Revision(ctx context.Context) (uint64, error)
}

// Tag is what revalidations have done to a tag. Times are milliseconds since 1970;
// 0 is never.
//
// Next.js (incremental-cache/tags-manifest.external.js) keeps one expiry, which a later
// revalidation "within a year" replaces, so that pages expired by updateTag come back to
// life. Here the two are apart: ExpiredAt is final, ExpireBy is the deadline of the
// latest revalidation that gave one.
type Tag struct {
	// StaleAt: entries rendered before it are stale.
	StaleAt int64
	// ExpiredAt: entries rendered before it are expired.
	ExpiredAt int64
	// ExpireBy: when this moment has come, entries rendered before it are expired. It
	// belongs to StaleAt: the two are replaced together, and an ExpiredAt after StaleAt
	// settles them both.
	ExpireBy int64
}

// Merge returns what two updates of one tag amount to, in whichever order they came:
// the later ExpiredAt, and StaleAt and ExpireBy of the later StaleAt. It is commutative,
// associative and idempotent.
func (t Tag) Merge(other Tag) Tag {
	merged := t
	if other.StaleAt > t.StaleAt || other.StaleAt == t.StaleAt && other.ExpireBy > t.ExpireBy {
		merged.StaleAt, merged.ExpireBy = other.StaleAt, other.ExpireBy
	}
	merged.ExpiredAt = max(t.ExpiredAt, other.ExpiredAt)
	return merged
}

// expired reports whether the tag has expired what was rendered at created.
func (t Tag) expired(created, now int64) bool {
	return t.ExpiredAt <= now && t.ExpiredAt > created ||
		t.ExpireBy <= now && t.ExpireBy > created && t.pending()
}

// pending reports whether ExpireBy still counts.
func (t Tag) pending() bool { return t.ExpireBy != 0 && t.ExpiredAt <= t.StaleAt }

// stale reports whether the tag has made stale what was rendered at created.
func (t Tag) stale(created int64) bool { return t.StaleAt > created }

// Durations is how a revalidation lets entries live on; nil durations expire them now.
type Durations struct {
	// Expire is after how many seconds the tag's entries expire; nil keeps what was
	// said before.
	Expire *int64
}

// update returns what revalidating a tag at now writes, given what is known of it.
func (d *Durations) update(known Tag, now int64) Tag {
	if d == nil {
		return Tag{ExpiredAt: now}
	}
	update := Tag{StaleAt: now}
	if known.pending() {
		if known.ExpireBy <= now { // reached: final, whatever comes after it
			update.ExpiredAt = known.ExpireBy
		} else {
			update.ExpireBy = known.ExpireBy
		}
	}
	if d.Expire != nil {
		update.ExpireBy = now + *d.Expire*1000
	}
	return update
}
