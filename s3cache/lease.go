package s3cache

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrLeaseLost: the lease ran out and another holder has it, or had it.
	ErrLeaseLost = errors.New("lease lost")
	// ErrLeaseEnded: nobody is rendering what is waited for.
	ErrLeaseEnded = errors.New("lease ended without a new entry")
	// ErrTimeout: what is waited for did not come in time.
	ErrTimeout = errors.New("no new entry in time")
)

// Lease is the right to render one page, held by one instance at a time. It elects; it
// does not protect: an instance that goes on after its lease ran out does no harm, for
// Cache.Store never replaces a newer render.
//
// A holder that died is replaced when its lease has run out by the clock of whoever
// asks, so clocks of different machines must agree better than a lease is long: by
// themselves or because the store is a Clock.
type Lease struct {
	cache *Cache
	name  string
	etag  string
	// Expires is when the lease runs out unless it is renewed.
	Expires time.Time
}

// leaseBody is the lease's object. Nonce makes every write's content, and so its ETag,
// different from every other.
type leaseBody struct {
	Nonce   string `json:"nonce"`
	Expires int64  `json:"expires"` // milliseconds since 1970, by the store's clock
}

// Lease takes the right to render a key's page for ttl. ok is false while another holds
// it; use WaitFor then. The store failing is an error.
func (c *Cache) Lease(ctx context.Context, key Key, ttl time.Duration) (lease *Lease, ok bool, err error) {
	c.hear(ctx)
	name := c.lease(key)
	condition := IfAbsent
	// A second attempt follows a lease that ran out, or one released meanwhile.
	for range 2 {
		lease, err = c.writeLease(ctx, name, ttl, condition)
		if err == nil {
			return lease, true, nil
		}
		if !errors.Is(err, ErrConflict) {
			break
		}
		left, etag, failed := c.readLease(ctx, name)
		switch {
		case errors.Is(failed, ErrNotFound):
			condition = IfAbsent
		case failed != nil:
			return nil, false, fmt.Errorf("lease %s: %w", key.Name, failed)
		case left > 0:
			return nil, false, nil
		default:
			condition = IfMatch(etag)
		}
	}
	if errors.Is(err, ErrConflict) {
		return nil, false, nil
	}
	return nil, false, fmt.Errorf("lease %s: %w", key.Name, err)
}

// Renew makes the lease run out ttl from now. ErrLeaseLost when another took it.
func (l *Lease) Renew(ctx context.Context, ttl time.Duration) error {
	renewed, err := l.cache.writeLease(ctx, l.name, ttl, IfMatch(l.etag))
	if errors.Is(err, ErrConflict) {
		return ErrLeaseLost
	}
	if err != nil {
		return fmt.Errorf("renew lease: %w", err)
	}
	*l = *renewed
	return nil
}

// Release gives the lease up; waiters go on at once. ErrLeaseLost when another took it:
// theirs is left alone.
func (l *Lease) Release(ctx context.Context) error {
	err := l.cache.store.Delete(ctx, l.name, IfMatch(l.etag))
	if errors.Is(err, ErrConflict) {
		return ErrLeaseLost
	}
	if err != nil {
		return fmt.Errorf("release lease: %w", err)
	}
	return nil
}

func (c *Cache) writeLease(ctx context.Context, name string, ttl time.Duration, condition Condition) (*Lease, error) {
	body, err := json.Marshal(leaseBody{Nonce: rand.Text(), Expires: c.now() + ttl.Milliseconds()})
	if err != nil {
		return nil, err
	}
	expires := time.Now().Add(ttl)
	etag, err := c.store.Put(ctx, name, body, condition)
	if err != nil {
		return nil, err
	}
	return &Lease{cache: c, name: name, etag: etag, Expires: expires}, nil
}

// readLease returns for how long a lease is still held, and its ETag. One that cannot be
// read as a lease is not held.
func (c *Cache) readLease(ctx context.Context, name string) (left time.Duration, etag string, err error) {
	object, err := c.store.Get(ctx, name, "")
	if err != nil {
		return 0, "", err
	}
	var body leaseBody
	if err := json.Unmarshal(object.Body, &body); err != nil {
		return 0, object.ETag, nil
	}
	return time.Duration(max(0, body.Expires-c.now())) * time.Millisecond, object.ETag, nil
}

// How long WaitFor waits between two looks: a fifth of the time that it has waited, so
// that nobody gets a page much later than it is there, and a slow page is not asked for
// hundreds of times.
const (
	shortestWait = 5 * time.Millisecond
	longestWait  = 200 * time.Millisecond
)

// WaitFor waits until a key has an entry rendered after newerThan (milliseconds since
// 1970; 0 accepts any) and returns it. ErrLeaseEnded when the lease ended without one:
// take the lease. ErrTimeout after timeout, which counts for the caller as failure of
// the holder: render without a lease.
func (c *Cache) WaitFor(ctx context.Context, key Key, newerThan int64, timeout time.Duration) (*Entry, error) {
	name, lease := c.object(key), c.lease(key)
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for began := time.Now(); ; {
		// The holder stores before it releases: seeing no lease first and no entry
		// afterwards means that there is none.
		left, _, err := c.readLease(ctx, lease)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, fmt.Errorf("wait for %s: %w", key.Name, err)
		}
		entry, _, err := c.read(ctx, name)
		switch {
		case err == nil && entry.Created > newerThan:
			return entry, nil
		case err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrCorrupt):
			return nil, fmt.Errorf("wait for %s: %w", key.Name, err)
		case left == 0:
			return nil, ErrLeaseEnded
		}
		pause.Reset(min(left, max(shortestWait, min(time.Since(began)/5, longestWait))))
		select {
		case <-pause.C:
		case <-deadline.C:
			return nil, ErrTimeout
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %s: %w", key.Name, ctx.Err())
		}
	}
}
