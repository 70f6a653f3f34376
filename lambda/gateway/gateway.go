// Package gateway answers every request that no CDN does: it routes, serves
// files and cached pages itself, runs proxy.ts, and calls route functions for
// the rest.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"pack/lambda/event"
	"pack/lambda/jobs"
	"pack/lambda/node"
	"pack/lambda/refresh"
	"pack/lambda/router"
	"pack/manifest"
	"pack/s3cache"
)

// Invoker calls a route function. The error is of type *invoke.Error when the
// function or the Lambda service refused.
type Invoker interface {
	Invoke(ctx context.Context, function string, r *http.Request, call *event.Call) (*http.Response, error)
}

// Proxy runs the app's proxy.ts on a request and returns its answer as it is:
// x-middleware-* headers included.
type Proxy func(r *http.Request, initURL string) (*http.Response, error)

// Options make a Gateway.
type Options struct {
	Deployment *manifest.Deployment
	// Assets holds the files named by manifest.Asset.File; Files has them
	// instead where it is not nil.
	Assets  fs.FS
	Files   Files
	Cache   *s3cache.Cache
	Invoker Invoker
	// Proxy is nil for an app without proxy.ts.
	Proxy Proxy
	// AllowPrivateRewrites lets external rewrites reach loopback, private and
	// link-local addresses.
	AllowPrivateRewrites bool
	// Webhooks is nil for a deployment without any.
	Webhooks Webhooks
	// TagHeader is the header that a CDN reads tags of cached pages from, as
	// package purge writes them; "" sends none.
	TagHeader string
	// Refreshes queues stale pages for the worker; nil has the instance that
	// found one refresh it.
	Refreshes *refresh.Sender
	// Jobs takes durable jobs on; nil for a deployment without a worker.
	Jobs *jobs.Client
}

// Gateway is an http.Handler. Its methods may be called by any number of
// goroutines.
type Gateway struct {
	deployment *manifest.Deployment
	app        manifest.App
	vary       string
	router     *router.Router
	pages      pages
	outputs    map[string]*manifest.Output
	functions  map[string]*manifest.Function
	image      string
	assets     *assets
	cache      *s3cache.Cache
	invoker    Invoker
	proxy      Proxy
	external   http.Handler
	webhooks   Webhooks
	tagHeader  string
	refreshes  *refresh.Sender
	refresher  *refresh.Refresher
	jobs       *jobs.Client
	jobRoutes  map[string]manifest.JobPolicy
	patterns   map[string]*regexp.Regexp
	// intercepted are the addresses that answer differently inside of others.
	intercepted interceptions
}

// New prepares a deployment for serving. It fails on a routing table that
// cannot be compiled; it does no I/O.
func New(o Options) (*Gateway, error) {
	d := o.Deployment
	routes, err := router.New(router.TableOf(d))
	if err != nil {
		return nil, fmt.Errorf("prepare routing of deployment %s: %w", d.ID, err)
	}
	g := &Gateway{
		deployment: d,
		app:        d.App,
		vary:       d.Routing.RSC.VaryHeader,
		router:     routes,
		pages:      newPages(d),
		outputs:    make(map[string]*manifest.Output, len(d.Outputs)),
		functions:  make(map[string]*manifest.Function, len(d.Functions)),
		assets:     newAssets(d, o.Assets, o.Files),
		cache:      o.Cache,
		invoker:    o.Invoker,
		proxy:      o.Proxy,
		external:   newExternal(o.AllowPrivateRewrites),
		webhooks:   o.Webhooks,
		tagHeader:  o.TagHeader,
		refreshes:  o.Refreshes,
		jobs:       o.Jobs,
		jobRoutes:  make(map[string]manifest.JobPolicy, len(d.Jobs)),
		patterns:   make(map[string]*regexp.Regexp),
	}
	if g.intercepted, err = newInterceptions(d.Routing.BeforeFiles); err != nil {
		return nil, fmt.Errorf("prepare routing of deployment %s: %w", d.ID, err)
	}
	g.refresher = g.newRefresher()
	for _, j := range d.Jobs {
		g.jobRoutes[j.Route] = j.JobPolicy
	}
	for i := range d.Outputs {
		g.outputs[d.Outputs[i].Pathname] = &d.Outputs[i]
	}
	for i := range d.Functions {
		g.functions[d.Functions[i].Name] = &d.Functions[i]
		if d.Functions[i].Kind == manifest.ImageFunction {
			g.image = d.Functions[i].Name
		}
	}
	for _, page := range d.Pages {
		for _, c := range page.BypassFor {
			if c.Value == "" || g.patterns[c.Value] != nil {
				continue
			}
			pattern, err := regexp.Compile("^(?:" + c.Value + ")$")
			if err != nil {
				return nil, fmt.Errorf("page %s: bypassFor %q: %w", page.Pathname, c.Value, err)
			}
			g.patterns[c.Value] = pattern
		}
	}
	return g, nil
}

// healthPath answers without looking at the app: load balancers and `pack
// serve` ask it whether the gateway is up.
const healthPath = "/_pack/health"

// ServeHTTP implements http.Handler.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if call := event.CallOf(r.Context()); call == nil || !call.Trusted {
		Strip(r.Header)
	}
	if r.URL.Path == healthPath {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if g.serveJob(w, r) {
		return
	}
	if g.serveWebhook(w, r) {
		return
	}
	forward(r)
	run := &proxyRun{gateway: g, request: r}
	resolved, err := g.router.Resolve(r.Context(), &router.Request{
		Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: r.Header, HTTPS: strings.HasPrefix(origin(r), "https:"),
	}, run.proxy())
	if err != nil {
		slog.Error("request could not be routed", "path", r.URL.Path, "error", err)
		if errors.Is(err, node.ErrDied) {
			w.Header().Set("Cache-Control", noStore)
			http.Error(w, "The process of proxy.ts ended before it had answered", http.StatusBadGateway)
			return
		}
		if resolved != nil {
			r = withLocale(r, resolved.Locale)
		}
		g.serverError(w, r)
		return
	}
	r = withLocale(r, resolved.Locale)
	w = g.unshared(w, run)
	w = withProxyStatus(w, resolved, g.outputs[resolved.Pathname])
	addHeaders(w.Header(), resolved.Header)
	if resolved.Data {
		g.nameDataPage(w, resolved)
	}
	switch resolved.Kind {
	case router.BadRequest:
		w.WriteHeader(http.StatusBadRequest)
	case router.Redirect:
		redirect(w, resolved)
	case router.Responded:
		run.relay(w, r, resolved)
	case router.External:
		g.rewriteOutside(w, r, resolved)
	case router.Asset:
		g.serveAsset(w, r, resolved)
	case router.Image:
		g.serveImage(w, r, resolved)
	case router.Output:
		g.serveOutput(w, r, resolved)
	default:
		g.serveMissing(w, r, resolved)
	}
}

func addHeaders(to, from http.Header) {
	for name, values := range from {
		to[name] = append(to[name], values...)
	}
}

func redirect(w http.ResponseWriter, resolved *router.Result) {
	w.Header().Set("Location", resolved.Location)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(resolved.Status)
	_, _ = w.Write([]byte(resolved.Location))
}

// static reports whether nothing but reading makes sense for a page: any
// method is a GET for the rest (next/dist/server/base-server.js).
func static(page *manifest.Page) bool {
	return page.Kind == s3cache.KindPages || !strings.Contains(page.Route, "[")
}

func methodNotAllowed(w http.ResponseWriter) {
	w.Header()["Allow"] = []string{"GET", "HEAD"}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusMethodNotAllowed)
	_, _ = w.Write([]byte("Method Not Allowed"))
}

// rewriteOutside hands a request to the absolute address of a rewrite.
func (g *Gateway) rewriteOutside(w http.ResponseWriter, r *http.Request, resolved *router.Result) {
	address, err := url.Parse(resolved.Location)
	if err != nil {
		slog.Error("rewrite leads nowhere", "location", resolved.Location, "error", err)
		g.serverError(w, r)
		return
	}
	r.Header = resolved.RequestHeader
	g.external.ServeHTTP(w, withTarget(r, address))
}

// serveImage has the image function answer.
func (g *Gateway) serveImage(w http.ResponseWriter, r *http.Request, resolved *router.Result) {
	if g.image == "" {
		g.notFound(w, r)
		return
	}
	t := target{function: g.image, path: resolved.Path, query: resolved.RawQuery}
	response, err := g.invoke(r, t)
	g.relay(w, r, t, response, err)
}
