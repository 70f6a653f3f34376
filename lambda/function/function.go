// Package function is what runs inside a route function: it takes HTTP
// requests, from the gateway or from the function's own URL, and has the Node
// process answer them.
package function

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"syscall"
	"time"

	"pack/lambda/compiled"
	"pack/lambda/event"
	"pack/lambda/logs"
	"pack/lambda/node"
	"pack/manifest"
)

// Document is pack/function.json in a function's archive: what the function
// needs to know of the deployment, and nothing that another route can change.
type Document = manifest.FunctionDocument

// Options make a Function.
type Options struct {
	Document *Document
	// Node has everything but the Config and the Platform.
	Node     node.Options
	Platform node.Platform
	// Environ gives variables of the Node process, NAME=value, that are asked for
	// when one starts: secrets. nil is none.
	Environ func(ctx context.Context) ([]string, error)
	// Compiled keeps what is compiled from one instance to the next; nil is
	// nothing.
	Compiled *compiled.Cache
	// Afterwards runs when an invocation's post-response work is done, within
	// the invocation and its maxDuration; nil is nothing. Its error is logged.
	Afterwards func(ctx context.Context) error
}

// Function answers requests to the routes of one function. It is an
// http.Handler for event.Handle: one request at a time, as Lambda does.
type Function struct {
	document *Document
	limit    time.Duration
	child    *child
	// afterwards is Options.Afterwards.
	afterwards func(ctx context.Context) error
}

// New starts the Node process and waits until it has loaded its entries, ctx
// bounding the wait. A *node.LoadError says that the app's code failed.
func New(ctx context.Context, o Options) (*Function, error) {
	f := build(o)
	p, err := f.child.process()
	if err != nil {
		return nil, err
	}
	if err := p.Ready(ctx); err != nil {
		f.child.close()
		return nil, err
	}
	return f, nil
}

func build(o Options) *Function {
	n := o.Node
	n.Platform = o.Platform
	n.Config = node.Config{ProjectDir: o.Document.App.ProjectDir, DistDir: o.Document.App.DistDir}
	if id := o.Document.App.DeploymentID; id != "" {
		// As Next's own server does; some of its code reads it at run time.
		n.Env = append(slices.Clip(n.Env), "NEXT_DEPLOYMENT_ID="+id)
	}
	for _, e := range o.Document.Function.Entries {
		n.Config.Entries = append(n.Config.Entries, e.File)
	}
	return &Function{
		document: o.Document,
		limit:    time.Duration(o.Document.Function.MaxDuration) * time.Second,
		child:    newChild(n, o.Environ, o.Compiled),

		afterwards: o.Afterwards,
	}
}

// Close ends the Node process.
func (f *Function) Close() { f.child.close() }

// ServeHTTP implements http.Handler.
func (f *Function) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := event.CallOf(r.Context())
	entry := f.entry(r, call)
	if entry == nil {
		http.Error(w, "This function has no route for this path", http.StatusNotFound)
		return
	}
	logs.On(&entry.Pathname)
	started := time.Now()
	ctx, cancel := context.WithDeadlineCause(r.Context(), f.deadline(r.Context(), started), errTimedOut)
	process, response, id, err := f.send(ctx, r, entry, call)
	if err != nil {
		cancel()
		f.fail(w, process, entry, err)
		return
	}
	defer response.Body.Close()
	event.AfterResponse(r.Context(), func() {
		defer cancel()
		f.settle(ctx, process, id, entry, started)
		f.child.keepCompiled(ctx, process)
		if f.afterwards == nil {
			return
		}
		if err := f.afterwards(ctx); err != nil {
			slog.Error("work after the function's own failed", "route", entry.Pathname, "error", err)
		}
	})
	if outcome := response.Header.Get(node.OutcomeHeader); outcome != "" && call == nil {
		// Called directly there is no gateway to render the app's own page.
		response.Header.Del(node.OutcomeHeader)
		copyHeader(w.Header(), response.Header)
		http.Error(w, http.StatusText(response.StatusCode), response.StatusCode)
		return
	}
	copyHeader(w.Header(), response.Header)
	w.WriteHeader(response.StatusCode)
	if err := event.Stream(w, response.Body); err != nil {
		if context.Cause(ctx) == errTimedOut {
			f.timedOut(process, entry)
		}
		panic(http.ErrAbortHandler)
	}
}

// answerMargin is what is kept of Lambda's own time to answer in, where it ends
// no later than maxDuration: at 900 seconds, which is the most of both.
const answerMargin = time.Second

// deadline is when maxDuration is reached, for a request that began at a time.
func (f *Function) deadline(ctx context.Context, began time.Time) time.Time {
	end := began.Add(f.limit)
	if lambda, ok := ctx.Deadline(); ok && lambda.Add(-answerMargin).Before(end) {
		return lambda.Add(-answerMargin)
	}
	return end
}

// send has the Node process answer. A process can have died without anybody
// noticing, while the instance was frozen: what may be asked twice, or never
// arrived, is asked again of a new one.
func (f *Function) send(ctx context.Context, r *http.Request, entry *manifest.Entry, call *event.Call) (*node.Process, *http.Response, string, error) {
	process, response, id, err := f.sendOnce(ctx, r, entry, call)
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	if errors.Is(err, node.ErrDied) && (safe || errors.Is(err, syscall.ECONNREFUSED)) {
		slog.Warn("node process had died, request repeated", "route", entry.Pathname, "error", err)
		f.child.replace(process)
		return f.sendOnce(ctx, r, entry, call)
	}
	return process, response, id, err
}

func (f *Function) sendOnce(ctx context.Context, r *http.Request, entry *manifest.Entry, call *event.Call) (*node.Process, *http.Response, string, error) {
	process, err := f.child.process()
	if err != nil {
		return nil, nil, "", err
	}
	if err := process.Ready(ctx); err != nil {
		f.child.replace(process)
		if context.Cause(ctx) == errTimedOut {
			err = errTimedOut
		}
		return process, nil, "", err
	}
	invocation := node.Invocation{ID: newID(), Entry: entry.File, Type: entry.Type, Runtime: entry.Runtime}
	if call != nil {
		invocation.InitURL, invocation.Meta = call.InitURL, call.Meta
		invocation.Caller = node.Caller{Deployment: call.Deployment, Gateway: call.Gateway}
	}
	if entry.Runtime == manifest.EdgeRuntime && entry.Type != "MIDDLEWARE" {
		invocation.InitURL = edgeURL(&f.document.App, entry, r, invocation.InitURL)
	}
	out := r.Clone(ctx)
	out.URL.Scheme, out.URL.Host = "http", "function"
	out.RequestURI = ""
	response, err := process.Do(out, invocation)
	return process, response, invocation.ID, err
}

var errTimedOut = errors.New("maxDuration reached")

// fail answers a request that the Node process did not.
func (f *Function) fail(w http.ResponseWriter, process *node.Process, entry *manifest.Entry, err error) {
	switch {
	case errors.Is(err, errTimedOut):
		f.timedOut(process, entry)
		problem(w, http.StatusGatewayTimeout, "FUNCTION_INVOCATION_TIMEOUT", fmt.Sprintf("The route %s did not answer within its maxDuration of %d seconds.", entry.Pathname, f.document.Function.MaxDuration))
	case errors.Is(err, node.ErrDied):
		slog.Error("node process died during a request", "route", entry.Pathname, "error", err)
		f.child.replace(process)
		problem(w, http.StatusBadGateway, "FUNCTION_INVOCATION_FAILED", fmt.Sprintf("The process of the route %s ended before it had answered.", entry.Pathname))
	default:
		slog.Error("route could not be run", "route", entry.Pathname, "error", err)
		problem(w, http.StatusBadGateway, "FUNCTION_INVOCATION_FAILED", fmt.Sprintf("The route %s could not be run.", entry.Pathname))
	}
}

func (f *Function) timedOut(process *node.Process, entry *manifest.Entry) {
	slog.Error("maxDuration reached, process replaced", "route", entry.Pathname, "maxDuration", f.document.Function.MaxDuration)
	f.child.replace(process)
}

// settle waits for the invocation's post-response work, until maxDuration.
func (f *Function) settle(ctx context.Context, process *node.Process, id string, entry *manifest.Entry, started time.Time) {
	failures, err := process.Settled(ctx, id)
	for _, failure := range failures {
		slog.Error("post-response work failed", "route", entry.Pathname, "ageMs", failure.AgeMS, "error", failure.Message)
	}
	if err == nil {
		return
	}
	slog.Error("post-response work abandoned", "route", entry.Pathname, "ageMs", time.Since(started).Milliseconds(), "error", err)
	// What is left of it must not run in the next invocation's time.
	f.child.replace(process)
}

// problem answers with an error body that programs and people can read.
func problem(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-cache, no-store, max-age=0, must-revalidate")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": code, "message": message}})
}

func copyHeader(to, from http.Header) {
	for name, values := range from {
		switch name {
		case "Connection", "Keep-Alive", "Transfer-Encoding", "Date":
		default:
			to[name] = values
		}
	}
}
