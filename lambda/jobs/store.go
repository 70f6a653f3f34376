package jobs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"pack/s3cache"
)

// Store keeps jobs in an s3cache.Store, beside the pages of every deployment:
// a job outlives the deployment that took it.
type Store struct {
	Objects s3cache.Store
	// Prefix is below which they are; "" means jobs.
	Prefix string
}

// ErrNotFound: there is no such job.
var ErrNotFound = errors.New("there is no such job")

func (s *Store) place(kind, name string) string {
	prefix := s.Prefix
	if prefix == "" {
		prefix = "jobs"
	}
	return prefix + "/" + kind + "/" + name
}

// stateSuffix keeps a state's key from being a folder of another's.
const stateSuffix = ".json"

func (s *Store) state(id string) string   { return s.place("state", id+stateSuffix) }
func (s *Store) request(id string) string { return s.place("request", id+".http") }

// create stores a new job: the request first, so that no state is without one.
func (s *Store) create(ctx context.Context, job *Job, r *Request) error {
	head, err := json.Marshal(r)
	if err != nil {
		return err
	}
	body := append(append(head, '\n'), r.Body...)
	if _, err := s.Objects.Put(ctx, s.request(job.ID), body, s3cache.Condition{}); err != nil {
		return fmt.Errorf("store job: %w", err)
	}
	if _, err := s.put(ctx, job, s3cache.IfAbsent); err != nil && !errors.Is(err, s3cache.ErrConflict) {
		return fmt.Errorf("store job: %w", err)
	}
	return nil
}

// put writes a state and returns its ETag. s3cache.ErrConflict as it is.
func (s *Store) put(ctx context.Context, job *Job, condition s3cache.Condition) (string, error) {
	body, err := json.Marshal(job)
	if err != nil {
		return "", err
	}
	return s.Objects.Put(ctx, s.state(job.ID), body, condition)
}

// Get returns a job, or ErrNotFound.
func (s *Store) Get(ctx context.Context, id string) (*Job, error) {
	job, _, err := s.get(ctx, id)
	return job, err
}

func (s *Store) get(ctx context.Context, id string) (*Job, string, error) {
	if !validID(id) {
		return nil, "", ErrNotFound
	}
	object, err := s.Objects.Get(ctx, s.state(id), "")
	if errors.Is(err, s3cache.ErrNotFound) {
		return nil, "", ErrNotFound
	}
	if err != nil {
		return nil, "", fmt.Errorf("read job %s: %w", id, err)
	}
	var job Job
	if err := json.Unmarshal(object.Body, &job); err != nil {
		return nil, "", fmt.Errorf("read job %s: %w", id, err)
	}
	return &job, object.ETag, nil
}

// Request returns what a job sends, or ErrNotFound.
func (s *Store) Request(ctx context.Context, id string) (*Request, error) {
	if !validID(id) {
		return nil, ErrNotFound
	}
	object, err := s.Objects.Get(ctx, s.request(id), "")
	if errors.Is(err, s3cache.ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read request of job %s: %w", id, err)
	}
	head, body, ok := bytes.Cut(object.Body, []byte("\n"))
	var r Request
	if err := json.Unmarshal(head, &r); err != nil || !ok {
		return nil, fmt.Errorf("read request of job %s: it is damaged: %w", id, err)
	}
	r.Body = body
	return &r, nil
}

// List yields the jobs, oldest first. An error ends it.
func (s *Store) List(ctx context.Context) iter.Seq2[*Job, error] {
	prefix := s.place("state", "")
	return func(yield func(*Job, error) bool) {
		for item, err := range s.Objects.List(ctx, prefix) {
			if err != nil {
				yield(nil, fmt.Errorf("list jobs: %w", err))
				return
			}
			job, err := s.Get(ctx, strings.TrimSuffix(strings.TrimPrefix(item.Key, prefix), stateSuffix))
			if errors.Is(err, ErrNotFound) {
				continue // discarded meanwhile
			}
			if !yield(job, err) || err != nil {
				return
			}
		}
	}
}

// Discard removes a job, whatever its state; a message of it that is still
// queued does nothing then. ErrNotFound when there is none.
func (s *Store) Discard(ctx context.Context, id string) error {
	if _, err := s.Get(ctx, id); err != nil {
		return err
	}
	for _, key := range []string{s.state(id), s.request(id)} {
		if err := s.Objects.Delete(ctx, key, s3cache.Condition{}); err != nil {
			return fmt.Errorf("discard job %s: %w", id, err)
		}
	}
	return nil
}

// Sweep removes what was finished before a time, and idempotency keys that
// count no more. It returns how many jobs it removed. On S3 a lifecycle rule
// does the same for less.
func (s *Store) Sweep(ctx context.Context, before time.Time) (removed int, err error) {
	for job, err := range s.List(ctx) {
		if err != nil {
			return removed, err
		}
		if job.Created > before.UnixMilli() {
			break // they come in the order of their creation
		}
		if job.Finished == 0 || job.Finished > before.UnixMilli() {
			continue
		}
		if err := s.Discard(ctx, job.ID); err != nil && !errors.Is(err, ErrNotFound) {
			return removed, err
		}
		removed++
	}
	for item, err := range s.Objects.List(ctx, s.place("key", "")) {
		if err != nil {
			return removed, fmt.Errorf("list idempotency keys: %w", err)
		}
		if time.Since(item.Modified) > keyLife {
			if err := s.Objects.Delete(ctx, item.Key, s3cache.IfMatch(item.ETag)); err != nil && !errors.Is(err, s3cache.ErrConflict) {
				return removed, fmt.Errorf("remove idempotency key: %w", err)
			}
		}
	}
	return removed, nil
}
