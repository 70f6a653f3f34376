// Package host runs a whole deployment on this machine: its functions on the
// local Lambda service, a directory as the page store, and a function URL per
// function.
package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"pack/lambda/local"
	"pack/lambda/seeds"
	"pack/lambda/state"
	"pack/manifest"
)

// timeoutMargin is how much longer than a function's maxDuration Lambda lets
// it run: the bootstrap answers with 504 in between.
const timeoutMargin = 2 * time.Second

// What one machine bears where AWS has a thousand: beyond these a request waits
// before it is refused. A gateway instance is small, a route's has a Node
// process of some 100 MB.
const (
	maxInstances        = 400
	maxGatewayInstances = 200
	maxWait             = time.Minute
	// maxInit is more than AWS's ten seconds: many processes may start at once
	// on few cores.
	maxInit = time.Minute
)

// maxRouteInstances is as many Node processes of one function as the machine's
// cores can make use of.
var maxRouteInstances = max(4, 2*runtime.NumCPU())

// Options say what to run and with which programs.
type Options struct {
	Deployment *manifest.Deployment
	// FunctionDir returns the folder of a function's unpacked archive.
	FunctionDir func(name string) (string, error)
	// DeploymentFile is where gateway and worker read Deployment: it is in a layer,
	// of which there are none here.
	DeploymentFile string
	// AssetsDir and SeedsDir are the deployment's folders of files.
	AssetsDir, SeedsDir string
	// State says where pages, tags, queues and jobs are kept over restarts.
	State state.Settings
	// Bootstrap is the program of route functions and the gateway, next to its
	// folder of scripts; Images that of the image function.
	Bootstrap, Images string
	// Node is the Node program.
	Node string
	// Env is the app's environment.
	Env map[string]string
	// Logs get what the functions write, prefixed.
	Logs io.Writer
	// AllowPrivateRewrites lets external rewrites reach private addresses.
	AllowPrivateRewrites bool
	// Origin is where functions reach the app, such as http://127.0.0.1:3000: a
	// server action that redirects fetches the page that it leads to. Without it
	// they ask whatever host the viewer's request names (CVE-2024-34351).
	Origin string
}

// Host is a running deployment. Close it.
type Host struct {
	service *local.Service
	servers []*http.Server
	gateway string
	urls    map[string]string
	// background is the event sources and crons, which cancel ends.
	background sync.WaitGroup
	cancel     context.CancelFunc
}

// Start seeds the page store and starts the functions' endpoints; instances
// start when they are needed. ctx bounds the seeding.
func Start(ctx context.Context, o Options) (*Host, error) {
	opened, err := state.Open(o.State)
	if err != nil {
		return nil, err
	}
	pages := seeds.Options{Deployment: o.Deployment, Dir: o.SeedsDir, State: opened}
	if o.State.Bucket == "" {
		pages.MarkDir = filepath.Join(o.State.Dir, "seeded")
	}
	if err := seeds.Store(ctx, pages); err != nil {
		return nil, err
	}
	if err := pruneCompileCaches(o.State.Dir, o.Deployment); err != nil {
		return nil, fmt.Errorf("remove old compile caches: %w", err)
	}
	h := &Host{
		service: local.New(local.Options{Logs: o.Logs, MaxWait: maxWait, Concurrency: maxInstances, InitTimeout: maxInit}),
		urls:    make(map[string]string, len(o.Deployment.Functions)),
	}
	api, err := h.listen(h.service)
	if err != nil {
		return nil, err
	}
	for _, f := range o.Deployment.Functions {
		if f.Kind == manifest.GatewayFunction {
			h.gateway = f.Name
		}
	}
	for _, f := range o.Deployment.Functions {
		if err := h.add(o, f, api); err != nil {
			return nil, errors.Join(err, h.Close(ctx))
		}
	}
	if err := h.work(o); err != nil {
		return nil, errors.Join(err, h.Close(ctx))
	}
	return h, nil
}

// add gives the service one function and opens its function URL.
func (h *Host) add(o Options, f manifest.Function, api string) error {
	dir, err := o.FunctionDir(f.Name)
	if err != nil {
		return fmt.Errorf("unpack function %s: %w", f.Name, err)
	}
	env := maps.Clone(o.Env)
	if env == nil {
		env = make(map[string]string)
	}
	maps.Copy(env, f.Environment)
	maps.Copy(env, o.State.Environment())
	maps.Copy(env, map[string]string{
		"PACK_ASSETS_DIR":      o.AssetsDir,
		"PACK_DEPLOYMENT":      o.Deployment.ID,
		"PACK_DEPLOYMENT_FILE": o.DeploymentFile,
		"PACK_LAMBDA_ENDPOINT": api,
		"PACK_GATEWAY":         h.gateway,
	})
	if id := o.Deployment.App.DeploymentID; id != "" {
		env["NEXT_DEPLOYMENT_ID"] = id
	}
	if len(f.Entries) > 0 {
		env[compileCacheVariable] = compileCache(o.State.Dir, f)
	}
	if _, set := env[manifest.ProcessorsVariable]; !set && f.Kind != manifest.ImageFunction {
		env[manifest.ProcessorsVariable] = strconv.Itoa(manifest.Processors(f.Memory))
	}
	if o.Origin != "" {
		env["__NEXT_PRIVATE_ORIGIN"] = o.Origin
	}
	if o.AllowPrivateRewrites {
		env["PACK_ALLOW_PRIVATE_REWRITES"] = "1"
	}
	limit := maxRouteInstances
	switch f.Kind {
	case manifest.GatewayFunction:
		limit = maxGatewayInstances
	case manifest.WorkerFunction:
		limit = refreshesAtATime + jobsAtATime
	}
	command := []string{o.Bootstrap, o.Node}
	if f.Kind == manifest.ImageFunction {
		command = []string{o.Images}
	}
	err = h.service.Add(local.Function{
		Name: f.Name, Command: command, Dir: dir, Env: env,
		Timeout:      time.Duration(f.MaxDuration)*time.Second + timeoutMargin,
		MemoryMB:     f.Memory,
		MaxInstances: limit,
	})
	if err != nil {
		return err
	}
	if h.urls[f.Name], err = h.listen(h.service.URL(f.Name)); err != nil {
		return fmt.Errorf("function URL of %s: %w", f.Name, err)
	}
	return nil
}

func (h *Host) listen(handler http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	h.servers = append(h.servers, server)
	go func() { _ = server.Serve(l) }()
	return "http://" + l.Addr().String(), nil
}

// Handler is the whole app: the gateway's function URL.
func (h *Host) Handler() http.Handler { return h.service.URL(h.gateway) }

// URLs are the functions' own addresses, by name.
func (h *Host) URLs() map[string]string { return maps.Clone(h.urls) }

// Service is the Lambda service underneath.
func (h *Host) Service() *local.Service { return h.service }

// Close ends every function and waits until no process is left, or ctx ends.
func (h *Host) Close(ctx context.Context) error {
	if h.cancel != nil {
		h.cancel()
	}
	err := h.service.Shutdown(ctx)
	h.background.Wait()
	for _, server := range h.servers {
		err = errors.Join(err, server.Close())
	}
	return err
}
