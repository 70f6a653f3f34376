// Package jobs keeps and runs durable jobs: HTTP requests to the app's own
// routes that were stored before they were acknowledged (RFC 7240,
// respond-async), and are run at least once.
//
// A job is two objects of an s3cache.Store: the request, written once, and the
// state, written conditionally. The queue's message carries the id alone.
package jobs

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// State is where a job is in its life.
type State string

const (
	// Queued: it waits for its first run, for its delay to pass, or for the
	// next attempt.
	Queued State = "queued"
	// Running: a worker has it.
	Running State = "running"
	// Done: the route answered with a status that is not tried again.
	Done State = "done"
	// Dead: every attempt failed, or it became too old. It is kept for
	// `pack jobs redrive`.
	Dead State = "dead"
)

// Job is a job's state, as stored. Times are milliseconds since 1970.
type Job struct {
	ID    string `json:"id"`
	State State  `json:"state"`
	// Method and Path are the request's, for lists; Path with its query.
	Method string `json:"method"`
	Path   string `json:"path"`
	// Cron is the schedule that made the job, or empty.
	Cron string `json:"cron,omitempty"`
	// Deployment is that whose gateway took the job, on AWS; or empty.
	Deployment string `json:"deployment,omitempty"`
	Created    int64  `json:"created"`
	// Due is when the first attempt was due, NotBefore when the next one is.
	Due       int64  `json:"due"`
	NotBefore int64  `json:"notBefore"`
	Policy    Policy `json:"policy"`
	// Attempts counts runs that were begun, Failures those that were answered
	// with an error. The difference are workers that died.
	Attempts int `json:"attempts"`
	Failures int `json:"failures"`
	// Lease is until when a Running job belongs to its worker.
	Lease int64 `json:"lease,omitempty"`
	// Finished is when it became Done or Dead.
	Finished int64 `json:"finished,omitempty"`
	// Status is that of the last answer, 0 without one; Error says why the last
	// attempt failed.
	Status int    `json:"status,omitempty"`
	Error  string `json:"error,omitempty"`
}

// Policy is what pack.json says of a route's jobs.
type Policy struct {
	// Retries is how often a failed attempt is followed by another.
	Retries int `json:"retries"`
	// MaxAge is how many seconds after it was first due a job is given up.
	MaxAge int `json:"maxAge"`
	// Backoff is the wait after the first failure in seconds, doubled with each
	// further one up to an hour.
	Backoff int `json:"backoff"`
}

// deadline is when the job is given up.
func (j *Job) deadline() time.Time {
	return time.UnixMilli(j.Due).Add(time.Duration(j.Policy.MaxAge) * time.Second)
}

// Request is what a job sends.
type Request struct {
	Method string `json:"method"`
	// Path and Query are as after routing: rewrites and proxy.ts have had their
	// say. Path is encoded, Query raw.
	Path  string `json:"path"`
	Query string `json:"query,omitempty"`
	Host  string `json:"host"`
	// Header is without what belongs to one connection.
	Header http.Header `json:"header,omitempty"`
	// Route is the manifest.Entry.Pathname that answers. A request without one
	// goes through the gateway, as from outside.
	Route string `json:"route,omitempty"`
	// URL is the address that the caller asked for, with origin.
	URL string `json:"url,omitempty"`
	// Cron marks a request that gets the app's CRON_SECRET.
	Cron bool   `json:"cron,omitempty"`
	Body []byte `json:"-"`
}

// newID makes an id that sorts by time and cannot be guessed.
func newID(now time.Time) string {
	return fmt.Sprintf("%011x-%s", now.UnixMilli(), strings.ToLower(rand.Text()))
}

// validID keeps what is no id from being looked up as an object.
func validID(id string) bool {
	if len(id) != 38 || id[11] != '-' {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if i != 11 && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
