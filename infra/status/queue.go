package status

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

// Queue is a queue of the app, in its home region. Counts are SQS's approximate
// ones.
type Queue struct {
	Name string `json:"name"`
	// Dead: its messages were given up.
	Dead bool `json:"dead"`
	// Waiting messages can be taken now, Delayed ones later; InFlight are being
	// worked on.
	Waiting  int `json:"waiting"`
	Delayed  int `json:"delayed"`
	InFlight int `json:"inFlight"`
}

// queueNames are what package template calls them, after the prefix.
var queueNames = []struct {
	suffix string
	dead   bool
}{
	{"-refresh.fifo", false}, {"-refresh-dead.fifo", true}, {"-jobs", false}, {"-jobs-dead", true},
}

// queues looks at those that there are: an app without dynamic pages has none.
func (t Target) queues(ctx context.Context, s *Status) error {
	client := sqs.NewFromConfig(t.Account.In(t.Regions[0]))
	for _, q := range queueNames {
		name := t.Prefix + q.suffix
		url, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
		var none *types.QueueDoesNotExist
		var api smithy.APIError
		if errors.As(err, &none) || errors.As(err, &api) && api.ErrorCode() == "AWS.SimpleQueueService.NonExistentQueue" {
			continue
		}
		if err != nil {
			return fmt.Errorf("look for queue %s: %w", name, err)
		}
		out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url.QueueUrl, AttributeNames: []types.QueueAttributeName{
			types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
			types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		}})
		if err != nil {
			return fmt.Errorf("look at queue %s: %w", name, err)
		}
		count := func(of types.QueueAttributeName) int {
			n, _ := strconv.Atoi(out.Attributes[string(of)])
			return n
		}
		s.Queues = append(s.Queues, Queue{
			Name: name, Dead: q.dead,
			Waiting:  count(types.QueueAttributeNameApproximateNumberOfMessages),
			Delayed:  count(types.QueueAttributeNameApproximateNumberOfMessagesDelayed),
			InFlight: count(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible),
		})
	}
	return nil
}
