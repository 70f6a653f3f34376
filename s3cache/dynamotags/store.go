// Package dynamotags keeps the tags of an s3cache.TagStore in Amazon DynamoDB.
package dynamotags

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"pack/s3cache"
	"pack/s3cache/clock"
)

// The attributes of an item. Times are milliseconds since 1970 but for the last, which
// DynamoDB wants in seconds; an absent one is 0.
const (
	attributeTag     = "tag" // the table's key: Options.Prefix and the tag
	attributeStale   = "staleAt"
	attributeExpired = "expiredAt"
	attributeBy      = "expireBy"
	attributeRemove  = "removeAt" // of the table's TTL
	// attributeRevision is of the items of the revision alone, which stay.
	attributeRevision = "revision"
)

// Options make a Store.
type Options struct {
	// Client is required. Its Retryer decides how often a failed request is made again.
	Client *dynamodb.Client
	// Table is required. Table describes what it must be like.
	Table string
	// Prefix begins the keys of all items, so that several apps can share a table; at
	// most 512 bytes.
	Prefix string
	// Keep is for how long a tag is kept after its last revalidation, and after what
	// that announced; 0 means two years. A page rendered before it must be gone by then.
	Keep time.Duration
}

const (
	longestTag    = 1024 // of the contract
	longestPrefix = 512
	keep          = 2 * 365 * 24 * time.Hour
)

// Store is an s3cache.TagStore in a table, one item a tag. It needs
// dynamodb:BatchGetItem, GetItem and UpdateItem. It is an s3cache.Clock too.
type Store struct {
	client *dynamodb.Client
	table  string
	prefix string
	keep   time.Duration
	asked  int // which copy of the revision is read
	clock.Clock
}

// compareClocks makes an operation tell the store what DynamoDB's clock says.
func (s *Store) compareClocks(o *dynamodb.Options) { o.APIOptions = append(o.APIOptions, s.Listen) }

// New returns a Store. It does no I/O. The error says what is wrong with the options.
func New(o Options) (*Store, error) {
	switch {
	case o.Client == nil || o.Table == "":
		return nil, errors.New("open DynamoDB tags: a client and a table are needed")
	case len(o.Prefix) > longestPrefix:
		return nil, fmt.Errorf("open DynamoDB tags: the prefix has %d bytes, %d are allowed", len(o.Prefix), longestPrefix)
	}
	if o.Keep == 0 {
		o.Keep = keep
	}
	return &Store{client: o.Client, table: o.Table, prefix: o.Prefix, keep: o.Keep, asked: rand.IntN(copies)}, nil
}

func (s *Store) key(tag string) (map[string]types.AttributeValue, error) {
	switch {
	case tag == "":
		return nil, errors.New("the tag is empty")
	case len(tag) > longestTag:
		return nil, fmt.Errorf("the tag has %d bytes, %d are allowed", len(tag), longestTag)
	}
	return map[string]types.AttributeValue{attributeTag: &types.AttributeValueMemberS{Value: s.prefix + tag}}, nil
}

// tag returns what an item says.
func tagOf(item map[string]types.AttributeValue) (s3cache.Tag, error) {
	var tag s3cache.Tag
	for name, to := range map[string]*int64{
		attributeStale: &tag.StaleAt, attributeExpired: &tag.ExpiredAt, attributeBy: &tag.ExpireBy,
	} {
		value, there := item[name]
		if !there {
			continue
		}
		number, ok := value.(*types.AttributeValueMemberN)
		if !ok {
			return tag, fmt.Errorf("%s is no number", name)
		}
		var err error
		if *to, err = strconv.ParseInt(number.Value, 10, 64); err != nil {
			return tag, fmt.Errorf("%s: %w", name, err)
		}
	}
	return tag, nil
}

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// canceled puts a context's error before that of a request which it ended.
func canceled(ctx context.Context, err error) error {
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}
