package jobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"pack/lambda/queue"
	"pack/s3cache"
)

// A worker's lease of a job is short and renewed, so that the job of a worker
// that died is not long in coming.
const (
	leaseTime  = 15 * time.Second
	leaseRenew = 5 * time.Second
)

const (
	// longestBackoff bounds the wait between two attempts.
	longestBackoff = time.Hour
	// maxLost is how many workers may die of a job beyond its retries.
	maxLost = 3
	// keptError is how much of a failed answer's body is kept, in bytes.
	keptError = 1 << 10
)

// Runner runs jobs, for the worker.
type Runner struct {
	Store *Store
	Queue queue.Queue
	// Send sends a job's request to the app and returns the answer.
	Send func(r *http.Request, job *Job, request *Request) (*http.Response, error)
}

// Run runs the job of a message if it is due and nobody has it. The message is
// done with when there is no error.
func (r *Runner) Run(ctx context.Context, id string) error {
	job, etag, err := r.Store.get(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	now := time.Now()
	switch {
	case job.State == Done || job.State == Dead:
		return nil
	case job.NotBefore > now.UnixMilli():
		return send(ctx, r.Queue, job, time.UnixMilli(job.NotBefore).Sub(now))
	case job.State == Running && job.Lease > now.UnixMilli():
		return send(ctx, r.Queue, job, time.UnixMilli(job.Lease).Sub(now)+time.Second)
	case now.After(job.deadline()):
		return r.bury(ctx, job, etag, "older than its maxAge")
	case job.Attempts-job.Failures > maxLost:
		return r.bury(ctx, job, etag, fmt.Sprintf("its worker died %d times", job.Attempts-job.Failures))
	}
	request, err := r.Store.Request(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return r.bury(ctx, job, etag, "its request is gone")
	}
	if err != nil {
		return err
	}
	job.State, job.Lease = Running, now.Add(leaseTime).UnixMilli()
	job.Attempts++
	if etag, err = r.Store.put(ctx, job, s3cache.IfMatch(etag)); errors.Is(err, s3cache.ErrConflict) {
		// Another worker was quicker; look again later, should it die.
		return send(ctx, r.Queue, job, leaseTime)
	}
	if err != nil {
		return fmt.Errorf("begin job %s: %w", id, err)
	}
	etag, outcome := r.attempt(ctx, job, etag, request)
	return r.settle(context.WithoutCancel(ctx), job, etag, outcome)
}

// outcome is how an attempt ended.
type outcome struct {
	// status is 0 when there was no answer.
	status int
	// retry is the wait that the answer asks for.
	retry time.Duration
	// failure is empty when the job is done.
	failure string
}

// attempt sends the request once, renewing the lease meanwhile.
func (r *Runner) attempt(ctx context.Context, job *Job, etag string, request *Request) (string, outcome) {
	renewing, stop := context.WithCancel(ctx)
	var renewer sync.WaitGroup
	renewer.Go(func() {
		tick := time.NewTicker(leaseRenew)
		defer tick.Stop()
		for {
			select {
			case <-renewing.Done():
				return
			case <-tick.C:
			}
			renewed := *job
			renewed.Lease = time.Now().Add(leaseTime).UnixMilli()
			if next, err := r.Store.put(renewing, &renewed, s3cache.IfMatch(etag)); err == nil {
				etag = next
			} else if renewing.Err() == nil {
				slog.Warn("lease of a job not renewed", "job", job.ID, "error", err)
			}
		}
	})
	result := func() outcome {
		defer renewer.Wait()
		defer stop()
		return r.try(ctx, job, request)
	}()
	return etag, result
}

func (r *Runner) try(ctx context.Context, job *Job, request *Request) outcome {
	out := &http.Request{
		Method: request.Method, URL: &url.URL{RawPath: request.Path, RawQuery: request.Query}, Host: request.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: request.Header.Clone(), Body: http.NoBody, ContentLength: int64(len(request.Body)),
	}
	out.URL.Path, _ = url.PathUnescape(request.Path)
	if len(request.Body) > 0 {
		out.Body = io.NopCloser(bytes.NewReader(request.Body))
	}
	if out.Header == nil {
		out.Header = make(http.Header)
	}
	out.Header.Set("X-Pack-Job-Id", job.ID)
	out.Header.Set("X-Pack-Job-Attempt", strconv.Itoa(job.Attempts))
	response, err := r.Send(out.WithContext(ctx), job, request)
	if err != nil {
		return outcome{failure: err.Error()}
	}
	defer response.Body.Close()
	start, err := io.ReadAll(io.LimitReader(response.Body, keptError))
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
	}
	o := outcome{status: response.StatusCode}
	switch {
	case err != nil:
		o.failure = "the answer broke off: " + err.Error()
	case response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusRequestTimeout:
		o.failure = fmt.Sprintf("%d %s: %s", response.StatusCode, http.StatusText(response.StatusCode), bytes.ToValidUTF8(start, nil))
		if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
			o.retry = time.Duration(seconds) * time.Second
		}
	}
	return o
}

// settle writes down how an attempt ended, and queues the next one.
func (r *Runner) settle(ctx context.Context, job *Job, etag string, o outcome) error {
	now := time.Now()
	job.Status, job.Error, job.Lease = o.status, o.failure, 0
	if o.failure == "" {
		job.State, job.Finished = Done, now.UnixMilli()
		return r.write(ctx, job, etag)
	}
	job.Failures++
	wait := max(o.retry, queue.Backoff(job.Failures, time.Duration(job.Policy.Backoff)*time.Second, longestBackoff))
	if job.Failures > job.Policy.Retries {
		return r.bury(ctx, job, etag, o.failure)
	}
	if now.Add(wait).After(job.deadline()) {
		return r.bury(ctx, job, etag, "too old for another attempt; the last: "+o.failure)
	}
	job.State, job.NotBefore = Queued, now.Add(wait).UnixMilli()
	if err := r.write(ctx, job, etag); err != nil {
		return err
	}
	slog.Warn("job failed, to be tried again", "job", job.ID, "path", job.Path, "attempt", job.Attempts, "in", wait.Round(time.Second), "error", o.failure)
	return send(ctx, r.Queue, job, wait)
}

// bury makes a job a dead letter.
func (r *Runner) bury(ctx context.Context, job *Job, etag, why string) error {
	job.State, job.Finished, job.Error, job.Lease = Dead, time.Now().UnixMilli(), why, 0
	slog.Error("job given up", "job", job.ID, "path", job.Path, "attempts", job.Attempts, "error", why)
	return r.write(ctx, job, etag)
}

// write stores a state that this worker owns. Where it lost the job to another
// worker, or the job was discarded, their word counts.
func (r *Runner) write(ctx context.Context, job *Job, etag string) error {
	_, err := r.Store.put(ctx, job, s3cache.IfMatch(etag))
	if errors.Is(err, s3cache.ErrConflict) {
		slog.Warn("job changed while it ran", "job", job.ID)
		return nil
	}
	if err != nil {
		return fmt.Errorf("settle job %s: %w", job.ID, err)
	}
	return nil
}
