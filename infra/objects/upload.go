package objects

import (
	"bytes"
	"context"
	"crypto/md5" // S3's ETag; nothing is secured by it.
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

// uploads is how many objects are sent at a time: enough for small ones to fill a
// line, few enough for a slow one not to run into time limits.
const uploads = 12

// Upload is an object that is to be there.
type Upload struct {
	Key string
	// Body is the content; without one, Open gives the path of a file that has it.
	// Open is asked only when the content is needed.
	Body []byte
	Open func(ctx context.Context) (path string, err error)
	// Size is in bytes, and known before.
	Size int64
	// Named by something else than the content: an object of that key may have
	// another one.
	Named                   bool
	MediaType, CacheControl string
}

// Missing gives those of the uploads that the bucket does not have. It lists the
// folders that the keys are in.
func (b *Bucket) Missing(ctx context.Context, all []Upload) ([]Upload, error) {
	there := map[string]Item{}
	var folders []string
	for _, u := range all {
		if folder, _, _ := strings.Cut(u.Key, "/"); !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	for _, folder := range folders {
		items, err := b.List(ctx, folder+"/")
		if err != nil {
			return nil, err
		}
		for key, item := range items {
			there[key] = item
		}
	}
	var missing []Upload
	for _, u := range all {
		item, ok := there[u.Key]
		if ok && item.Size == u.Size && u.Named {
			sum, err := u.sum(ctx)
			if err != nil {
				return nil, err
			}
			ok = sum == item.ETag
		}
		if !ok || item.Size != u.Size {
			missing = append(missing, u)
		}
	}
	return missing, nil
}

func (u *Upload) reader(ctx context.Context) (io.ReadSeekCloser, error) {
	if u.Open == nil {
		return nothingToClose{bytes.NewReader(u.Body)}, nil
	}
	path, err := u.Open(ctx)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

type nothingToClose struct{ io.ReadSeeker }

func (nothingToClose) Close() error { return nil }

func (u *Upload) sum(ctx context.Context) (string, error) {
	r, err := u.reader(ctx)
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := md5.New()
	_, err = io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), err
}

// Put uploads objects, several at a time, and says how many and how many bytes of
// them are there. It ends at the first that fails; those before it stay.
func (b *Bucket) Put(ctx context.Context, all []Upload, progress func(done int, bytes int64)) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(uploads)
	var mu sync.Mutex
	done, sent := 0, int64(0)
	for _, u := range all {
		g.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := b.put(ctx, &u); err != nil {
				return fmt.Errorf("upload %s to bucket %s: %w", u.Key, b.Name, err)
			}
			mu.Lock()
			defer mu.Unlock()
			done, sent = done+1, sent+u.Size
			progress(done, sent)
			return nil
		})
	}
	return g.Wait()
}

func (b *Bucket) put(ctx context.Context, u *Upload) (err error) {
	body, err := u.reader(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	input := &s3.PutObjectInput{Bucket: &b.Name, Key: &u.Key, ExpectedBucketOwner: &b.Owner, Body: body, ContentLength: &u.Size}
	if u.MediaType != "" {
		input.ContentType = &u.MediaType
	}
	if u.CacheControl != "" {
		input.CacheControl = &u.CacheControl
	}
	_, err = b.Client.PutObject(ctx, input)
	return err
}
