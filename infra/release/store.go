package release

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"pack/infra/account"
	"pack/infra/objects"
	"pack/manifest"
)

// Store is the state bucket.
type Store struct{ *objects.Bucket }

// ErrChanged: somebody else has written the document since it was read.
var ErrChanged = errors.New("it was changed meanwhile")

// Traffic reads who is sent where, and the ETag to replace it by. Where nothing was
// ever released, both are zero.
func (s Store) Traffic(ctx context.Context) (manifest.Traffic, string, error) {
	t := manifest.Traffic{Schema: manifest.ReleaseSchema, Releases: []manifest.TrafficRelease{}}
	etag, err := s.read(ctx, manifest.TrafficKey, &t)
	if err == nil && t.Schema != manifest.ReleaseSchema {
		err = newer(manifest.TrafficKey, t.Schema)
	}
	return t, etag, err
}

func newer(key string, schema int) error {
	return &manifest.UserError{
		What: fmt.Sprintf("%s has schema %d", key, schema), Why: fmt.Sprintf("this pack reads %d", manifest.ReleaseSchema),
		Hint: "use the pack that has deployed last, or a newer one",
	}
}

// Update changes Traffic: change is given what there is, again when somebody else
// was faster, and its error ends it. When it changes nothing, nothing is written.
func (s Store) Update(ctx context.Context, change func(*manifest.Traffic) error) (manifest.Traffic, error) {
	for {
		t, etag, err := s.Traffic(ctx)
		if err != nil {
			return t, err
		}
		before, err := json.Marshal(t)
		if err != nil {
			return t, err
		}
		if err := change(&t); err != nil {
			return t, err
		}
		if after, err := json.Marshal(t); err != nil || bytes.Equal(before, after) {
			return t, err
		}
		if err := s.write(ctx, manifest.TrafficKey, t, etag); !errors.Is(err, ErrChanged) {
			return t, err
		}
	}
}

// Release reads a release; nil when there is none.
func (s Store) Release(ctx context.Context, id string) (*manifest.Release, error) {
	var r manifest.Release
	etag, err := s.read(ctx, manifest.ReleaseKey(id), &r)
	if err != nil || etag == "" {
		return nil, err
	}
	if r.Schema != manifest.ReleaseSchema {
		return nil, newer(manifest.ReleaseKey(id), r.Schema)
	}
	return &r, nil
}

// Record reads a release's record; nil when there is none.
func (s Store) Record(ctx context.Context, id string) (*Record, error) {
	var r Record
	etag, err := s.read(ctx, recordFolder+id+".json", &r)
	if err != nil || etag == "" {
		return nil, err
	}
	return &r, nil
}

// Add writes a release with its record. One that is there stays as it is.
func (s Store) Add(ctx context.Context, r manifest.Release, record Record) error {
	if err := s.write(ctx, recordFolder+record.ID+".json", record, ""); err != nil && !errors.Is(err, ErrChanged) {
		return err
	}
	if err := s.write(ctx, manifest.ReleaseKey(r.ID), r, ""); err != nil && !errors.Is(err, ErrChanged) {
		return err
	}
	return nil
}

// IDs are those of all releases that there is a record of.
func (s Store) IDs(ctx context.Context) ([]string, error) {
	items, err := s.List(ctx, recordFolder)
	var ids []string
	for key := range items {
		ids = append(ids, strings.TrimSuffix(strings.TrimPrefix(key, recordFolder), ".json"))
	}
	return ids, err
}

// Forget deletes releases with their records.
func (s Store) Forget(ctx context.Context, ids []string) error {
	var keys []string
	for _, id := range ids {
		keys = append(keys, manifest.ReleaseKey(id), recordFolder+id+".json")
	}
	return s.Delete(ctx, keys)
}

// read decodes an object and returns its ETag; "" where there is none.
func (s Store) read(ctx context.Context, key string, to any) (etag string, err error) {
	out, err := s.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.Name, Key: &key, ExpectedBucketOwner: &s.Owner})
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read %s of bucket %s: %w", key, s.Name, err)
	}
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		return "", fmt.Errorf("read %s of bucket %s: %w", key, s.Name, err)
	}
	return aws.ToString(out.ETag), nil
}

// write replaces what has the ETag, or makes what is not there when it is empty;
// else the error is ErrChanged. An answer that was lost makes a write that succeeded
// look like somebody else's: what is there is then compared.
func (s Store) write(ctx context.Context, key string, value any, etag string) error {
	text, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		return err
	}
	kind := "application/json"
	input := &s3.PutObjectInput{Bucket: &s.Name, Key: &key, ExpectedBucketOwner: &s.Owner, Body: bytes.NewReader(text), ContentType: &kind}
	if etag == "" {
		input.IfNoneMatch = aws.String("*")
	} else {
		input.IfMatch = &etag
	}
	_, err = s.Client.PutObject(ctx, input)
	if err == nil {
		return nil
	}
	if !account.Is(err, "PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey") {
		return fmt.Errorf("write %s to bucket %s: %w", key, s.Name, err)
	}
	var there json.RawMessage
	if _, err := s.read(ctx, key, &there); err == nil && bytes.Equal(there, text) {
		return nil
	}
	return fmt.Errorf("write %s to bucket %s: %w", key, s.Name, ErrChanged)
}
