// Package release calls the functions of the release that an instance belongs
// to, by the exact versions that were published of them.
package release

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"pack/lambda/bucket"
	"pack/manifest"
)

// Document reads a Release once it is needed, and once: it never changes. Its
// methods may be called by any number of goroutines.
type Document struct {
	// Bucket is that of state, ID the release's.
	Bucket *bucket.Bucket
	ID     string

	mu   sync.Mutex
	read *manifest.Release
}

// readTime is how long reading may take.
const readTime = 10 * time.Second

// Get returns the Release. What failed is tried again the next time.
func (d *Document) Get(ctx context.Context) (*manifest.Release, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.read != nil {
		return d.read, nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	raw, err := d.Bucket.Read(ctx, manifest.ReleaseKey(d.ID))
	if err != nil {
		return nil, fmt.Errorf("read release %s: %w", d.ID, err)
	}
	var release manifest.Release
	if err := json.Unmarshal(raw, &release); err != nil {
		return nil, fmt.Errorf("decode release %s: %w", d.ID, err)
	}
	if release.Schema != manifest.ReleaseSchema {
		return nil, fmt.Errorf("release %s has schema %d, this program reads %d", d.ID, release.Schema, manifest.ReleaseSchema)
	}
	d.read = &release
	return d.read, nil
}
