package dynamotags

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"
)

// copies is in how many items the revision is kept, each of which can be read 3,000
// times a second; a Store reads one of them, a Write moves all on. Four are read as
// often as a new table can be:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
// All functions that use a table must agree on the number, those of earlier deployments
// too.
const copies = 4

// revisionAttempts is how often the revision is asked for before the tags are: whoever
// does not get it reads them.
const revisionAttempts = 2

// moveOnTime is how long moving the revision on may take.
const moveOnTime = 10 * time.Second

// revisionKey is an item's that is no tag's: no tag is sent in a header with such a name.
func (s *Store) revisionKey(nth int) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		attributeTag: &types.AttributeValueMemberS{Value: s.prefix + "\x00revision/" + strconv.Itoa(nth)},
	}
}

// Revision is one GetItem, strongly consistent: one read unit.
func (s *Store) Revision(ctx context.Context) (uint64, error) {
	output, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table, Key: s.revisionKey(s.asked), ConsistentRead: aws.Bool(true),
	}, s.compareClocks, func(o *dynamodb.Options) {
		o.Retryer = retry.AddWithMaxAttempts(o.Retryer, revisionAttempts)
	})
	if err != nil {
		return 0, fmt.Errorf("read revision of tags: %w", canceled(ctx, err))
	}
	value, there := output.Item[attributeRevision]
	if !there {
		return 0, nil
	}
	number, ok := value.(*types.AttributeValueMemberN)
	if !ok {
		return 0, fmt.Errorf("read revision of tags: %s is no number", attributeRevision)
	}
	revision, err := strconv.ParseUint(number.Value, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read revision of tags: %w", err)
	}
	return revision, nil
}

// moveOn adds one to every copy of the revision, also for a caller who has left: the
// tags are written. An addition that is made twice, as its answer was lost, moves the
// revision on twice; writing a value of one's own would bring back an old one.
func (s *Store) moveOn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), moveOnTime)
	defer cancel()
	var group errgroup.Group
	for nth := range copies {
		group.Go(func() error {
			_, err := s.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
				TableName: &s.table, Key: s.revisionKey(nth),
				UpdateExpression:          aws.String("ADD " + attributeRevision + " :one"),
				ExpressionAttributeValues: map[string]types.AttributeValue{":one": number(1)},
			}, s.compareClocks)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("move revision of tags on: %w", err)
	}
	return nil
}
