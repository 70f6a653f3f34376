package objects

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"pack/infra/account"
)

// batch is how many objects S3 deletes by one request.
const batch = 1000

// Delete deletes objects; that one is not there is no mistake. In a bucket that
// keeps versions they can be had back for as long as its rules say.
func (b *Bucket) Delete(ctx context.Context, keys []string) error {
	objects := make([]types.ObjectIdentifier, len(keys))
	for i := range keys {
		objects[i] = types.ObjectIdentifier{Key: &keys[i]}
	}
	return b.delete(ctx, objects)
}

func (b *Bucket) delete(ctx context.Context, objects []types.ObjectIdentifier) error {
	for part := range slices.Chunk(objects, batch) {
		out, err := b.Client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &b.Name, ExpectedBucketOwner: &b.Owner, Delete: &types.Delete{Objects: part, Quiet: aws.Bool(true)},
		})
		if err != nil {
			return fmt.Errorf("delete objects of bucket %s: %w", b.Name, err)
		}
		for _, failed := range out.Errors {
			return fmt.Errorf("delete %s of bucket %s: %s: %s", aws.ToString(failed.Key), b.Name, aws.ToString(failed.Code), aws.ToString(failed.Message))
		}
	}
	return nil
}

// DeleteBelow deletes what lies below a prefix and returns how many objects it was.
func (b *Bucket) DeleteBelow(ctx context.Context, prefix string) (int, error) {
	items, err := b.List(ctx, prefix)
	if err != nil {
		return 0, err
	}
	return len(items), b.Delete(ctx, slices.Sorted(maps.Keys(items)))
}

// Empty deletes every version of every object, but for the keys that are kept. It looks
// again until there is nothing: a function that still runs may write meanwhile.
func (b *Bucket) Empty(ctx context.Context, keep ...string) error {
	for {
		deleted, err := b.emptyOnce(ctx, keep)
		if err != nil || deleted == 0 {
			return err
		}
	}
}

func (b *Bucket) emptyOnce(ctx context.Context, keep []string) (deleted int, err error) {
	pages := s3.NewListObjectVersionsPaginator(b.Client, &s3.ListObjectVersionsInput{Bucket: &b.Name, ExpectedBucketOwner: &b.Owner})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return deleted, fmt.Errorf("list versions in bucket %s: %w", b.Name, err)
		}
		var all []types.ObjectIdentifier
		add := func(key, version *string) {
			if !slices.Contains(keep, aws.ToString(key)) {
				all = append(all, types.ObjectIdentifier{Key: key, VersionId: version})
			}
		}
		for _, v := range page.Versions {
			add(v.Key, v.VersionId)
		}
		for _, m := range page.DeleteMarkers {
			add(m.Key, m.VersionId)
		}
		if err := b.delete(ctx, all); err != nil {
			return deleted, err
		}
		deleted += len(all)
	}
	return deleted, nil
}

// Remove empties the bucket and deletes it; that there is none is no mistake.
func (b *Bucket) Remove(ctx context.Context) error {
	there, err := b.Exists(ctx)
	if err != nil || !there {
		return err
	}
	if err := b.Empty(ctx); err != nil {
		return err
	}
	_, err = b.Client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &b.Name, ExpectedBucketOwner: &b.Owner})
	if err != nil && !account.Is(err, "NoSuchBucket") {
		return fmt.Errorf("delete bucket %s: %w", b.Name, err)
	}
	return nil
}
