// Command bootstrap is the program of every function but the image function's:
// the exec wrapper of the managed Node runtime
// (AWS_LAMBDA_EXEC_WRAPPER=/opt/pack/bootstrap), which is called with the
// runtime's own command line and, instead of running it, speaks the Runtime
// API itself and starts Node as its child.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"

	"pack/lambda/event"
	"pack/lambda/logs"
	packruntime "pack/lambda/runtime"
	"pack/manifest"
)

func main() {
	slog.SetDefault(logger())
	s, err := readSettings(os.Args, os.Getenv)
	if err != nil {
		abort(err)
	}
	// As a rule the environment has said so (manifest.ProcessorsVariable): the
	// change stops everything and empties the allocator's caches.
	if n := s.processors(); n != runtime.GOMAXPROCS(0) {
		runtime.GOMAXPROCS(n)
	}
	// The heap is a few megabytes: collecting it at twice its size would be
	// most of what this program does.
	debug.SetGCPercent(400)
	err = s.serve(context.Background(), os.Getenv("AWS_LAMBDA_RUNTIME_API"))
	fmt.Fprintln(os.Stderr, "pack:", err)
	os.Exit(1)
}

// serve runs what the archive holds: a gateway, the worker or a route function.
func (s *settings) serve(ctx context.Context, runtimeAPI string) error {
	d, err := s.functionDocument()
	if err != nil {
		abort(err)
	}
	if d.Function.Kind == manifest.WorkerFunction {
		w, err := s.worker(ctx)
		if err != nil {
			abort(err)
		}
		return packruntime.ServeEvents(runtimeAPI, s.cdn.afterEvents(w))
	}
	handler, err := s.handler(ctx, d)
	if err != nil {
		abort(err)
	}
	return packruntime.Serve(runtimeAPI, event.Handle(handler))
}

func (s *settings) handler(ctx context.Context, d *manifest.FunctionDocument) (http.Handler, error) {
	if d.Function.Kind == manifest.GatewayFunction {
		return s.gateway()
	}
	return s.function(ctx, d)
}

// abort reports an init error and ends the process, as the Runtime API wants.
func abort(err error) {
	_ = packruntime.ReportInit(os.Getenv("AWS_LAMBDA_RUNTIME_API"), err)
	fmt.Fprintln(os.Stderr, "pack:", err)
	os.Exit(1)
}

// jsonLogs reports whether the function's logging configuration asks for JSON.
func jsonLogs(env func(string) string) bool { return env("AWS_LAMBDA_LOG_FORMAT") == "JSON" }

// logger writes JSON where the function's logging configuration asks for it.
func logger() *slog.Logger {
	if jsonLogs(os.Getenv) {
		return slog.New(logs.Handler(os.Stderr))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}
