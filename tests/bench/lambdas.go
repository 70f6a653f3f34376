package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"pack/infra/bundle"
	"pack/infra/layer"
	"pack/lambda/local"
	"pack/lambda/local/host"
	"pack/lambda/node"
	"pack/lambda/state"
	"pack/manifest"
	"pack/manifest/capture"
)

// function is one function of a local Lambda service: where it answers, and the service
// that starts and ends its instances.
type function struct {
	service   *local.Service
	name, url string
}

// functions are some on one service. Close them.
type functions struct {
	byName map[string]function
	// output is of pack's functions, else nil.
	output *bundle.Output
	closed func() error
}

func (f *functions) close() error { return f.closed() }

// startFunctions puts functions on a Lambda service of this process.
func startFunctions(list ...local.Function) (*functions, error) {
	service := local.New(local.Options{MaxWait: time.Minute, InitTimeout: time.Minute})
	f := &functions{byName: make(map[string]function)}
	var servers []*http.Server
	f.closed = func() error {
		err := service.Shutdown(context.Background())
		for _, s := range servers {
			err = errors.Join(err, s.Close())
		}
		return err
	}
	for _, one := range list {
		if err := service.Add(one); err != nil {
			return nil, errors.Join(err, f.close())
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(err, f.close())
		}
		server := &http.Server{Handler: service.URL(one.Name), ReadHeaderTimeout: time.Minute}
		servers = append(servers, server)
		go func() { _ = server.Serve(l) }()
		f.byName[one.Name] = function{service, one.Name, "http://" + l.Addr().String()}
	}
	return f, nil
}

// runtimeOptions say how pack's functions are run.
type runtimeOptions struct {
	// node is the Node program, state a name for the folder of pages and tags.
	node, state string
	// compiled keeps what V8 has compiled for later instances.
	compiled bool
}

// startPacked puts a packed app's functions on a Lambda service of this process, as
// `pack serve` does.
func startPacked(ctx context.Context, dir string, o runtimeOptions) (*functions, error) {
	output, err := bundle.Open(filepath.Join(dir, ".pack"))
	if err != nil {
		return nil, err
	}
	folder, err := layer.Runtime{Program: layer.Bootstrap, Scripts: node.Scripts}.Folder(ctx, layer.Host())
	if err != nil {
		return nil, errors.Join(err, output.Close())
	}
	env, err := capture.DotEnv(dir)
	if err != nil {
		return nil, errors.Join(err, output.Close())
	}
	if !o.compiled {
		env["NODE_DISABLE_COMPILE_CACHE"] = "1"
	}
	document, err := output.UnpackLayer(ctx)
	if err != nil {
		return nil, errors.Join(err, output.Close())
	}
	h, err := host.Start(ctx, host.Options{
		Deployment: output.Deployment(), DeploymentFile: document, AssetsDir: output.AssetsDir(), SeedsDir: output.SeedsDir(),
		State:       state.Settings{Dir: filepath.Join(dir, ".pack", "state-"+o.state)},
		FunctionDir: func(name string) (string, error) { return output.Unpack(ctx, name) },
		Bootstrap:   filepath.Join(folder, filepath.Base(layer.Bootstrap.Path)), Node: o.node, Env: env, Logs: io.Discard,
	})
	if err != nil {
		return nil, errors.Join(err, output.Close())
	}
	f := &functions{byName: make(map[string]function), output: output}
	f.closed = func() error { return errors.Join(h.Close(context.Background()), output.Close()) }
	for name, url := range h.URLs() {
		f.byName[name] = function{h.Service(), name, url}
	}
	return f, nil
}

// gateway is the function that every request comes to.
func (f *functions) gateway() function {
	for _, one := range f.output.Deployment().Functions {
		if one.Kind == manifest.GatewayFunction {
			return f.byName[one.Name]
		}
	}
	return function{}
}

// of is the function of a route.
func (f *functions) of(pathname string) function {
	for _, o := range f.output.Deployment().Outputs {
		if o.Pathname == pathname {
			return f.byName[o.Function]
		}
	}
	return function{}
}

// peerMemory is what a function of a peer gets in MB: pack's own default.
const peerMemory = 1024

// openNextFunction is OpenNext's server function as AWS's managed runtime would run it.
func (w *workshop) openNextFunction(program string) (local.Function, error) {
	o, err := w.openNext()
	if err != nil {
		return local.Function{}, err
	}
	ric, err := w.client()
	if err != nil {
		return local.Function{}, err
	}
	return local.Function{
		Name: "opennext", Command: []string{program, ric, "index.handler"}, Handler: "index.handler",
		Dir: o.server(), Env: map[string]string{"NODE_ENV": "production"}, Timeout: time.Minute, MemoryMB: peerMemory,
		// As many as pack serve allows a route.
		MaxInstances: max(4, 2*runtime.NumCPU()),
	}, nil
}

// bareNodeFunction is the limit for functions in JavaScript.
func (w *workshop) bareNodeFunction(program string) (local.Function, error) {
	ric, err := w.client()
	return local.Function{
		Name: "bare-node", Command: []string{program, ric, "index.handler"}, Handler: "index.handler",
		Dir: filepath.Join(w.repository, "tests", "bench", "bare"), Timeout: time.Minute, MemoryMB: peerMemory,
	}, err
}

// bareGoFunction is the limit for functions in Go.
func (w *workshop) bareGoFunction() (local.Function, error) {
	program, err := w.bareGo()
	return local.Function{Name: "bare-go", Command: []string{program}, Dir: w.dir, Timeout: time.Minute, MemoryMB: peerMemory}, err
}

// end ends the function's instances and waits until they are gone.
func (f function) end() error {
	for _, instance := range f.service.Instances(f.name) {
		_ = syscall.Kill(-instance.PID, syscall.SIGKILL)
	}
	for deadline := time.Now().Add(10 * time.Second); len(f.service.Instances(f.name)) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("instances of %s do not end", f.name)
		}
	}
	return nil
}

// functionRole is the argument that makes this program a Lambda service with the
// function that a JSON file describes.
const functionRole = "serve-function"

func serveFunction(file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var one local.Function
	if err := json.Unmarshal(raw, &one); err != nil {
		return err
	}
	f, err := startFunctions(one)
	if err != nil {
		return err
	}
	fmt.Println(f.byName[one.Name].url)
	untilStopped()
	return f.close()
}

// startFunctionServer runs a function's service as a process of its own.
func (w *workshop) startFunctionServer(one local.Function) (*server, error) {
	raw, err := json.Marshal(one)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(w.dir, one.Name+".json")
	if err := os.WriteFile(file, raw, 0o644); err != nil {
		return nil, err
	}
	return startRole(functionRole, file)
}
