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
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"pack/lambda/event"
	"pack/lambda/jobs"
	"pack/lambda/logs"
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

// target is where a resolved request goes.
type target struct {
	function, entry string
	// path is the concrete one after rewrites, encoded; query is raw.
	path, query string
	// address is the path and query that the function sees, where they are not
	// those above.
	address string
	meta    map[string]any
}

// with gives the target with one thing more for Next's handler to know.
func (t target) with(name string, value any) target {
	meta := make(map[string]any, len(t.meta)+1)
	maps.Copy(meta, t.meta)
	meta[name] = value
	t.meta = meta
	return t
}

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

// serveOutput answers from the page store or from the output's function.
func (g *Gateway) serveOutput(w http.ResponseWriter, r *http.Request, resolved *router.Result) {
	r.Header = resolved.RequestHeader
	ref, isPage := g.pages.find(resolved)
	output := g.outputFor(resolved.Pathname, ref)
	if output == nil {
		g.notFound(w, r)
		return
	}
	logs.On(&output.Entry)
	t := target{
		function: output.Function, entry: output.Entry,
		path: resolved.Path, query: resolved.RawQuery,
	}
	if g.acceptJob(w, r, t) {
		return
	}
	api := output.Type == "PAGES_API"
	switch {
	case api || output.Type == "PAGES" || output.Type == "APP_ROUTE" && resolved.Rewritten && !isPage:
		g.addressFor(&t, r, resolved, isPage, output.Type != "PAGES")
	case resolved.Rewritten && output.Type == "APP_PAGE":
		route := output.Pathname
		if isPage {
			route = ref.page.Route
		}
		t.meta = g.rewrittenMeta(resolved, route)
	}
	// A route of the edge runtime sees these requests, under Next's own server.
	edge := output.Runtime == manifest.EdgeRuntime
	if !api && !edge && isRSC(r) && redirectedRSC(w, r) {
		return
	}
	if !edge && (strings.HasPrefix(output.Type, "APP_") || isRSC(r) && !api) {
		w.Header().Add("Vary", g.intercepted.vary(g.vary, t.path))
	}
	action := possibleAction(r)
	if isPage && !action && static(ref.page) && r.Method != http.MethodGet && r.Method != http.MethodHead {
		methodNotAllowed(w)
		return
	}
	if r.Method == http.MethodOptions && !edge && (output.Type == "APP_PAGE" || output.Type == "PAGES") {
		w.WriteHeader(http.StatusBadRequest) // As Next's own server says to a page's OPTIONS.
		return
	}
	if r.Header.Get("X-Middleware-Prefetch") != "" && !api && !(isPage && ref.page.Kind == s3cache.KindPages) {
		g.skipPrefetch(w, output.Pathname, resolved)
		return
	}
	if isPage && ref.page.Template && ref.page.NotFound && !action && !g.drafts(r) {
		g.notFound(w, r)
		return
	}
	if isPage && action && ref.page.PartiallyStatic {
		t = g.forForm(r, ref.page, t)
	}
	if !isPage || g.bypasses(r, ref.page, action) {
		response, err := g.invoke(r, t)
		w.Header().Set("Cache-Status", "pack; fwd=bypass")
		g.relay(w, r, response, err)
		return
	}
	if ref.page.PartiallyStatic {
		g.servePartial(w, r, t, ref)
		return
	}
	g.servePage(w, r, t, ref)
}

// outputFor finds the output of a resolved pathname, which may be a
// prerendered address of a template.
func (g *Gateway) outputFor(pathname string, ref partRef) *manifest.Output {
	if output := g.outputs[pathname]; output != nil {
		return output
	}
	if ref.page == nil {
		return nil
	}
	for _, route := range []string{g.app.BasePath + ref.page.Route, ref.page.Route} {
		if output := g.outputs[route]; output != nil {
			return output
		}
	}
	return g.outputs[ref.page.Pathname]
}

// bypasses reports whether a request to a cached page must be rendered for
// itself: draft mode, a refresh, an action, or what the build lists.
func (g *Gateway) bypasses(r *http.Request, page *manifest.Page, action bool) bool {
	if action {
		return true
	}
	if g.app.BypassToken != "" {
		if r.Header.Get("X-Prerender-Revalidate") == g.app.BypassToken {
			return true
		}
		if g.drafts(r) {
			return true
		}
	}
	for _, c := range page.BypassFor {
		if meets(r, c, func(pattern, value string) bool { return g.patterns[pattern].MatchString(value) }) {
			return true
		}
	}
	return false
}

// partOf says which representation of a page r asks for.
func partOf(r *http.Request, ref partRef) string {
	if ref.page.Kind != s3cache.KindAppPage || !isRSC(r) || ref.part != s3cache.PartHTML {
		return ref.part
	}
	if segment := r.Header.Get(segmentPrefetchHeader); segment != "" && r.Header.Get(prefetchHeader) == "1" {
		return s3cache.PartSegment + segment
	}
	return s3cache.PartRSC
}

// possibleAction reports whether r may call a server action
// (next/dist/server/lib/server-action-request-meta.js).
func possibleAction(r *http.Request) bool {
	if r.Method != http.MethodPost {
		return false
	}
	kind := r.Header.Get("Content-Type")
	return r.Header.Get("Next-Action") != "" || kind == "application/x-www-form-urlencoded" || strings.HasPrefix(kind, "multipart/form-data")
}

func (g *Gateway) maxDuration(function string) time.Duration {
	if f := g.functions[function]; f != nil {
		return time.Duration(f.MaxDuration) * time.Second
	}
	return time.Minute
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
	response, err := g.invoke(r, target{function: g.image, path: resolved.Path, query: resolved.RawQuery})
	g.relay(w, r, response, err)
}
