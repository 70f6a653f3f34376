// Package bucket reads plain objects of S3: those that a deployer puts there
// for functions, under the keys that it gives them. What functions keep for
// themselves is an s3cache.Store's.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Bucket is a bucket. Its methods may be called by any number of goroutines.
type Bucket struct {
	client *s3.Client
	name   string
}

// New returns a bucket by its name. It does no I/O.
func New(client *s3.Client, name string) *Bucket { return &Bucket{client: client, name: name} }

// What an object cannot be read for. S3 answers the second for what is absent
// too, to who may not list the bucket.
var (
	ErrNotFound = errors.New("no such object")
	ErrDenied   = errors.New("access denied")
)

// Object is an object that is being read. Close it.
type Object struct {
	io.ReadCloser
	// Size is that of the bytes asked for.
	Size int64
}

// Open begins to read an object's bytes from one on to another, which is not
// among them; to below 0 means to its end. It returns when S3 has begun to
// answer. Errors wrap ErrNotFound and ErrDenied.
func (b *Bucket) Open(ctx context.Context, key string, from, to int64) (*Object, error) {
	input := &s3.GetObjectInput{Bucket: &b.name, Key: &key}
	if from > 0 || to >= 0 {
		span := "bytes=" + strconv.FormatInt(from, 10) + "-"
		if to >= 0 {
			span += strconv.FormatInt(to-1, 10)
		}
		input.Range = &span
	}
	output, err := b.client.GetObject(ctx, input)
	if err != nil {
		var response *awshttp.ResponseError
		if errors.As(err, &response) {
			switch response.HTTPStatusCode() {
			case http.StatusNotFound:
				err = ErrNotFound
			case http.StatusForbidden:
				err = fmt.Errorf("%w: %w", ErrDenied, err)
			}
		}
		return nil, fmt.Errorf("read object %s: %w", key, err)
	}
	object := &Object{ReadCloser: output.Body}
	if output.ContentLength != nil {
		object.Size = *output.ContentLength
	}
	return object, nil
}

// readAttempts is how often an object is read whose body breaks off: the SDK
// makes requests again, not bodies.
const readAttempts = 3

// Read reads an object whole.
func (b *Bucket) Read(ctx context.Context, key string) ([]byte, error) {
	for attempt := 1; ; attempt++ {
		object, err := b.Open(ctx, key, 0, -1)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(object)
		object.Close()
		if err == nil {
			return body, nil
		}
		if attempt == readAttempts || ctx.Err() != nil {
			return nil, fmt.Errorf("read object %s: %w", key, err)
		}
	}
}
