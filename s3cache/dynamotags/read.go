package dynamotags

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"pack/s3cache"
)

// The limits of BatchGetItem:
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
const batchItems = 100

// How often the keys that a batch left out are asked for again, and after how long: a
// random part of pause, which doubles up to longestPause.
const (
	batchAttempts = 8
	firstPause    = 10 * time.Millisecond
	longestPause  = 320 * time.Millisecond
)

var errUnprocessed = errors.New("DynamoDB left tags unread again and again")

// Read is one BatchGetItem for each hundred tags, strongly consistent, all at once.
func (s *Store) Read(ctx context.Context, tags []string) (map[string]s3cache.Tag, error) {
	tags = slices.Compact(slices.Sorted(slices.Values(tags)))
	tags = slices.DeleteFunc(tags, func(tag string) bool { return tag == "" })
	if len(tags) == 0 {
		return nil, canceled(ctx, ctx.Err())
	}
	var mu sync.Mutex
	found := make(map[string]s3cache.Tag, len(tags))
	group, ctx := errgroup.WithContext(ctx)
	for chunk := range slices.Chunk(tags, batchItems) {
		group.Go(func() error {
			return s.readChunk(ctx, chunk, func(tag string, mark s3cache.Tag) {
				mu.Lock()
				defer mu.Unlock()
				found[tag] = mark
			})
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("read tags: %w", err)
	}
	return found, nil
}

func (s *Store) readChunk(ctx context.Context, tags []string, found func(string, s3cache.Tag)) error {
	keys := make([]map[string]types.AttributeValue, 0, len(tags))
	for _, tag := range tags {
		key, err := s.key(tag)
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	pause := firstPause
	for range batchAttempts {
		output, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{s.table: {Keys: keys, ConsistentRead: aws.Bool(true)}},
		}, s.compareClocks)
		if err != nil {
			return canceled(ctx, err)
		}
		for _, item := range output.Responses[s.table] {
			key, ok := item[attributeTag].(*types.AttributeValueMemberS)
			if !ok {
				return errors.New("an item has no tag")
			}
			mark, err := tagOf(item)
			if err != nil {
				return err
			}
			if mark != (s3cache.Tag{}) { // as an item of the revision
				found(strings.TrimPrefix(key.Value, s.prefix), mark)
			}
		}
		if keys = output.UnprocessedKeys[s.table].Keys; len(keys) == 0 {
			return nil
		}
		wait := time.NewTimer(rand.N(pause))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		}
		pause = min(2*pause, longestPause)
	}
	return errUnprocessed
}
