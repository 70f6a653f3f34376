package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"pack/lambda/event"
	"pack/lambda/gateway"
	"pack/lambda/jobs"
	"pack/lambda/refresh"
	"pack/lambda/state"
	"pack/lambda/worker"
	"pack/manifest"
)

// addQueues gives the gateway the queues that there are.
func (s *settings) addQueues(o *gateway.Options) error {
	queues, err := state.OpenQueues(s.where)
	if err != nil {
		return err
	}
	if q := queues.Refreshes; q != nil {
		o.Refreshes = &refresh.Sender{Queue: q}
	}
	if q := queues.Jobs; q != nil {
		store, err := state.OpenJobs(s.where)
		if err != nil {
			return err
		}
		o.Jobs = &jobs.Client{Store: store, Queue: q, Deployment: s.jobsOf(o.Deployment)}
	}
	return nil
}

// jobsOf is whose worker is to run the jobs that a deployment takes: on a laptop
// there is one.
func (s *settings) jobsOf(d *manifest.Deployment) string {
	if s.placement.release == "" {
		return ""
	}
	return d.ID
}

// worker makes the handler of the worker.
func (s *settings) worker(ctx context.Context) (*worker.Worker, error) {
	d, err := s.readDeployment()
	if err != nil {
		return nil, err
	}
	opened, err := state.Open(s.where)
	if err != nil {
		return nil, err
	}
	queues, err := state.OpenQueues(s.where)
	if err != nil {
		return nil, err
	}
	if queues.Refreshes == nil || queues.Jobs == nil {
		return nil, errors.New("PACK_REFRESH_QUEUE_URL or PACK_JOB_QUEUE_URL is missing: the worker works off queues")
	}
	store, err := state.OpenJobs(s.where)
	if err != nil {
		return nil, err
	}
	calls, gatewayName := s.callers(d, opened)
	send := &jobSender{invoker: calls, gateway: gatewayName, routes: make(map[string]string)}
	if send.cronSecret, err = s.variable(ctx, "CRON_SECRET"); err != nil {
		return nil, err
	}
	limits := make(map[string]time.Duration, len(d.Functions))
	for _, f := range d.Functions {
		limits[f.Name] = time.Duration(f.MaxDuration) * time.Second
		for _, e := range f.Entries {
			if f.Kind == manifest.RouteFunction {
				send.routes[e.Pathname] = f.Name
			}
		}
	}
	w := &worker.Worker{
		Deployment: d.ID,
		Refresher: &refresh.Refresher{
			Cache: opened.Cache(d.ID, d.App.DataPrefix(), 0), Invoker: calls, Token: d.App.BypassToken, Gateway: gatewayName,
			Limit: func(function string) time.Duration { return limits[function] + refreshGrace },
		},
		Jobs:      &jobs.Runner{Store: store, Queue: queues.Jobs, Send: send.send},
		Refreshes: queues.Refreshes,
		JobQueue:  queues.Jobs,
		Crons:     d.Crons,
		Client:    &jobs.Client{Store: &jobs.Store{Objects: opened.Objects}, Queue: queues.Jobs, Deployment: s.jobsOf(d)},
	}
	if others := s.others(d, opened); others != nil {
		w.Others = others
	}
	return w, nil
}

// refreshGrace is how much longer than its maxDuration a function is waited for.
const refreshGrace = 5 * time.Second

// jobSender sends jobs to the routes that took them, whichever function has
// them in this deployment, and crons to the gateway.
type jobSender struct {
	invoker invoker
	gateway string
	routes  map[string]string
	// cronSecret is the app's own CRON_SECRET.
	cronSecret string
}

// cronAgent is how requests of crons say what they are, as on the platform
// whose vercel.json is read (https://vercel.com/docs/cron-jobs).
const cronAgent = "vercel-cron/1.0"

func (s *jobSender) send(r *http.Request, job *jobs.Job, request *jobs.Request) (*http.Response, error) {
	if request.Cron {
		r.Header.Set("User-Agent", cronAgent)
		r.Header.Set("X-Vercel-Cron-Schedule", job.Cron)
		if s.cronSecret != "" {
			r.Header.Set("Authorization", "Bearer "+s.cronSecret)
		}
	}
	function := s.routes[request.Route]
	if function == "" {
		// A cron, or a route that this deployment does not have: the gateway
		// answers as it would answer anybody.
		return s.invoker.Invoke(r.Context(), s.gateway, r, &event.Call{Trusted: true})
	}
	return s.invoker.Invoke(r.Context(), function, r, &event.Call{Entry: request.Route, InitURL: request.URL})
}
