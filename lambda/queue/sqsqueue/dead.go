package sqsqueue

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"pack/lambda/queue"
)

// lookFor is how long the dead letters that a call looks at are kept from other
// callers: longer than the look takes.
const lookFor = 2 * time.Minute

// deadURL finds the dead-letter queue by the queue's redrive policy.
func (q *Queue) deadURL(ctx context.Context) (string, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dead != "" {
		return q.dead, nil
	}
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameRedrivePolicy},
	})
	if err != nil {
		return "", fmt.Errorf("look for dead-letter queue: %w", err)
	}
	var policy struct{ DeadLetterTargetArn string }
	if err := json.Unmarshal([]byte(out.Attributes["RedrivePolicy"]), &policy); err != nil || policy.DeadLetterTargetArn == "" {
		return "", errNoDeadLetters
	}
	name := policy.DeadLetterTargetArn[strings.LastIndex(policy.DeadLetterTargetArn, ":")+1:]
	found, err := q.client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return "", fmt.Errorf("look for dead-letter queue %s: %w", name, err)
	}
	q.dead = *found.QueueUrl
	return q.dead, nil
}

// look receives dead letters until there are no more, or limit of them.
func (q *Queue) look(ctx context.Context, limit int) (url string, letters []queue.Delivery, err error) {
	if url, err = q.deadURL(ctx); err != nil {
		return "", nil, err
	}
	seen := make(map[string]bool)
	for limit == 0 || len(letters) < limit {
		batch, err := q.receive(ctx, url, queue.Receive{Max: queue.MaxBatch, Visibility: lookFor, Wait: time.Second})
		if err != nil {
			return url, letters, err
		}
		more := false
		for _, d := range batch {
			if !seen[d.ID] {
				seen[d.ID], more = true, true
				letters = append(letters, d)
			}
		}
		if !more {
			break
		}
	}
	slices.SortStableFunc(letters, func(a, b queue.Delivery) int { return cmp.Compare(a.Sent.UnixMilli(), b.Sent.UnixMilli()) })
	return url, letters, nil
}

// putBack lets others see the dead letters that were looked at.
func (q *Queue) putBack(ctx context.Context, url string, letters []queue.Delivery) error {
	var all error
	for _, d := range letters {
		all = errors.Join(all, q.hide(ctx, url, d.Receipt, 0))
	}
	return all
}

// DeadLetters implements queue.Queue.
func (q *Queue) DeadLetters(ctx context.Context, limit int) ([]queue.DeadLetter, error) {
	url, found, err := q.look(ctx, limit)
	err = errors.Join(err, q.putBack(context.WithoutCancel(ctx), url, found))
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	if limit > 0 && len(found) > limit {
		found = found[:limit]
	}
	var letters []queue.DeadLetter
	for _, d := range found {
		letters = append(letters, queue.DeadLetter{ID: d.ID, Body: d.Body, Group: d.Group, Sent: d.Sent})
	}
	return letters, nil
}

// Redrive implements queue.Queue.
func (q *Queue) Redrive(ctx context.Context, ids ...string) (int, error) {
	n, err := q.eachDead(ctx, ids, func(d queue.Delivery) error {
		m := queue.Message{Body: d.Body}
		if q.fifo {
			// The queue may still remember the old deduplication id.
			m.Group, m.Deduplication = d.Group, rand.Text()
		}
		return q.Send(ctx, m)
	})
	if err != nil {
		return n, fmt.Errorf("redrive dead letters: %w", err)
	}
	return n, nil
}

// Discard implements queue.Queue.
func (q *Queue) Discard(ctx context.Context, ids ...string) (int, error) {
	n, err := q.eachDead(ctx, ids, func(queue.Delivery) error { return nil })
	if err != nil {
		return n, fmt.Errorf("discard dead letters: %w", err)
	}
	return n, nil
}

// eachDead does something with the dead letters of these ids, or with all, and
// deletes them. It looks again as long as it finds some: a FIFO queue shows the
// others of a group when the first are gone.
func (q *Queue) eachDead(ctx context.Context, ids []string, do func(queue.Delivery) error) (done int, err error) {
	for {
		url, found, err := q.look(ctx, 0)
		if err != nil {
			return done, errors.Join(err, q.putBack(context.WithoutCancel(ctx), url, found))
		}
		before := done
		var others []queue.Delivery
		for i, d := range found {
			if len(ids) > 0 && !slices.Contains(ids, d.ID) {
				others = append(others, d)
				continue
			}
			if err = do(d); err == nil {
				err = q.delete(ctx, url, []string{d.Receipt})
			}
			if err != nil {
				others = append(others, found[i:]...)
				break
			}
			done++
		}
		err = errors.Join(err, q.putBack(context.WithoutCancel(ctx), url, others))
		if err != nil || done == before || len(ids) > 0 && done >= len(ids) {
			return done, err
		}
	}
}
