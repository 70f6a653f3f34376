package sqsqueue

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Spec says how Ensure makes a queue.
type Spec struct {
	// Name ends with .fifo for a FIFO queue.
	Name string
	// MaxReceives is how often a message is received before it becomes a dead
	// letter.
	MaxReceives int
}

// retention is SQS's longest, 14 days in seconds.
const retention = "1209600"

// Ensure makes a queue and its dead-letter queue (Name with -dead) unless they
// are there, and returns the queue's URL. A queue that is there with other
// settings is left as it is.
func Ensure(ctx context.Context, client *sqs.Client, s Spec) (url string, err error) {
	base, fifo := strings.CutSuffix(s.Name, ".fifo")
	dead := base + "-dead"
	if fifo {
		dead += ".fifo"
	}
	deadURL, err := ensure(ctx, client, dead, fifo, nil)
	if err != nil {
		return "", err
	}
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &deadURL, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn},
	})
	if err != nil {
		return "", fmt.Errorf("make queue %s: %w", dead, err)
	}
	policy, err := json.Marshal(map[string]string{
		"deadLetterTargetArn": out.Attributes["QueueArn"], "maxReceiveCount": strconv.Itoa(s.MaxReceives),
	})
	if err != nil {
		return "", err
	}
	return ensure(ctx, client, s.Name, fifo, map[string]string{"RedrivePolicy": string(policy)})
}

func ensure(ctx context.Context, client *sqs.Client, name string, fifo bool, attributes map[string]string) (string, error) {
	if found, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name}); err == nil {
		return *found.QueueUrl, nil
	}
	all := map[string]string{"MessageRetentionPeriod": retention}
	for key, value := range attributes {
		all[key] = value
	}
	if fifo {
		all["FifoQueue"] = "true"
	}
	made, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: all})
	if err != nil {
		return "", fmt.Errorf("make queue %s: %w", name, err)
	}
	return *made.QueueUrl, nil
}
