package s3cache

import (
	"context"
	"errors"
	"iter"
	"time"
)

// What a Store answers besides success; implementations may wrap them.
var (
	// ErrNotFound: no object has that key.
	ErrNotFound = errors.New("object not found")
	// ErrNotModified: the object still has the ETag that the caller knows.
	ErrNotModified = errors.New("object not modified")
	// ErrConflict: the condition of a write did not hold; nothing was written.
	ErrConflict = errors.New("object changed meanwhile")
)

// Store keeps named objects and writes them conditionally. Its meaning is that of S3:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
//
//   - Objects appear, change and vanish as a whole: no reader ever sees a part of a
//     write, also when its writer dies. A read after a write sees the write, from any
//     process, and so does a list.
//   - Conditions are judged and the write is made in one step: of any number of writers
//     with the same IfMatch or IfAbsent, exactly one succeeds.
//   - A key is any non-empty UTF-8 string of at most 1024 bytes. "a" and "a/b" can both
//     exist, and so can "A" and "a".
//   - An ETag is opaque, non-empty, and changes whenever the content changes. Equal
//     content may or may not have equal ETags.
//   - A canceled context ends an operation with its error; a write may have happened.
//   - Methods may be called by any number of goroutines.
type Store interface {
	// Get reads an object. known is the ETag of a copy that the caller holds, or "";
	// when the object still has it the error is ErrNotModified. ErrNotFound when there
	// is none. The caller owns the body.
	Get(ctx context.Context, key, known string) (*Object, error)
	// Put writes an object if the condition holds and returns its ETag. ErrConflict
	// when it does not; IfMatch on an absent key does not hold. The body is not kept.
	Put(ctx context.Context, key string, body []byte, condition Condition) (etag string, err error)
	// Delete removes an object if the condition holds; ErrConflict when it does not.
	// Removing what is absent succeeds without a condition, and is a conflict with
	// IfMatch. IfAbsent is refused.
	Delete(ctx context.Context, key string, condition Condition) error
	// List yields the objects whose keys start with prefix, in order of their bytes.
	// Objects written or deleted meanwhile may be listed or not. An error ends it.
	List(ctx context.Context, prefix string) iter.Seq2[Item, error]
}

// Clock is what a Store and a TagStore can be besides: one that tells how far the clock
// of its service is ahead of this machine's. Times of entries, tags and leases are then
// by the service's clock, so that machines whose clocks are minutes apart agree.
type Clock interface {
	// Offset is 0 where the clocks agree to about a second. known is false before the
	// service was heard of.
	Offset() (ahead time.Duration, known bool)
}

// Object is one stored object as read.
type Object struct {
	Body     []byte
	ETag     string
	Modified time.Time
}

// Item is one stored object as listed. Size is that of its body in bytes.
type Item struct {
	Key      string
	ETag     string
	Size     int64
	Modified time.Time
}

// Condition says when a write may happen. The zero value is always.
type Condition struct {
	match  string
	absent bool
}

// IfAbsent holds when there is no object of that key (If-None-Match: *).
var IfAbsent = Condition{absent: true}

// IfMatch holds when the object has exactly that ETag (If-Match). An empty one never
// holds.
func IfMatch(etag string) Condition {
	if etag == "" {
		etag = "\x00"
	}
	return Condition{match: etag}
}

// Absent reports whether the condition is IfAbsent.
func (c Condition) Absent() bool { return c.absent }

// Match returns the ETag that IfMatch asks for.
func (c Condition) Match() (etag string, ok bool) { return c.match, c.match != "" }
