package s3store

import (
	"cmp"
	"context"
	"encoding/base64"
	"iter"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"pack/s3cache"
)

// List is one ListObjectsV2 per thousand objects, and one HeadObject for each key that
// is too long for a name of its own. Objects of others below the prefix are left out.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[s3cache.Item, error] {
	return func(yield func(s3cache.Item, error) bool) {
		begin := s.root + namePrefix(prefix, commonBytes)
		pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{
			Bucket: s.bucket, Prefix: &begin, ExpectedBucketOwner: s.owner, EncodingType: types.EncodingTypeUrl,
		})
		list := listing{prefix: prefix, yield: yield}
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(s3cache.Item{}, failed(ctx, "list", begin, err))
				return
			}
			for _, object := range page.Contents {
				item, found, err := s.item(ctx, object)
				if err != nil {
					yield(s3cache.Item{}, failed(ctx, "list", begin, err))
					return
				}
				if found && !list.add(item, strings.TrimPrefix(decoded(object.Key), s.root)) {
					return
				}
			}
		}
		list.flush()
	}
}

// item returns what is known of a listed object; found is false when it is none of ours
// or has gone.
func (s *Store) item(ctx context.Context, object types.Object) (item s3cache.Item, found bool, err error) {
	name := strings.TrimPrefix(decoded(object.Key), s.root)
	item = s3cache.Item{ETag: aws.ToString(object.ETag), Size: aws.ToInt64(object.Size), Modified: aws.ToTime(object.LastModified)}
	if !hashedName(name) {
		item.Key, err = keyOf(name)
		return item, err == nil, nil
	}
	full := s.root + name
	head, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: s.bucket, Key: &full, ExpectedBucketOwner: s.owner})
	if err != nil {
		if absent(err) {
			return item, false, nil
		}
		return item, false, err
	}
	key, err := base64.RawURLEncoding.DecodeString(head.Metadata[keyName])
	item.Key = string(key)
	return item, err == nil && item.Key != "", nil
}

// decoded returns a name as it is; in lists it is encoded so that XML can hold it.
func decoded(encoded *string) string {
	name, err := url.PathUnescape(aws.ToString(encoded))
	if err != nil {
		return aws.ToString(encoded)
	}
	return name
}

// listing yields items by the order of their keys. Names come in that order, but for
// hashed ones among those with the same beginning, which are kept until it ends.
type listing struct {
	prefix string
	yield  func(s3cache.Item, error) bool
	common string
	kept   []s3cache.Item
}

// add takes the next item and reports whether more are wanted.
func (l *listing) add(item s3cache.Item, name string) bool {
	if len(name) < commonBytes || name[:commonBytes] != l.common {
		if !l.flush() {
			return false
		}
		l.common = ""
	}
	if !strings.HasPrefix(item.Key, l.prefix) {
		return true
	}
	if len(name) < commonBytes {
		return l.yield(item, nil)
	}
	l.common = name[:commonBytes]
	l.kept = append(l.kept, item)
	return true
}

// flush yields what was kept and reports whether more are wanted.
func (l *listing) flush() bool {
	slices.SortFunc(l.kept, func(a, b s3cache.Item) int { return cmp.Compare(a.Key, b.Key) })
	kept := l.kept
	l.kept = nil
	for _, item := range kept {
		if !l.yield(item, nil) {
			return false
		}
	}
	return true
}
