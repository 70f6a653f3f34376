package objects

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"pack/infra/account"
	"pack/manifest"
)

// Bucket is a bucket of the account.
type Bucket struct {
	Client *s3.Client
	Name   string
	Region string
	// Owner is the account's ID.
	Owner string
}

// Exists reports whether the bucket is there. One that belongs to somebody else is
// a *manifest.UserError.
func (b *Bucket) Exists(ctx context.Context) (bool, error) {
	_, err := b.Client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.Name, ExpectedBucketOwner: &b.Owner})
	var missing *types.NotFound
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &missing), account.Is(err, "NotFound", "NoSuchBucket"):
		return false, nil
	case account.Is(err, "Forbidden", "AccessDenied"):
		return false, &manifest.UserError{
			What: "bucket " + b.Name + " may not be used", Why: "it belongs to another account, or these credentials may not reach it",
			Hint: "give the app another name (pack.json: aws.name), or another stage", Err: err,
		}
	}
	return false, fmt.Errorf("look for bucket %s: %w", b.Name, err)
}

// Ensure makes the bucket unless it is there: private, encrypted, reached over TLS
// alone. A half-made one is completed.
func (b *Bucket) Ensure(ctx context.Context, tags map[string]string) error {
	there, err := b.Exists(ctx)
	if err != nil {
		return err
	}
	if !there {
		input := &s3.CreateBucketInput{Bucket: &b.Name, ObjectOwnership: types.ObjectOwnershipBucketOwnerEnforced}
		if b.Region != "us-east-1" { // which S3 does not take by its name
			input.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(b.Region)}
		}
		var owned *types.BucketAlreadyOwnedByYou
		if _, err := b.Client.CreateBucket(ctx, input); err != nil && !errors.As(err, &owned) {
			return fmt.Errorf("create bucket %s: %w", b.Name, err)
		}
	}
	return b.configure(ctx, tags)
}

func (b *Bucket) configure(ctx context.Context, tags map[string]string) error {
	set := make([]types.Tag, 0, len(tags))
	for key, value := range tags {
		set = append(set, types.Tag{Key: &key, Value: &value})
	}
	arn := "arn:aws:s3:::" + b.Name
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"OnlyTLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":[%q,%q],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`, arn, arn+"/*")
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"block public access", func() error {
			_, err := b.Client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
				Bucket: &b.Name, ExpectedBucketOwner: &b.Owner,
				PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
					BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true),
				},
			})
			return err
		}},
		{"encrypt", func() error {
			_, err := b.Client.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{
				Bucket: &b.Name, ExpectedBucketOwner: &b.Owner,
				ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
					ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256},
				}}},
			})
			return err
		}},
		{"give a policy to", func() error {
			_, err := b.Client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &b.Name, ExpectedBucketOwner: &b.Owner, Policy: &policy})
			return err
		}},
		{"tag", func() error {
			_, err := b.Client.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: &b.Name, ExpectedBucketOwner: &b.Owner, Tagging: &types.Tagging{TagSet: set}})
			return err
		}},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s bucket %s: %w", step.what, b.Name, err)
		}
	}
	return nil
}

// Item is an object as it is listed.
type Item struct {
	// ETag is without its quotes; of what Put has written, the MD5 of the content.
	ETag string
	Size int64
}

// List gives the objects whose keys begin with prefix.
func (b *Bucket) List(ctx context.Context, prefix string) (map[string]Item, error) {
	items := map[string]Item{}
	pages := s3.NewListObjectsV2Paginator(b.Client, &s3.ListObjectsV2Input{Bucket: &b.Name, ExpectedBucketOwner: &b.Owner, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list %s in bucket %s: %w", prefix, b.Name, err)
		}
		for _, o := range page.Contents {
			items[aws.ToString(o.Key)] = Item{ETag: unquoted(aws.ToString(o.ETag)), Size: aws.ToInt64(o.Size)}
		}
	}
	return items, nil
}

func unquoted(etag string) string {
	if len(etag) > 1 && etag[0] == '"' {
		return etag[1 : len(etag)-1]
	}
	return etag
}
