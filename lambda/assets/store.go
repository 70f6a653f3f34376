// Package assets reads the app's files from the bucket of assets, for the
// gateway on AWS.
package assets

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"sync"

	"pack/lambda/bucket"
	"pack/manifest"
)

// Small files are read whole and remembered, up to so many bytes in all.
const (
	smallFile   = 256 << 10
	memoryBytes = 16 << 20
)

// Store has the files of a deployment and, of Next's static folder, those of
// others that are kept. Its methods may be called by any number of goroutines.
type Store struct {
	// Bucket is that of assets, Prefix what the keys in it begin with.
	Bucket *bucket.Bucket
	Prefix string
	// Deployment says where its files are.
	Deployment *manifest.Deployment

	mu         sync.Mutex
	remembered map[string][]byte
	bytes      int
}

func (s *Store) key(a *manifest.Asset) string { return s.Prefix + "/" + s.Deployment.AssetKey(a) }

// Open opens a file; end is the byte before which reading will end at the
// latest, or below 0. Nothing is read before the first Read, which gives the
// error that there is no such file. Close it.
func (s *Store) Open(ctx context.Context, a *manifest.Asset, end int64) io.ReadSeekCloser {
	if end < 0 || end > a.Size {
		end = a.Size
	}
	return &file{ctx: ctx, store: s, key: s.key(a), size: a.Size, end: end}
}

// Read returns a file's content, which must not be changed.
func (s *Store) Read(ctx context.Context, a *manifest.Asset) ([]byte, error) {
	return s.whole(ctx, s.key(a))
}

// Retained opens a file of Next's static folder that another deployment may
// have; pathname has basePath. The caller closes it; nil when there is none.
func (s *Store) Retained(ctx context.Context, pathname string) (body io.ReadCloser, size int64, err error) {
	if path.Clean(pathname) != pathname || !strings.HasPrefix(pathname, s.Deployment.App.BasePath+manifest.StaticFolder) {
		return nil, 0, nil
	}
	object, err := s.Bucket.Open(ctx, s.Prefix+"/"+manifest.AssetStatic+pathname, 0, -1)
	// The gateway may not list the bucket: what is absent is denied to it.
	if errors.Is(err, bucket.ErrNotFound) || errors.Is(err, bucket.ErrDenied) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	return object, object.Size, nil
}

// whole reads an object and remembers it if it is small.
func (s *Store) whole(ctx context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	content, ok := s.remembered[key]
	s.mu.Unlock()
	if ok {
		return content, nil
	}
	content, err := s.Bucket.Read(ctx, key)
	if err != nil || len(content) > smallFile {
		return content, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.remembered == nil || s.bytes+len(content) > memoryBytes {
		s.remembered, s.bytes = make(map[string][]byte), 0
	}
	if _, ok := s.remembered[key]; !ok {
		s.remembered[key] = content
		s.bytes += len(content)
	}
	return content, nil
}
