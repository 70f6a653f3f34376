// Package queue is the contract of the queues between pack's functions: pages
// to refresh (FIFO, grouped per page) and durable jobs (standard).
//
// Package directory implements it for one machine, package sqsqueue on Amazon
// SQS; package queuetest proves an implementation.
package queue

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Limits that every implementation keeps, SQS's own.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
const (
	// MaxBatch is how many messages one call may send, receive or delete.
	MaxBatch = 10
	// MaxDelay is the longest Message.Delay.
	MaxDelay = 15 * time.Minute
	// MaxVisibility is the longest time that a message may be kept from others.
	MaxVisibility = 12 * time.Hour
	// MaxWait is the longest Receive.Wait.
	MaxWait = 20 * time.Second
	// MaxBody is the longest body in bytes.
	MaxBody = 256 << 10
	// DeduplicationWindow is how long a FIFO queue remembers a deduplication id.
	DeduplicationWindow = 5 * time.Minute
)

// Queue hands messages to receivers, each at least once. Its meaning is that of
// SQS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
//
//   - A message that Send has taken is there until it is deleted or discarded,
//     whatever process dies (SQS: for at most 14 days).
//   - A received message is kept from other receivers until its visibility
//     timeout has run out, then it is received again with a ReceiveCount one
//     higher. After the queue's MaxReceives it becomes a dead letter instead.
//   - A FIFO queue gives the messages of one group in the order in which they
//     were sent, and none of a group of which a message is out with a receiver;
//     a receiver may be given several of one group in one call. Groups do not
//     wait for each other. A message whose deduplication id was sent within
//     the last five minutes is taken and not sent again, also after the first
//     was deleted.
//   - A standard queue knows no order, groups or deduplication, and may now and
//     then give a message twice.
//   - A canceled context ends an operation with its error; it may have had its
//     effect.
//   - Methods may be called by any number of goroutines and processes.
type Queue interface {
	// Send adds messages, at most MaxBatch. A *PartialError says which were not
	// taken; any other error says that nothing is known of any.
	Send(ctx context.Context, messages ...Message) error
	// Receive returns messages that are visible, none when there are none until
	// r.Wait has passed.
	Receive(ctx context.Context, r Receive) ([]Delivery, error)
	// Delete removes received messages by their receipts, at most MaxBatch.
	// Deleting a message again is no error. An outdated receipt, of a message
	// that was received again since, deletes nothing and may be an error. A
	// *PartialError says which are still there.
	Delete(ctx context.Context, receipts ...string) error
	// Defer makes a received message visible again after d, instead of after
	// its visibility timeout: 0 at once, longer to keep or delay it. At most
	// MaxVisibility after it was received.
	Defer(ctx context.Context, receipt string, d time.Duration) error

	// DeadLetters returns messages that were received too often, oldest first,
	// at most limit; 0 means all. They stay, and are not kept from others. SQS
	// can only show them by receiving them: of one group of a FIFO queue it may
	// show the first ones only, and two callers see a part each.
	DeadLetters(ctx context.Context, limit int) ([]DeadLetter, error)
	// Redrive sends dead letters again, as new messages with a receive count
	// from the beginning, and removes them. Without ids all of them. It returns
	// how many; ids that are no dead letter's are passed over.
	Redrive(ctx context.Context, ids ...string) (int, error)
	// Discard removes dead letters as Redrive does, for good.
	Discard(ctx context.Context, ids ...string) (int, error)
}

// Message is what Send takes.
type Message struct {
	// Body is UTF-8 text of 1 to MaxBody bytes, in characters that XML has.
	Body string
	// Group and Deduplication are for FIFO queues, which need both, and are
	// refused by standard ones: 1 to 128 letters, digits and punctuation.
	Group, Deduplication string
	// Delay keeps the message from receivers at first; for standard queues
	// alone, at most MaxDelay, whole seconds.
	Delay time.Duration
}

// Receive says what Receive is to return; the zero value asks for one message
// without waiting, for 30 seconds.
type Receive struct {
	// Max is how many at most, 1 to MaxBatch; 0 means 1.
	Max int
	// Visibility is how long they are kept from other receivers, in whole
	// seconds; 0 means 30 s.
	Visibility time.Duration
	// Wait is how long to wait for the first, at most MaxWait, whole seconds.
	Wait time.Duration
}

// Delivery is a received message.
type Delivery struct {
	// ID is the message's own and never changes.
	ID string
	// Receipt is for Delete and Defer, valid for this delivery.
	Receipt string
	Body    string
	// Group and Deduplication are empty for a standard queue's.
	Group, Deduplication string
	// ReceiveCount is how often it was received, this time included.
	ReceiveCount int
	// Sent is when it was sent.
	Sent time.Time
}

// DeadLetter is a message that was received too often.
type DeadLetter struct {
	// ID is for Redrive and Discard.
	ID   string
	Body string
	// Group is empty for a standard queue's.
	Group string
	Sent  time.Time
}

// Failure is one message of a batch, by its place in the call.
type Failure struct {
	Index int
	Err   error
}

// PartialError says which messages of a batch failed; the others did not.
type PartialError struct {
	// Doing is the verb: send, delete.
	Doing    string
	Failures []Failure
}

func (e *PartialError) Error() string {
	return fmt.Sprintf("%s messages: %d failed, the first with: %v", e.Doing, len(e.Failures), e.Failures[0].Err)
}

// Unwrap returns the failures' errors.
func (e *PartialError) Unwrap() []error {
	errs := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		errs[i] = f.Err
	}
	return errs
}

// ErrRefused: a message, or what a call asks for, breaks the queue's rules;
// trying again is of no use.
var ErrRefused = errors.New("refused by the queue's rules")

// Check returns an ErrRefused for a message that a queue cannot take.
func Check(m Message, fifo bool) error {
	switch {
	case m.Body == "" || len(m.Body) > MaxBody:
		return fmt.Errorf("%w: a body has 1 to %d bytes, this one %d", ErrRefused, MaxBody, len(m.Body))
	case fifo && (!validID(m.Group) || !validID(m.Deduplication)):
		return fmt.Errorf("%w: a FIFO queue needs a group and a deduplication id of 1 to 128 characters", ErrRefused)
	case !fifo && (m.Group != "" || m.Deduplication != ""):
		return fmt.Errorf("%w: a standard queue has no groups and no deduplication", ErrRefused)
	case fifo && m.Delay != 0:
		return fmt.Errorf("%w: a FIFO queue has no delay per message", ErrRefused)
	case m.Delay < 0 || m.Delay > MaxDelay:
		return fmt.Errorf("%w: a delay of %s, %s at most", ErrRefused, m.Delay, MaxDelay)
	}
	return nil
}

// validID reports whether a group or deduplication id is one: alphanumeric and
// punctuation characters.
func validID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return true
}

// Filled returns r with the defaults in place of zeros, or an ErrRefused.
func (r Receive) Filled() (Receive, error) {
	if r.Max == 0 {
		r.Max = 1
	}
	if r.Visibility == 0 {
		r.Visibility = 30 * time.Second
	}
	if r.Max < 1 || r.Max > MaxBatch || r.Visibility < 0 || r.Visibility > MaxVisibility || r.Wait < 0 || r.Wait > MaxWait {
		return r, fmt.Errorf("%w: receive %d messages for %s, waiting %s", ErrRefused, r.Max, r.Visibility, r.Wait)
	}
	return r, nil
}
