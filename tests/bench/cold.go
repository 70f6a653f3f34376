package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"pack/infra/bundle"
	"pack/infra/layer"
	"pack/lambda/local/host"
	"pack/lambda/node"
	"pack/lambda/state"
	"pack/manifest"
)

// coldHost runs a packed app in this process, so that instances can be ended
// between measurements.
func coldHost(ctx context.Context, dir string) (*host.Host, *bundle.Output, error) {
	output, err := bundle.Open(filepath.Join(dir, ".pack"))
	if err != nil {
		return nil, nil, err
	}
	folder, err := layer.Runtime{Program: layer.Bootstrap, Scripts: node.Scripts}.Folder(ctx, layer.Host())
	if err != nil {
		return nil, nil, err
	}
	program, err := exec.LookPath("node")
	if err != nil {
		return nil, nil, err
	}
	env, err := manifest.DotEnv(dir)
	if err != nil {
		return nil, nil, err
	}
	h, err := host.Start(ctx, host.Options{
		Deployment: output.Deployment(), AssetsDir: output.AssetsDir(), SeedsDir: output.SeedsDir(),
		State:       state.Settings{Dir: filepath.Join(dir, ".pack", "state")},
		FunctionDir: func(name string) (string, error) { return output.Unpack(ctx, name) },
		Bootstrap:   filepath.Join(folder, filepath.Base(layer.Bootstrap.Path)), Node: program, Env: env, Logs: io.Discard,
	})
	return h, output, err
}

// coldFunction ends a function's instances and times its next answer: from the
// request, through the start of a process, to the first byte.
func coldFunction(h *host.Host, name, path string) (time.Duration, error) {
	for _, instance := range h.Service().Instances(name) {
		_ = syscall.Kill(-instance.PID, syscall.SIGKILL)
	}
	for deadline := time.Now().Add(10 * time.Second); len(h.Service().Instances(name)) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return 0, fmt.Errorf("instances of %s do not end", name)
		}
	}
	started := time.Now()
	response, err := http.Get(h.URLs()[name] + path)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if _, err := response.Body.Read(make([]byte, 1)); err != nil && err != io.EOF {
		return 0, err
	}
	taken := time.Since(started)
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s%s: %s", name, path, response.Status)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return taken, err
}
