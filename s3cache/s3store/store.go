// Package s3store keeps the objects of an s3cache.Store in Amazon S3.
package s3store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"pack/s3cache"
	"pack/s3cache/clock"
)

// Options make a Store.
type Options struct {
	// Client is required. Its Retryer decides how often a failed request is made again;
	// its HTTP client how long one may take.
	Client *s3.Client
	// Bucket is required.
	Bucket string
	// Prefix begins the names of all objects, as "pages/"; at most 128 bytes.
	Prefix string
	// Owner is the id of the account that must own the bucket, or "" for any:
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
	Owner string
	// KMSKey is the id or ARN of the key that encrypts the objects; "" leaves it to the
	// bucket, which encrypts with keys of S3 unless it is told otherwise:
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
	KMSKey string
}

const longestRoot = 128

// Store is an s3cache.Store in a bucket. It needs s3:GetObject, PutObject, DeleteObject
// and, without which S3 says "access denied" for what is absent, ListBucket. It sets no
// ACL. It is an s3cache.Clock too.
type Store struct {
	client  *s3.Client
	bucket  *string
	root    string
	owner   *string
	key     *string
	encrypt types.ServerSideEncryption
	clock.Clock
}

// What the metadata of an object says besides S3's own.
const (
	writeName = "write" // who wrote it, of every conditional write
	keyName   = "key"   // the key in base64, of hashed names
)

// New returns a Store. It does no I/O. The error says what is wrong with the options.
func New(o Options) (*Store, error) {
	switch {
	case o.Client == nil || o.Bucket == "":
		return nil, errors.New("open S3 store: a client and a bucket are needed")
	case len(o.Prefix) > longestRoot:
		return nil, fmt.Errorf("open S3 store: the prefix has %d bytes, %d are allowed", len(o.Prefix), longestRoot)
	}
	s := &Store{client: o.Client, bucket: &o.Bucket, root: o.Prefix}
	if o.Owner != "" {
		s.owner = &o.Owner
	}
	if o.KMSKey != "" {
		s.key, s.encrypt = &o.KMSKey, types.ServerSideEncryptionAwsKms
	}
	return s, nil
}

// bodyAttempts is how often an object is read whose body breaks off: the SDK makes
// requests again, not bodies.
const bodyAttempts = 3

// Get is one GetObject.
func (s *Store) Get(ctx context.Context, key, known string) (*s3cache.Object, error) {
	name, _, err := objectName(s.root, key)
	if err != nil {
		return nil, fmt.Errorf("get object: %w", err)
	}
	input := &s3.GetObjectInput{Bucket: s.bucket, Key: &name, ExpectedBucketOwner: s.owner}
	if isETag(known) {
		input.IfNoneMatch = &known
	}
	for attempt := 1; ; attempt++ {
		object, broken, err := s.get(ctx, input)
		if err == nil {
			return object, nil
		}
		if !broken || attempt == bodyAttempts || ctx.Err() != nil {
			return nil, failed(ctx, "get", name, err)
		}
	}
}

// get reads an object once; broken says that its body broke off.
func (s *Store) get(ctx context.Context, input *s3.GetObjectInput) (object *s3cache.Object, broken bool, err error) {
	output, err := s.client.GetObject(ctx, input, s.compareClocks)
	if err != nil {
		if status(err) == http.StatusNotModified {
			return nil, false, s3cache.ErrNotModified
		}
		if absent(err) {
			return nil, false, s3cache.ErrNotFound
		}
		return nil, false, err
	}
	defer output.Body.Close()
	body := bytes.NewBuffer(make([]byte, 0, aws.ToInt64(output.ContentLength)+bytes.MinRead))
	if _, err := io.Copy(body, output.Body); err != nil {
		return nil, true, err
	}
	return &s3cache.Object{Body: body.Bytes(), ETag: aws.ToString(output.ETag), Modified: aws.ToTime(output.LastModified)}, false, nil
}

// Put is one PutObject. A conditional one whose answer was lost, and which was made
// again and then refused, costs a HeadObject: what is there may be its own.
func (s *Store) Put(ctx context.Context, key string, body []byte, condition s3cache.Condition) (etag string, err error) {
	name, hashed, err := objectName(s.root, key)
	if err != nil {
		return "", fmt.Errorf("put object: %w", err)
	}
	write := rand.Text()
	input := &s3.PutObjectInput{
		Bucket: s.bucket, Key: &name, ExpectedBucketOwner: s.owner, Body: bytes.NewReader(body),
		ContentType: aws.String("application/octet-stream"), ServerSideEncryption: s.encrypt, SSEKMSKeyId: s.key,
		Metadata: map[string]string{},
	}
	if s.key != nil {
		input.BucketKeyEnabled = aws.Bool(true) // fewer calls of KMS
	}
	if hashed {
		input.Metadata[keyName] = base64.RawURLEncoding.EncodeToString([]byte(key))
	}
	match, conditional := condition.Match()
	switch {
	case condition.Absent():
		input.IfNoneMatch = aws.String("*")
	case conditional && !isETag(match):
		return "", failed(ctx, "put", name, s3cache.ErrConflict)
	case conditional:
		input.IfMatch = &match
	}
	conditional = conditional || condition.Absent()
	if conditional {
		input.Metadata[writeName] = write
	}
	var attempts int
	output, err := s.client.PutObject(ctx, input, s.compareClocks, countAttempts(&attempts))
	switch {
	case err == nil:
		return aws.ToString(output.ETag), nil
	case !conditional || !refused(err):
		return "", failed(ctx, "put", name, err)
	}
	if attempts > 1 {
		if etag, own := s.own(ctx, name, write); own {
			return etag, nil
		}
	}
	return "", failed(ctx, "put", name, s3cache.ErrConflict)
}

// own reports whether what is there was written by that write, and its ETag.
func (s *Store) own(ctx context.Context, name, write string) (etag string, own bool) {
	head, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: s.bucket, Key: &name, ExpectedBucketOwner: s.owner})
	if err != nil || head.Metadata[writeName] != write {
		return "", false
	}
	return aws.ToString(head.ETag), true
}

// Delete is one DeleteObject. A conditional one whose answer was lost, and which was
// made again and then found nothing, has done its work.
func (s *Store) Delete(ctx context.Context, key string, condition s3cache.Condition) error {
	name, _, err := objectName(s.root, key)
	if err != nil {
		return fmt.Errorf("delete object: %w", err)
	}
	input := &s3.DeleteObjectInput{Bucket: s.bucket, Key: &name, ExpectedBucketOwner: s.owner}
	match, conditional := condition.Match()
	switch {
	case condition.Absent():
		return fmt.Errorf("delete object %s: only what is there can be deleted", name)
	case conditional && !isETag(match):
		return failed(ctx, "delete", name, s3cache.ErrConflict)
	case conditional:
		input.IfMatch = &match
	}
	var attempts int
	_, err = s.client.DeleteObject(ctx, input, countAttempts(&attempts))
	switch {
	case err == nil, absent(err) && (!conditional || attempts > 1):
		return nil
	case conditional && refused(err):
		return failed(ctx, "delete", name, s3cache.ErrConflict)
	}
	return failed(ctx, "delete", name, err)
}

// isETag reports whether a text can be an ETag of S3, which quotes them.
func isETag(text string) bool {
	return len(text) > 2 && text[0] == '"' && text[len(text)-1] == '"' &&
		!strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}

// compareClocks makes an operation tell the store what S3's clock says.
func (s *Store) compareClocks(o *s3.Options) { o.APIOptions = append(o.APIOptions, s.Listen) }

// failed says what could not be done; a canceled context is the reason before others.
func failed(ctx context.Context, verb, name string, err error) error {
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return fmt.Errorf("%s object %s: %w", verb, name, err)
}
