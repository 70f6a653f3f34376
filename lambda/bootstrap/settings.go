package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"pack/lambda/event"
	"pack/lambda/function"
	"pack/lambda/gateway"
	"pack/lambda/invoke"
	"pack/lambda/logs"
	"pack/lambda/node"
	"pack/lambda/platform"
	"pack/lambda/secrets"
	"pack/lambda/state"
	"pack/manifest"
)

// settings are what the environment says. The variables are set by pack, on
// AWS as on a laptop; docs/design.md lists them.
type settings struct {
	// root is where the archive is unpacked.
	root string
	// node is the Node program, scripts the folder of the JavaScript half.
	node, scripts string
	// memory is the function's, in MB.
	memory int
	// assetsDir holds the app's files on a laptop.
	assetsDir string
	// compiledDir is where a laptop keeps what the function has compiled. nodeKeeps:
	// the owner has set Node's own variables for that.
	compiledDir string
	nodeKeeps   bool
	// deploymentFile is where gateway and worker have the Deployment.
	deploymentFile string
	// deployment is the one of requests that name none: a laptop's only one, empty
	// on AWS, where deployments share functions.
	deployment string
	// invoker calls other functions; gatewayName is the one that res.revalidate
	// calls where the caller did not say which.
	invoker     *invoke.Client
	gatewayName string
	placement   placement
	// originSecrets open the gateway; without any it is open.
	originSecrets []string
	// where says where pages, tags and queues are.
	where state.Settings
	// secrets are the app's variables that are kept elsewhere; nil for none.
	secrets *secrets.Source
	// jsonLogs: every line is to be a JSON object.
	jsonLogs             bool
	cdn                  cdn
	allowPrivateRewrites bool
}

func readSettings(args []string, env func(string) string) (settings, error) {
	s := settings{
		root: env("LAMBDA_TASK_ROOT"),
		where: state.Settings{
			Dir: env("PACK_STATE_DIR"), Bucket: env("PACK_BUCKET"), BucketOwner: env("PACK_BUCKET_OWNER"), KMSKey: env("PACK_BUCKET_KEY"), TagTable: env("PACK_TAG_TABLE"),
			RefreshQueue: env("PACK_REFRESH_QUEUE_URL"), JobQueue: env("PACK_JOB_QUEUE_URL"),
			Region: env("PACK_STATE_REGION"),
		},
		assetsDir:            env("PACK_ASSETS_DIR"),
		compiledDir:          env("PACK_COMPILED_DIR"),
		nodeKeeps:            env("NODE_COMPILE_CACHE") != "" || env("NODE_DISABLE_COMPILE_CACHE") != "",
		deployment:           env("PACK_DEPLOYMENT"),
		deploymentFile:       env("PACK_DEPLOYMENT_FILE"),
		invoker:              invoke.FromEnvironment(env),
		originSecrets:        []string{env("PACK_ORIGIN_SECRET"), env("PACK_ORIGIN_SECRET_PREVIOUS")},
		gatewayName:          env("PACK_GATEWAY"),
		placement:            readPlacement(env),
		jsonLogs:             jsonLogs(env),
		cdn:                  readCDN(env),
		allowPrivateRewrites: env("PACK_ALLOW_PRIVATE_REWRITES") == "1",
	}
	if len(args) > 1 {
		// The exec wrapper's arguments are the runtime's command line. A custom
		// runtime has none: its functions have no JavaScript.
		s.node = args[1]
	}
	if s.root == "" {
		return s, fmt.Errorf("LAMBDA_TASK_ROOT is missing: this program is the bootstrap of a Lambda function")
	}
	program, err := os.Executable()
	if err != nil {
		return s, err
	}
	if s.secrets, err = secrets.FromEnvironment(env, s.placement.home); err != nil {
		return s, err
	}
	s.scripts = filepath.Join(filepath.Dir(program), "node")
	if s.deploymentFile == "" {
		// Their layers are laid out in one folder.
		s.deploymentFile = filepath.Join(filepath.Dir(program), manifest.DeploymentFile)
	}
	s.memory, _ = strconv.Atoi(env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
	if s.where.Dir == "" && (s.where.Bucket == "" || s.where.TagTable == "") {
		return s, fmt.Errorf("PACK_BUCKET and PACK_TAG_TABLE are missing, and so is PACK_STATE_DIR: pages and tags are nowhere")
	}
	return s, nil
}

// functionDocument reads what the archive says that the function is.
func (s *settings) functionDocument() (*manifest.FunctionDocument, error) {
	path := filepath.Join(s.root, manifest.FunctionFile)
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d, err := manifest.DecodeFunctionDocument(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// function makes the handler of a route function.
func (s *settings) function(ctx context.Context, d *manifest.FunctionDocument) (http.Handler, error) {
	if s.node == "" {
		return nil, errNoNode
	}
	opened, p, err := s.platform(&d.App, s.deployment)
	if err != nil {
		return nil, err
	}
	code, err := s.compiled(opened)
	if err != nil {
		return nil, err
	}
	options := function.Options{Document: d, Node: s.nodeOptions(), Platform: p, Environ: s.environ(), Compiled: code}
	s.cdn.follow(p, &options)
	return function.New(ctx, options)
}

// gateway makes the handler of the gateway. Its Node process, for proxy.ts,
// starts when it is first needed.
func (s *settings) gateway() (http.Handler, error) {
	d, err := s.readDeployment()
	if err != nil {
		return nil, err
	}
	opened, p, err := s.platform(&d.App, d.ID)
	if err != nil {
		return nil, err
	}
	options := gateway.Options{
		Deployment:           d,
		Assets:               os.DirFS(s.assetsDir),
		Cache:                p.Cache,
		AllowPrivateRewrites: s.allowPrivateRewrites,
		TagHeader:            s.cdn.tagHeader,
	}
	options.Invoker, _ = s.callers(d, opened)
	if err := s.addFiles(&options); err != nil {
		return nil, err
	}
	if err := s.addQueues(&options); err != nil {
		return nil, err
	}
	if err := s.addWebhooks(&options, p, opened.Objects); err != nil {
		return nil, err
	}
	for i := range d.Functions {
		f := &d.Functions[i]
		if f.Kind != manifest.GatewayFunction || len(f.Entries) == 0 {
			continue
		}
		if s.node == "" {
			return nil, errNoNode
		}
		code, err := s.compiled(opened)
		if err != nil {
			return nil, err
		}
		runner := function.NewProxy(function.Options{
			Document: &manifest.FunctionDocument{App: d.App, Function: *f},
			Node:     s.nodeOptions(),
			Platform: p,
			Environ:  s.environ(),
			Compiled: code,
		})
		options.Proxy = runner.Run
	}
	g, err := gateway.New(options)
	if err != nil {
		return nil, err
	}
	return gateway.Origin(s.direct(g, d, opened), s.originSecrets...), nil
}

// errNoNode: the archive has JavaScript, and there is no Node to run it.
var errNoNode = errors.New("the path of Node (first argument) is missing: this program is the exec wrapper of a managed Node runtime")

// readDeployment reads what gateway and worker know of the whole app.
func (s *settings) readDeployment() (*manifest.Deployment, error) {
	raw, err := os.ReadFile(s.deploymentFile)
	if err != nil {
		return nil, err
	}
	d, err := manifest.DecodeDeployment(raw)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", s.deploymentFile, err)
	}
	s.placement.belong(d)
	return d, nil
}

// platform is what Next finds in a function; deployment is that of requests that
// name none, empty where all do.
func (s *settings) platform(app *manifest.App, deployment string) (*state.State, *platform.Platform, error) {
	opened, err := state.Open(s.where)
	if err != nil {
		return nil, nil, err
	}
	p := &platform.Platform{Cache: opened.Cache(deployment, app.DataPrefix(), 0), OnlyNamed: deployment == ""}
	if s.gatewayName != "" {
		p.Refresh = s.refresh
	}
	return opened, p, nil
}

// refresh asks the gateway for a page, for res.revalidate.
func (s *settings) refresh(ctx context.Context, path string, header http.Header) (*http.Response, error) {
	target, err := url.ParseRequestURI(path)
	if err != nil {
		return nil, err
	}
	// The app may write the path as people do, /grün.
	target.RawPath = target.EscapedPath()
	r := &http.Request{
		Method: http.MethodHead, URL: target, Host: "localhost", Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	// The gateway of the release that calls need not be the one in use.
	name := cmp.Or(node.CallerOf(ctx).Gateway, s.gatewayName)
	return s.invoker.In(s.placement.home).Invoke(ctx, name, r.WithContext(ctx), &event.Call{Trusted: true})
}

// nodeOptions bound V8's heap by the function's memory: what is left is for
// buffers, code and this program. Its young generation is large from the start:
// loading Next fills V8's first one four times, and each time it is collected.
func (s *settings) nodeOptions() node.Options {
	o := node.Options{Node: s.node, Scripts: s.scripts, Root: s.root, Stdout: os.Stdout, Stderr: os.Stderr}
	if s.jsonLogs {
		o.Stdout, o.Stderr = &logs.Lines{Out: os.Stdout, Level: "INFO"}, &logs.Lines{Out: os.Stderr, Level: "ERROR"}
	}
	if s.memory > 0 {
		o.Flags = append(o.Flags, "--max-old-space-size="+strconv.Itoa(s.memory*3/4),
			"--min-semi-space-size="+strconv.Itoa(min(max(1, s.memory/64), 16)))
	}
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); name == "NODE_ENV" {
			return o
		}
	}
	o.Env = append(o.Env, "NODE_ENV=production")
	return o
}

// processors is how many threads run Go code at a time.
func (s *settings) processors() int {
	return min(manifest.Processors(s.memory), runtime.NumCPU())
}
