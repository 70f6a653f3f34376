package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"pack/infra/layer"
	"pack/lambda/node"
	"pack/lambda/platform"
	"pack/lambda/state"
	"pack/manifest"
)

// overhead times a dynamic page, asked for one by one: of the Node process alone, of its
// function, and through the gateway; and a Go function that does nothing, which is what
// the Lambda service takes for one invocation. What pack itself adds is the difference:
// the gateway's answer, less the Node process's, less two invocations.
func (w *workshop) overhead(ctx context.Context, p plan, r *report) error {
	shop, err := w.shop()
	if err != nil {
		return err
	}
	packed, err := startPacked(ctx, shop, runtimeOptions{node: w.node, state: "overhead", compiled: true})
	if err != nil {
		return err
	}
	defer closing(r, "pieces", packed.close)
	bare, err := w.bareGoFunction()
	if err != nil {
		return err
	}
	services, err := startFunctions(bare)
	if err != nil {
		return err
	}
	defer closing(r, "pieces", services.close)
	page := packed.of("/cart")
	direct, err := w.startDirect(ctx, shop, packed, page.name)
	if err != nil {
		return err
	}
	defer direct.process.Kill()

	ask := func(url string) func() error { return func() error { return repeat(ctx, url, 1) } }
	var trials []trial
	for _, one := range []struct {
		subject string
		run     func() error
	}{
		{subjectDirect, func() error { return direct.ask(ctx, "/cart") }},
		{subjectBareGo, ask(services.byName[bare.Name].url)},
		{subjectPackOnly, ask(page.url + "/cart")},
		{subjectPackBoth, ask(packed.gateway().url + "/cart")},
	} {
		trials = append(trials, trial{"dynamic page, one by one", one.subject, func(context.Context) ([]value, error) { return timed(p.requests, one.run) }})
	}
	r.interleave(ctx, "pieces", 1, p.rounds, trials)
	return nil
}

// direct is the Node process of a function, without the function.
type direct struct {
	process *node.Process
	entry   manifest.Entry
	asked   int
}

func (w *workshop) startDirect(ctx context.Context, shop string, packed *functions, name string) (*direct, error) {
	root, err := packed.output.Unpack(ctx, name)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(root, manifest.FunctionFile))
	if err != nil {
		return nil, err
	}
	var d manifest.FunctionDocument
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, err
	}
	if len(d.Function.Entries) == 0 {
		return nil, errors.New("the dynamic page's function has no entry")
	}
	folder, err := layer.Runtime{Program: layer.Bootstrap, Scripts: node.Scripts}.Folder(ctx, layer.Host())
	if err != nil {
		return nil, err
	}
	opened, err := state.Open(state.Settings{Dir: filepath.Join(shop, ".pack", "state-overhead")})
	if err != nil {
		return nil, err
	}
	process, err := node.Start(node.Options{
		Node: w.node, Scripts: filepath.Join(folder, "node"), Root: root, Env: []string{"NODE_ENV=production", "NEXT_DEPLOYMENT_ID=" + deploymentID(shop)},
		Config:   node.Config{ProjectDir: d.App.ProjectDir, DistDir: d.App.DistDir, Entries: []string{d.Function.Entries[0].File}},
		Platform: &platform.Platform{Cache: opened.Cache(packed.output.Deployment().ID, "", 0)},
		Stdout:   io.Discard, Stderr: io.Discard,
	})
	if err != nil {
		return nil, err
	}
	if err := process.Ready(ctx); err != nil {
		process.Kill()
		return nil, err
	}
	return &direct{process: process, entry: d.Function.Entries[0]}, nil
}

func (d *direct) ask(ctx context.Context, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		return err
	}
	d.asked++
	id := fmt.Sprint(d.asked)
	response, err := d.process.Do(request, node.Invocation{ID: id, Entry: d.entry.File, Type: string(d.entry.Type)})
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	response.Body.Close()
	if _, late := d.process.Settled(ctx, id); late != nil {
		err = errors.Join(err, late)
	}
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("asked directly, %s answers %s", path, response.Status)
	}
	return err
}
