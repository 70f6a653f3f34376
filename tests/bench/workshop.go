package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"pack/tests/runtimeclients"
)

// The versions of Node: what Lambda's managed runtimes nodejs24.x and nodejs22.x are near
// to. Everything runs on the newer one, cold starts on both.
const (
	nodeVersion  = "24.21.0"
	olderVersion = "22.23.3"
)

// workshop is a folder outside the repository with everything that is measured. What a
// part needs is made when it is first asked for: a peer that cannot be made fails the
// parts that need it and no others.
type workshop struct {
	dir, repository, pack string
	// node is the program that everything runs on.
	node string
	// shop is the example app, built and packed; forNext(shop) is its copy for
	// `next start`, which writes into the build that it serves.
	shop func() (string, error)
	// packed is an app of that many routes, built and packed.
	packed func(routes int) (string, error)
	// openNext makes OpenNext's functions of the example app.
	openNext func() (*openNext, error)
	// olderNode is the program of Node's older version.
	olderNode func() (string, error)
	// client is AWS's Node runtime client.
	client func() (string, error)
	// bareGo is the compiled program of bare/main.go.
	bareGo func() (string, error)
	nginx  func() (string, error)
}

func newWorkshop(ctx context.Context, repository string) (*workshop, error) {
	dir, err := os.MkdirTemp("", "pack-bench-")
	if err != nil {
		return nil, err
	}
	w := &workshop{dir: dir, repository: repository, pack: filepath.Join(dir, "pack")}
	if err := run(ctx, repository, nil, "go", "build", "-o", w.pack, "./cmd/pack"); err != nil {
		return nil, errors.Join(err, w.close())
	}
	w.shop = sync.OnceValues(func() (string, error) { return w.makeShop(ctx) })
	w.packed = memo(func(routes int) (string, error) { return w.makeRoutes(ctx, routes) })
	w.openNext = sync.OnceValues(func() (*openNext, error) { return w.makeOpenNext(ctx) })
	w.olderNode = sync.OnceValues(func() (string, error) { return w.installNode(ctx, olderVersion) })
	w.nginx = sync.OnceValues(func() (string, error) { return w.findNginx(ctx) })
	w.client = sync.OnceValues(func() (string, error) {
		n, err := runtimeclients.Install(ctx)
		return n.Client, err
	})
	w.bareGo = sync.OnceValues(func() (string, error) {
		program := filepath.Join(dir, "bare", "bootstrap")
		return program, run(ctx, repository, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-ldflags", "-s -w", "-tags", "lambda.norpc", "-o", program, "./tests/bench/bare")
	})
	return w, nil
}

// memo keeps what make has made for each argument.
func memo[K comparable, V any](make_ func(K) (V, error)) func(K) (V, error) {
	made := make(map[K]func() (V, error))
	return func(k K) (V, error) {
		if made[k] == nil {
			made[k] = sync.OnceValues(func() (V, error) { return make_(k) })
		}
		return made[k]()
	}
}

func (w *workshop) close() error { return os.RemoveAll(w.dir) }

// useNode puts Lambda's version of Node before the machine's.
func (w *workshop) useNode(ctx context.Context) (err error) {
	if w.node, err = w.installNode(ctx, nodeVersion); err != nil {
		return err
	}
	return os.Setenv("PATH", filepath.Dir(w.node)+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// installNode installs a version of Node from npm and returns its program.
func (w *workshop) installNode(ctx context.Context, version string) (string, error) {
	dir := filepath.Join(w.dir, "node-"+version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := run(ctx, dir, nil, "npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", dir, "node@"+version); err != nil {
		return "", fmt.Errorf("install Node %s: %w", version, err)
	}
	program := filepath.Join(dir, "node_modules", "node", "bin", "node")
	return program, run(ctx, dir, nil, program, "--version")
}
