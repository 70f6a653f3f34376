package dynamotags

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"pack/s3cache"
)

// writersAtOnce is how many tags of one Write are under way at a time.
const writersAtOnce = 16

// Write is one UpdateItem a tag, many at once; every tag is tried, whatever becomes of
// the others. A tag that another writer has moved on since costs one or two more. One
// for each copy of the revision follows, unless no tag could be written.
func (s *Store) Write(ctx context.Context, updates map[string]s3cache.Tag) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("write tags: %w", err)
	}
	var mu sync.Mutex
	var failed error
	written := 0
	var wg sync.WaitGroup
	slots := make(chan struct{}, writersAtOnce)
	for tag, update := range updates {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			said, err := s.merge(ctx, tag, update)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("write tag %q: %w", tag, canceled(ctx, err)))
			} else if said {
				written++
			}
		})
	}
	wg.Wait()
	if written == 0 {
		return failed
	}
	return errors.Join(failed, s.moveOn(ctx))
}

// A part of an update moves forward by itself: the two of s3cache.Tag.Merge are
// ExpiredAt, and StaleAt with ExpireBy. set and forward are expressions of DynamoDB.
type part struct {
	set, forward []string
	values       map[string]types.AttributeValue
}

func expiredPart(update s3cache.Tag) part {
	return part{
		set:     []string{attributeExpired + " = :x"},
		forward: []string{"(attribute_not_exists(" + attributeExpired + ") OR " + attributeExpired + " < :x)"},
		values:  map[string]types.AttributeValue{":x": number(update.ExpiredAt)},
	}
}

func stalePart(update s3cache.Tag) part {
	const none, older, same, sooner = "attribute_not_exists(" + attributeStale + ")", attributeStale + " < :s",
		attributeStale + " = :s", attributeBy + " < :b"
	return part{
		set:     []string{attributeStale + " = :s", attributeBy + " = :b"},
		forward: []string{"(" + none + " OR " + older + " OR " + same + " AND " + sooner + ")"},
		values:  map[string]types.AttributeValue{":s": number(update.StaleAt), ":b": number(update.ExpireBy)},
	}
}

// merge makes an update part of a tag's item if it moves it forward. A part that is
// behind once is behind for ever, for values only grow. So when both together are
// refused at least one is behind, and of the two by themselves at most one is done:
// whatever happens, the item changes in one step. said is false for an update that says
// nothing.
func (s *Store) merge(ctx context.Context, tag string, update s3cache.Tag) (said bool, err error) {
	key, err := s.key(tag)
	if err != nil {
		return false, err
	}
	var parts []part
	if update.ExpiredAt > 0 {
		parts = append(parts, expiredPart(update))
	}
	if update.StaleAt > 0 || update.ExpireBy > 0 {
		parts = append(parts, stalePart(update))
	}
	if len(parts) == 0 {
		return false, nil
	}
	remove := max(time.Now().UnixMilli(), update.StaleAt, update.ExpiredAt, update.ExpireBy)/1000 + int64(s.keep/time.Second)
	done, err := s.update(ctx, key, remove, parts...)
	if len(parts) == 1 {
		return true, err
	}
	for _, one := range parts {
		if err != nil || done {
			break
		}
		done, err = s.update(ctx, key, remove, one)
	}
	return true, err
}

// update does the parts of an update in one step if all of them move forward, and
// reports whether they did.
func (s *Store) update(ctx context.Context, key map[string]types.AttributeValue, remove int64, parts ...part) (done bool, err error) {
	set := []string{attributeRemove + " = :r"}
	var forward []string
	values := map[string]types.AttributeValue{":r": number(remove)}
	for _, p := range parts {
		set, forward = append(set, p.set...), append(forward, p.forward...)
		for name, value := range p.values {
			values[name] = value
		}
	}
	_, err = s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table, Key: key,
		UpdateExpression:          aws.String("SET " + strings.Join(set, ", ")),
		ConditionExpression:       aws.String(strings.Join(forward, " AND ")),
		ExpressionAttributeValues: values,
	}, s.compareClocks)
	var behind *types.ConditionalCheckFailedException
	if errors.As(err, &behind) {
		return false, nil
	}
	return err == nil, err
}
