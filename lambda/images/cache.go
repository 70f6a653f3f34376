package images

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"time"
)

// Cache keeps encoded pictures between requests and instances. Keys are 43
// characters of base64url. An error is logged and counts as a miss; Get
// returns nil without an error for a key that isn't there. Implementations
// must be safe for concurrent use and must not change an Entry.
type Cache interface {
	Get(ctx context.Context, key string) (*Entry, error)
	Put(ctx context.Context, key string, e *Entry) error
}

// Entry is one encoded picture.
type Entry struct {
	Body        []byte `json:"body"`
	ContentType string `json:"contentType"`
	// ETag is a digest of Body, or UpstreamETag when Body is the original.
	ETag string `json:"etag"`
	// UpstreamETag identifies the original that Body was made from: the
	// upstream's ETag in base64url, or a digest of the original.
	UpstreamETag string `json:"upstreamEtag"`
	// MaxAge is how long the picture is fresh, in seconds, as viewers are told.
	MaxAge int `json:"maxAge"`
	// Created is when the picture was made or found unchanged.
	Created time.Time `json:"created"`
}

// keyVersion changes when the same request would be encoded to other bytes.
const keyVersion = "pack-1"

// key identifies the response among all that the app can give.
func (p *params) key() string {
	return digest([]byte(keyVersion + "\n" + p.href + "\n" + strconv.Itoa(p.width) + "\n" + strconv.Itoa(p.quality) + "\n" + p.mime))
}

// digest is how Next makes ETags: SHA-256 in base64url, without quotes.
func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (e *Entry) stale(now time.Time, minimumTTL int) bool {
	ttl := time.Duration(max(e.MaxAge, minimumTTL)) * time.Second
	return now.Sub(e.Created) > ttl
}

// read returns nil when there is no store, no entry, or no answer.
func (h *Handler) read(ctx context.Context, key string) *Entry {
	if h.options.Store == nil {
		return nil
	}
	e, err := h.options.Store.Get(ctx, key)
	if err != nil {
		h.log.Warn("read stored image", "key", key, "error", err)
		return nil
	}
	if e == nil || len(e.Body) == 0 {
		return nil
	}
	return e
}

// keep stores e once the response is out.
func (h *Handler) keep(ctx context.Context, w http.ResponseWriter, key string, e *Entry) {
	if h.options.Store != nil {
		flush(w)
		h.options.Background(ctx, func(ctx context.Context) { h.write(ctx, key, e) })
	}
}

func (h *Handler) write(ctx context.Context, key string, e *Entry) {
	if err := h.options.Store.Put(ctx, key, e); err != nil {
		h.log.Warn("store image", "key", key, "error", err)
	}
}

// refresh replaces a stale picture. When that fails the old one is kept and
// tried again after its age, at least 3 and at most 30 seconds, as Next does.
func (h *Handler) refresh(ctx context.Context, key string, p *params, old *Entry) {
	made, err, _ := h.flights.Do("refresh "+key, func() (any, error) {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		return h.make(ctx, p, "GET", old)
	})
	if err != nil {
		h.log.Error("refresh image", "url", p.href, "error", err)
		kept := *old
		kept.MaxAge = min(max(old.MaxAge, 3), 30)
		kept.Created = h.options.Now()
		h.write(ctx, key, &kept)
		return
	}
	h.write(ctx, key, made.(*Entry))
}
