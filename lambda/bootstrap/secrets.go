package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"sync"

	"pack/lambda/gateway"
	"pack/lambda/platform"
	"pack/lambda/webhooks"
	"pack/s3cache"
)

// variable returns the value of one of the app's variables, a secret or not.
func (s *settings) variable(ctx context.Context, name string) (string, error) {
	if !s.secrets.Has(name) {
		return os.Getenv(name), nil
	}
	values, err := s.secrets.Get(ctx)
	return values[name], err
}

// environ gives the app's secrets to Node processes; nil when there are none.
func (s *settings) environ() func(context.Context) ([]string, error) {
	if s.secrets == nil {
		return nil
	}
	return s.secrets.Environ
}

// addWebhooks has the gateway take the deployment's webhooks, whose secrets are
// in the environment, or kept elsewhere: then they are asked for when a message
// comes, so that no page waits for them.
func (s *settings) addWebhooks(o *gateway.Options, p *platform.Platform, objects s3cache.Store) error {
	if len(o.Deployment.Webhooks) == 0 {
		return nil
	}
	options := webhooks.Options{
		Webhooks:    o.Deployment.Webhooks,
		BasePath:    o.Deployment.App.BasePath,
		Env:         os.Getenv,
		Revalidator: webhooks.NewPages(p.Cache, s.cdn.observe()),
		Deliveries:  &webhooks.Memory{Store: objects, Prefix: o.Deployment.ID},
	}
	var names []string
	for _, hook := range o.Deployment.Webhooks {
		for _, secret := range hook.Secrets {
			names = append(names, secret.Env)
		}
	}
	if s.secrets.Has(names...) {
		o.Webhooks = &lateWebhooks{settings: s, options: options}
		return nil
	}
	receiver, err := webhooks.New(options)
	if err != nil {
		return err
	}
	o.Webhooks = receiver
	return nil
}

// lateWebhooks makes a receiver with the first message.
type lateWebhooks struct {
	settings *settings
	options  webhooks.Options

	mu       sync.Mutex
	receiver *webhooks.Receiver
}

// Serve implements gateway.Webhooks.
func (l *lateWebhooks) Serve(w http.ResponseWriter, r *http.Request) bool {
	if !webhooks.Addressed(l.options.BasePath, r.URL.Path) {
		return false
	}
	receiver, err := l.open(r.Context())
	if err != nil {
		slog.Error("webhook cannot be verified: its secrets cannot be had", "error", err)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Retry-After", "5")
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return true
	}
	return receiver.Serve(w, r)
}

func (l *lateWebhooks) open(ctx context.Context) (*webhooks.Receiver, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.receiver != nil {
		return l.receiver, nil
	}
	values, err := l.settings.secrets.Get(ctx)
	if err != nil {
		return nil, err
	}
	o := l.options
	o.Env = func(name string) string {
		if value, ok := values[name]; ok {
			return value
		}
		return os.Getenv(name)
	}
	l.receiver, err = webhooks.New(o)
	return l.receiver, err
}
