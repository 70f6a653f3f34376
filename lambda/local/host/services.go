package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"pack/lambda/queue/sqsqueue"
	"pack/lambda/state"
	"pack/s3cache/dynamotags"
)

// tablePatience is how long a table may take to be made.
const tablePatience = time.Minute

// FindServices completes s with the addresses of the queues NAME-refresh.fifo
// and NAME-jobs; no name leaves them where they are. On servers that endpoints
// name, which are not AWS's own, it makes bucket, table and queues that are not
// there.
func FindServices(ctx context.Context, s *state.Settings, name string) error {
	if config := s.Config("S3", s.S3Endpoint); s.Bucket != "" && config.BaseEndpoint != nil {
		client := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
		_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &s.Bucket})
		var owned *s3types.BucketAlreadyOwnedByYou
		var exists *s3types.BucketAlreadyExists
		if err != nil && !errors.As(err, &owned) && !errors.As(err, &exists) {
			return fmt.Errorf("make bucket %s: %w", s.Bucket, err)
		}
	}
	if config := s.Config("DYNAMODB", s.DynamoDBEndpoint); s.TagTable != "" && config.BaseEndpoint != nil {
		if err := makeTable(ctx, dynamodb.NewFromConfig(config), s.TagTable); err != nil {
			return err
		}
	}
	if name == "" {
		return nil
	}
	client, local := s.SQS(), s.Config("SQS", s.SQSEndpoint).BaseEndpoint != nil
	for _, q := range []struct {
		spec sqsqueue.Spec
		url  *string
	}{
		{sqsqueue.Spec{Name: name + "-refresh.fifo", MaxReceives: state.RefreshReceives}, &s.RefreshQueue},
		{sqsqueue.Spec{Name: name + "-jobs", MaxReceives: state.JobReceives}, &s.JobQueue},
	} {
		var err error
		if local {
			*q.url, err = sqsqueue.Ensure(ctx, client, q.spec)
		} else {
			*q.url, err = find(ctx, client, q.spec.Name)
		}
		if err != nil {
			return fmt.Errorf("open queues: %w", err)
		}
	}
	return nil
}

func find(ctx context.Context, client *sqs.Client, name string) (string, error) {
	found, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return "", fmt.Errorf("find queue %s: %w", name, err)
	}
	return *found.QueueUrl, nil
}

func makeTable(ctx context.Context, client *dynamodb.Client, name string) error {
	var there *ddbtypes.ResourceInUseException
	if _, err := client.CreateTable(ctx, dynamotags.Table(name)); err != nil && !errors.As(err, &there) {
		return fmt.Errorf("make table %s: %w", name, err)
	}
	err := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = 50 * time.Millisecond }).
		Wait(ctx, &dynamodb.DescribeTableInput{TableName: &name}, tablePatience)
	if err != nil {
		return fmt.Errorf("make table %s: %w", name, err)
	}
	return nil
}
