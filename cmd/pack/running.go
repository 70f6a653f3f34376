package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"pack/infra/bundle"
	"pack/infra/layer"
	"pack/lambda/local/host"
	"pack/lambda/node"
	"pack/lambda/state"
	"pack/manifest"
	"pack/manifest/capture"
)

// stopGrace is how long requests in flight may take when the server is told to
// end; process managers send SIGKILL after 10 to 90 seconds.
const stopGrace = 8 * time.Second

// running is what `pack serve` is asked to run.
type running struct {
	output *bundle.Output
	// app is the app's folder.
	app string
	// state says where pages, tags and queues are.
	state state.Settings
	host  string
	port  int
	node  string
	// allowPrivate lets external rewrites reach private addresses.
	allowPrivate   bool
	stdout, stderr io.Writer
}

// errInterrupted makes the exit status that of an interrupted program.
var errInterrupted = errors.New("interrupted")

// serve runs the deployment until ctx ends or a signal comes. The URL is
// printed once the app answers. SIGTERM ends in order, without an error;
// SIGINT too, with errInterrupted; a second signal ends at once.
func (r running) serve(ctx context.Context) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	// The port is taken first: that it is in use should not be learnt late.
	listener, err := net.Listen("tcp", net.JoinHostPort(r.host, fmt.Sprint(r.port)))
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) && errors.Is(op.Err, syscall.EADDRINUSE) {
			return &manifest.UserError{What: fmt.Sprintf("port %d is in use", r.port), Hint: "choose another with --port, or 0 for any free one", Err: err}
		}
		return fmt.Errorf("listen: %w", err)
	}
	defer listener.Close()
	options, err := r.options(ctx)
	if err != nil {
		return err
	}
	options.Origin = "http://" + reachable(listener.Addr().(*net.TCPAddr))
	h, err := host.Start(ctx, options)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: h.Handler(), ReadHeaderTimeout: time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	r.announce(h, listener.Addr().String())
	select {
	case err = <-failed:
	case <-ctx.Done():
		err = ctx.Err()
	case s := <-signals:
		err = r.stop(h, server, signals)
		if s == os.Interrupt {
			err = errors.Join(errInterrupted, err)
		}
		return err
	}
	return errors.Join(err, r.stop(h, server, signals))
}

// stop lets requests in flight end, then the functions.
func (r running) stop(h *host.Host, server *http.Server, signals <-chan os.Signal) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	go func() {
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := server.Shutdown(ctx); err != nil {
		fmt.Fprintln(r.stderr, "pack: requests in flight were cut off")
		server.Close()
	}
	if err := h.Close(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("stop functions: %w", err)
	}
	return nil
}

// announce prints the functions' own addresses, and the URL once the gateway
// answers there.
func (r running) announce(h *host.Host, address string) {
	urls := h.URLs()
	for _, name := range slices.Sorted(maps.Keys(urls)) {
		fmt.Fprintf(r.stderr, "function %s %s\n", name, urls[name])
	}
	_, port, _ := net.SplitHostPort(address)
	url := "http://" + net.JoinHostPort(visible(r.host), port)
	client := &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if response, err := client.Head(url + "/_pack/health"); err == nil {
		response.Body.Close()
	}
	fmt.Fprintln(r.stdout, url)
}

// reachable is how this machine's own processes reach what is listened on.
func reachable(address *net.TCPAddr) string {
	ip := address.IP
	switch {
	case !ip.IsUnspecified():
	case ip.To4() != nil:
		ip = net.IPv4(127, 0, 0, 1)
	default:
		ip = net.IPv6loopback
	}
	return net.JoinHostPort(ip.String(), fmt.Sprint(address.Port))
}

// visible is how people call an address that is listened on.
func visible(host string) string {
	if host == "127.0.0.1" || host == "::1" || host == "" || host == "0.0.0.0" || host == "::" {
		return "localhost"
	}
	return host
}

// options puts together what the host needs, compiling programs and unpacking
// archives where that has not been done.
func (r running) options(ctx context.Context) (host.Options, error) {
	o := host.Options{
		Deployment: r.output.Deployment(), AssetsDir: r.output.AssetsDir(), SeedsDir: r.output.SeedsDir(),
		State: r.state, Node: r.node, Logs: newMissingFiles(r.stderr, r.app, r.output.Deployment().App.ProjectDir), AllowPrivateRewrites: r.allowPrivate,
		FunctionDir: func(name string) (string, error) { return r.output.Unpack(ctx, name) },
	}
	var err error
	if o.DeploymentFile, err = r.output.UnpackLayer(ctx); err != nil {
		return o, err
	}
	bootstrap := layer.Runtime{Program: layer.Bootstrap, Scripts: node.Scripts}
	folder, err := bootstrap.Folder(ctx, layer.Host())
	if err != nil {
		return o, err
	}
	o.Bootstrap = filepath.Join(folder, filepath.Base(layer.Bootstrap.Path))
	for _, f := range o.Deployment.Functions {
		if f.Kind != manifest.ImageFunction {
			continue
		}
		folder, err := layer.Runtime{Program: layer.Images}.Folder(ctx, layer.Host())
		if err != nil {
			return o, err
		}
		o.Images = filepath.Join(folder, filepath.Base(layer.Images.Path))
	}
	if o.Node == "" {
		if o.Node, err = exec.LookPath("node"); err != nil {
			return o, &manifest.UserError{What: "node is not on PATH", Hint: "install Node.js 20.9 or newer, or name it with --node", Err: err}
		}
	}
	o.Env, err = appEnvironment(r.app, os.Environ())
	return o, err
}

// appEnvironment is what the app's code sees: its .env files, and over them the
// caller's variables, less those that belong to Lambda, pack or this program's
// own Node.
func appEnvironment(app string, environ []string) (map[string]string, error) {
	env, err := capture.DotEnv(app)
	if err != nil {
		return nil, err
	}
	if env == nil {
		env = make(map[string]string)
	}
	for _, pair := range environ {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" || name == "NODE_OPTIONS" || name == "_HANDLER" ||
			strings.HasPrefix(name, "AWS_LAMBDA_") || strings.HasPrefix(name, "LAMBDA_") || strings.HasPrefix(name, "PACK_") {
			continue
		}
		env[name] = value
	}
	return env, nil
}
