// Package webhooks receives what content systems send when something has
// changed, and refreshes exactly what the message touches.
//
// A delivery is believed when its signature over the raw body is right for one
// of the endpoint's secrets and, where the sender signs the time, when that is
// recent. Which scheme a sender uses is configured, never guessed. Then fields
// of the message become tags and paths, by expressions in pack.json, and those
// are revalidated before the sender has its answer: whatever was accepted has
// happened, and whatever could not happen is answered with 503 so that the
// sender tries again.
package webhooks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pack/lambda/event"
	"pack/manifest"
)

// Path is where the endpoints are, also below the app's basePath.
const Path = "/_pack/webhooks/"

// retryAfter is in seconds: when a sender shall try again.
const retryAfter = 5

// Revalidator makes entries stale or expires them.
type Revalidator interface {
	// Tags does so with every entry that carries one of the tags. When it
	// returns nil, no reader gets an entry of before the call as fresh.
	Tags(ctx context.Context, tags []string, mode manifest.RefreshMode) error
	// Paths does so with the pages at these paths, as Changes has them.
	Paths(ctx context.Context, paths []string, mode manifest.RefreshMode) error
}

// Deliveries remembers what was received.
type Deliveries interface {
	// Seen reports whether a delivery was recorded and not forgotten yet.
	Seen(ctx context.Context, endpoint, id string) (bool, error)
	// Record remembers a delivery for at least the time given.
	Record(ctx context.Context, endpoint, id string, keep time.Duration) error
}

// Options make a Receiver.
type Options struct {
	Webhooks []manifest.Webhook
	// BasePath is the app's: endpoints are there too.
	BasePath string
	// Env reads the variables that hold secrets, as os.Getenv does.
	Env         func(string) string
	Revalidator Revalidator
	// Deliveries is nil where repetitions may go through: they do no harm.
	Deliveries Deliveries
}

// Receiver answers for all endpoints of a deployment. It may be used by any
// number of goroutines.
type Receiver struct {
	endpoints   map[string]*Endpoint
	basePath    string
	revalidator Revalidator
	deliveries  Deliveries
}

// New compiles the endpoints. It fails on a Deployment that pack did not make;
// secrets that are not set are logged, and their endpoints answer 503.
func New(o Options) (*Receiver, error) {
	r := &Receiver{
		endpoints: make(map[string]*Endpoint, len(o.Webhooks)), basePath: o.BasePath,
		revalidator: o.Revalidator, deliveries: o.Deliveries,
	}
	for _, hook := range o.Webhooks {
		e, err := NewEndpoint(hook, o.Env)
		if err != nil {
			return nil, err
		}
		if e.Unset() {
			slog.Error("webhook has no secret", "webhook", hook.Name, "variables", e.variables())
		}
		r.endpoints[hook.Name] = e
	}
	return r, nil
}

// Addressed reports whether a path is a webhook's and none of the app's own.
func Addressed(basePath, path string) bool {
	_, ok := endpointName(basePath, path)
	return ok
}

// endpointName gives the endpoint that a path asks for; ok is false for the
// app's own paths.
func endpointName(basePath, path string) (name string, ok bool) {
	if name, ok = strings.CutPrefix(path, Path); !ok && basePath != "" {
		name, ok = strings.CutPrefix(path, basePath+Path)
	}
	return name, ok
}

// Serve answers a request for an endpoint and reports whether it was one.
func (r *Receiver) Serve(w http.ResponseWriter, request *http.Request) bool {
	name, ok := endpointName(r.basePath, request.URL.Path)
	if !ok {
		return false
	}
	w.Header().Set("Cache-Control", "no-store")
	endpoint := r.endpoints[name]
	switch {
	case endpoint == nil:
		http.Error(w, "not found", http.StatusNotFound)
	case request.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	default:
		r.receive(w, request, endpoint)
	}
	return true
}

// receive answers one delivery. All refusals are alike: which part was wrong is
// for the owner's log.
func (r *Receiver) receive(w http.ResponseWriter, request *http.Request, e *Endpoint) {
	log := slog.With("webhook", e.hook.Name)
	d, err := read(request, e.hook.MaxBody)
	if errors.Is(err, errTooLarge) {
		http.Error(w, "content too large", http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		log.Warn("webhook broken off", "error", err)
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	if e.Unset() {
		log.Error("webhook cannot be verified: none of its secrets is set", "variables", e.variables())
		later(w)
		return
	}
	p, err := e.verify(d)
	if err != nil {
		log.Warn("webhook refused", "error", err)
		w.Header().Set("WWW-Authenticate", "Webhook") // RFC 9110, 15.5.2: there has to be one.
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	}
	ctx := request.Context()
	m := e.Message(d)
	id := e.identity(d, m, p)
	if r.seen(ctx, log, e, id) {
		log.Info("webhook repeated", "delivery", id)
		w.WriteHeader(e.accepted())
		return
	}
	changes, err := e.Changes(m)
	if err != nil {
		// Sending it again would not help: the expressions have to be changed.
		log.Error("webhook does not fit its expressions", "event", m.Event, "error", err)
	}
	if err := r.revalidate(ctx, changes); err != nil {
		log.Error("webhook not carried out, the sender is asked to try again", "event", m.Event, "error", err)
		later(w)
		return
	}
	log.Info("webhook carried out", "event", m.Event, "ignored", changes.Ignored, "tags", len(changes.Tags), "paths", len(changes.Paths))
	w.WriteHeader(e.accepted())
	if r.deliveries != nil && id != "" {
		ctx := context.WithoutCancel(ctx)
		event.AfterResponse(request.Context(), func() {
			if err := r.deliveries.Record(ctx, e.hook.Name, id, 2*e.window()); err != nil {
				log.Error("webhook not remembered", "delivery", id, "error", err)
			}
		})
	}
}

// seen reports whether a delivery came before. Nobody knows if the store
// fails: then it is carried out, which twice does no harm.
func (r *Receiver) seen(ctx context.Context, log *slog.Logger, e *Endpoint, id string) bool {
	if r.deliveries == nil || id == "" {
		return false
	}
	seen, err := r.deliveries.Seen(ctx, e.hook.Name, id)
	if err != nil {
		log.Error("earlier webhooks cannot be looked up", "error", err)
	}
	return seen
}

func (r *Receiver) revalidate(ctx context.Context, c Changes) error {
	if len(c.Tags) > 0 {
		if err := r.revalidator.Tags(ctx, c.Tags, c.Mode); err != nil {
			return fmt.Errorf("revalidate tags: %w", err)
		}
	}
	if len(c.Paths) > 0 {
		if err := r.revalidator.Paths(ctx, c.Paths, c.Mode); err != nil {
			return fmt.Errorf("revalidate paths: %w", err)
		}
	}
	return nil
}

// later asks the sender to try again.
func later(w http.ResponseWriter) {
	w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
	http.Error(w, "service unavailable", http.StatusServiceUnavailable)
}

var errTooLarge = errors.New("the body is too large")

// read takes a request in, up to limit bytes of body.
func read(r *http.Request, limit int) (*Delivery, error) {
	if r.ContentLength > int64(limit) {
		return nil, errTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(body) > limit {
		return nil, errTooLarge
	}
	target := r.RequestURI
	if target == "" {
		target = r.URL.RequestURI()
	}
	return &Delivery{Method: r.Method, Target: target, Header: r.Header, Body: body, Received: time.Now()}, nil
}
