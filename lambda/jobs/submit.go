package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"pack/lambda/queue"
	"pack/s3cache"
)

// Client takes jobs on. Its methods may be called by any number of goroutines.
type Client struct {
	Store *Store
	// Queue is a standard queue.
	Queue queue.Queue
	// Deployment is whose workers run the jobs while it is kept; empty leaves it
	// to the one in production.
	Deployment string
}

// Submission is a job to take on.
type Submission struct {
	Request Request
	Policy  Policy
	// Delay is how long to wait before the first attempt.
	Delay time.Duration
	// Key makes submissions of equal keys within a day one job; scope is what
	// the key is unique in. Without a Key every submission is a job.
	Key, Scope string
	// Cron is the schedule that made the job, or empty.
	Cron string
}

// keyLife is how long an idempotency key is honoured.
const keyLife = 24 * time.Hour

// ErrKeyReused: the idempotency key belongs to a job of another request.
var ErrKeyReused = errors.New("the idempotency key was used for another request")

// Ticket is a job's message, and Message its body.
type (
	Ticket struct {
		ID string `json:"id"`
		// Deployment is the Job's.
		Deployment string `json:"deployment,omitempty"`
	}
	Message struct {
		Job *Ticket `json:"job"`
	}
)

// claim is what an idempotency key's object holds.
type claim struct {
	ID string `json:"id"`
	// Request is a digest of the request.
	Request string `json:"request"`
	// Created is in milliseconds since 1970.
	Created int64 `json:"created"`
}

// Submit stores a job and queues it; when it returns without an error, the job
// will run. For a known key it returns the job that is there, which is queued
// again if it has not run yet: its first submitter may have died in between.
func (c *Client) Submit(ctx context.Context, s Submission) (*Job, error) {
	now := time.Now()
	due := now.Add(s.Delay)
	job := &Job{
		ID: newID(now), State: Queued, Method: s.Request.Method, Path: s.Request.Path, Cron: s.Cron,
		Created: now.UnixMilli(), Due: due.UnixMilli(), NotBefore: due.UnixMilli(), Policy: s.Policy, Deployment: c.Deployment,
	}
	if s.Request.Query != "" {
		job.Path += "?" + s.Request.Query
	}
	if s.Key != "" {
		id, err := c.claim(ctx, s, job)
		if err != nil {
			return nil, err
		}
		if id != job.ID {
			there, err := c.Store.Get(ctx, id)
			if err == nil && (there.State != Queued || there.Attempts > 0) {
				return there, nil
			}
			if err != nil && !errors.Is(err, ErrNotFound) {
				return nil, err
			}
			if there != nil {
				return there, c.send(ctx, there)
			}
			job.ID = id
		}
	}
	if err := c.Store.create(ctx, job, &s.Request); err != nil {
		return nil, err
	}
	if err := c.send(ctx, job); err != nil {
		// It was not acknowledged: it must not be found later either.
		_ = c.Store.Discard(context.WithoutCancel(ctx), job.ID)
		return nil, err
	}
	return job, nil
}

// claim makes the key the job's, or returns the id of the job that has it.
func (c *Client) claim(ctx context.Context, s Submission, job *Job) (id string, err error) {
	key := c.Store.place("key", digest([]byte(s.Scope), []byte(s.Key)))
	mine := claim{ID: job.ID, Request: fingerprint(&s.Request), Created: job.Created}
	body, err := json.Marshal(mine)
	if err != nil {
		return "", err
	}
	condition := s3cache.IfAbsent
	for range 8 {
		_, err = c.Store.Objects.Put(ctx, key, body, condition)
		if err == nil {
			return job.ID, nil
		}
		if !errors.Is(err, s3cache.ErrConflict) {
			break
		}
		object, err := c.Store.Objects.Get(ctx, key, "")
		if errors.Is(err, s3cache.ErrNotFound) {
			condition = s3cache.IfAbsent
			continue
		}
		if err != nil {
			return "", fmt.Errorf("look at idempotency key: %w", err)
		}
		var there claim
		if err := json.Unmarshal(object.Body, &there); err == nil && time.Since(time.UnixMilli(there.Created)) < keyLife {
			if there.Request != mine.Request {
				return "", ErrKeyReused
			}
			return there.ID, nil
		}
		condition = s3cache.IfMatch(object.ETag)
	}
	return "", fmt.Errorf("claim idempotency key: %w", err)
}

// fingerprint tells requests apart that share a key.
func fingerprint(r *Request) string {
	return digest([]byte(r.Method), []byte(r.Path), []byte(r.Query), r.Body)
}

func digest(parts ...[]byte) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:", len(part))
		h.Write(part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// send queues a job for when it is due; beyond the queue's longest delay it is
// queued again then.
func (c *Client) send(ctx context.Context, job *Job) error {
	return send(ctx, c.Queue, job, time.Until(time.UnixMilli(job.NotBefore)))
}

func send(ctx context.Context, q queue.Queue, job *Job, delay time.Duration) error {
	body, err := json.Marshal(Message{Job: &Ticket{ID: job.ID, Deployment: job.Deployment}})
	if err != nil {
		return err
	}
	if err := q.Send(ctx, queue.Message{Body: string(body), Delay: min(max(0, delay), queue.MaxDelay)}); err != nil {
		return fmt.Errorf("queue job %s: %w", job.ID, err)
	}
	return nil
}

// Redrive runs a job again that is Dead or Done, or seems to be stuck, with all
// its retries and its age from now on.
func (c *Client) Redrive(ctx context.Context, id string) error {
	job, etag, err := c.Store.get(ctx, id)
	if err != nil {
		return err
	}
	now := time.Now().UnixMilli()
	if job.State == Running && job.Lease > now {
		return fmt.Errorf("redrive job %s: it is running", id)
	}
	job.State, job.Attempts, job.Failures, job.Lease, job.Finished = Queued, 0, 0, 0, 0
	job.Due, job.NotBefore = now, now
	if _, err := c.Store.put(ctx, job, s3cache.IfMatch(etag)); err != nil {
		return fmt.Errorf("redrive job %s: %w", id, err)
	}
	return c.send(ctx, job)
}
