// Package sqsqueue is queue.Queue on Amazon SQS, FIFO or standard.
package sqsqueue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"pack/lambda/queue"
)

// Queue is a queue.Queue on one SQS queue. Its dead letters are in the queue
// that its redrive policy names.
type Queue struct {
	client *sqs.Client
	url    string
	fifo   bool

	mu   sync.Mutex
	dead string // URL of the dead-letter queue, once it was looked up
}

var _ queue.Queue = (*Queue)(nil)

// New returns the queue at an address. It does no I/O. A FIFO queue is known by
// its name, which ends with .fifo.
func New(client *sqs.Client, url string) *Queue {
	return &Queue{client: client, url: url, fifo: strings.HasSuffix(url, ".fifo")}
}

// Send implements queue.Queue.
func (q *Queue) Send(ctx context.Context, messages ...queue.Message) error {
	if len(messages) == 0 {
		return nil
	}
	if len(messages) > queue.MaxBatch {
		return fmt.Errorf("send messages: %w: %d at once, %d at most", queue.ErrRefused, len(messages), queue.MaxBatch)
	}
	var failures []queue.Failure
	var entries []types.SendMessageBatchRequestEntry
	for i, m := range messages {
		if err := queue.Check(m, q.fifo); err != nil {
			failures = append(failures, queue.Failure{Index: i, Err: err})
			continue
		}
		entry := types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(m.Body)}
		if q.fifo {
			entry.MessageGroupId, entry.MessageDeduplicationId = aws.String(m.Group), aws.String(m.Deduplication)
		} else {
			entry.DelaySeconds = seconds(m.Delay)
		}
		entries = append(entries, entry)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	for _, batch := range batches(entries) {
		out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: batch})
		if err != nil {
			return fmt.Errorf("send messages: %w", err)
		}
		failures = append(failures, failed(out.Failed)...)
	}
	if failures != nil {
		return &queue.PartialError{Doing: "send", Failures: failures}
	}
	return nil
}

// batches splits entries so that the bodies of one call are no longer than
// SQS's limit of a batch.
func batches(entries []types.SendMessageBatchRequestEntry) [][]types.SendMessageBatchRequestEntry {
	var all [][]types.SendMessageBatchRequestEntry
	size := 0
	for _, entry := range entries {
		length := len(aws.ToString(entry.MessageBody))
		if len(all) == 0 || size+length > queue.MaxBody {
			all, size = append(all, nil), 0
		}
		size += length
		all[len(all)-1] = append(all[len(all)-1], entry)
	}
	return all
}

// failed gives the failures of a batch, by the numbers that are their ids.
func failed(entries []types.BatchResultErrorEntry) []queue.Failure {
	var failures []queue.Failure
	for _, entry := range entries {
		index, _ := strconv.Atoi(aws.ToString(entry.Id))
		err := fmt.Errorf("%s: %s", aws.ToString(entry.Code), aws.ToString(entry.Message))
		if entry.SenderFault {
			err = fmt.Errorf("%w: %w", queue.ErrRefused, err)
		}
		failures = append(failures, queue.Failure{Index: index, Err: err})
	}
	return failures
}

// Receive implements queue.Queue.
func (q *Queue) Receive(ctx context.Context, r queue.Receive) ([]queue.Delivery, error) {
	r, err := r.Filled()
	if err != nil {
		return nil, err
	}
	return q.receive(ctx, q.url, r)
}

// answerTime is how long SQS may take for anything but waiting.
const answerTime = 10 * time.Second

func (q *Queue) receive(ctx context.Context, url string, r queue.Receive) ([]queue.Delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, r.Wait+answerTime)
	defer cancel()
	out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:                    &url,
		MaxNumberOfMessages:         int32(r.Max),
		VisibilityTimeout:           seconds(r.Visibility),
		WaitTimeSeconds:             seconds(r.Wait),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		return nil, fmt.Errorf("receive messages: %w", err)
	}
	var deliveries []queue.Delivery
	for _, m := range out.Messages {
		deliveries = append(deliveries, delivery(m))
	}
	return deliveries, nil
}

func delivery(m types.Message) queue.Delivery {
	attribute := func(name types.MessageSystemAttributeName) string { return m.Attributes[string(name)] }
	count, _ := strconv.Atoi(attribute(types.MessageSystemAttributeNameApproximateReceiveCount))
	sent, _ := strconv.ParseInt(attribute(types.MessageSystemAttributeNameSentTimestamp), 10, 64)
	return queue.Delivery{
		ID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body),
		Group:         attribute(types.MessageSystemAttributeNameMessageGroupId),
		Deduplication: attribute(types.MessageSystemAttributeNameMessageDeduplicationId),
		ReceiveCount:  count, Sent: time.UnixMilli(sent),
	}
}

// Delete implements queue.Queue.
func (q *Queue) Delete(ctx context.Context, receipts ...string) error {
	return q.delete(ctx, q.url, receipts)
}

func (q *Queue) delete(ctx context.Context, url string, receipts []string) error {
	if len(receipts) == 0 {
		return nil
	}
	if len(receipts) > queue.MaxBatch {
		return fmt.Errorf("delete messages: %w: %d at once, %d at most", queue.ErrRefused, len(receipts), queue.MaxBatch)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	entries := make([]types.DeleteMessageBatchRequestEntry, len(receipts))
	for i, receipt := range receipts {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(receipt)}
	}
	out, err := q.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: entries})
	if err != nil {
		return fmt.Errorf("delete messages: %w", err)
	}
	if failures := failed(out.Failed); failures != nil {
		return &queue.PartialError{Doing: "delete", Failures: failures}
	}
	return nil
}

// Defer implements queue.Queue.
func (q *Queue) Defer(ctx context.Context, receipt string, d time.Duration) error {
	if d < 0 || d > queue.MaxVisibility {
		return fmt.Errorf("defer message: %w: %s", queue.ErrRefused, d)
	}
	return q.hide(ctx, q.url, receipt, d)
}

func (q *Queue) hide(ctx context.Context, url, receipt string, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &url, ReceiptHandle: &receipt, VisibilityTimeout: seconds(d),
	})
	if err != nil {
		return fmt.Errorf("defer message: %w", err)
	}
	return nil
}

// seconds rounds up: what is kept for too short is handed out twice.
func seconds(d time.Duration) int32 { return int32((d + time.Second - 1) / time.Second) }

// errNoDeadLetters: the queue was made without a redrive policy.
var errNoDeadLetters = errors.New("the queue has no dead-letter queue (RedrivePolicy)")
