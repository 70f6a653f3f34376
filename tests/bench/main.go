// Command bench measures pack against `next start` of the same build on this
// machine, in turns, and prints a table; --json FILE writes every figure. Read
// ratios: machines differ, and this one may be busy.
//
//	go run ./tests/bench            about ten minutes
//	go run ./tests/bench --quick    about three
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"time"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == gatewayRole {
		fmt.Fprintln(os.Stderr, serveGateway(os.Args[2]))
		os.Exit(1)
	}
	quick := flag.Bool("quick", false, "fewer and shorter runs")
	systemNode := flag.Bool("system-node", false, "run on the Node on PATH instead of Lambda's version")
	file := flag.String("json", "", "write every figure to this file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := bench(ctx, *quick, *systemNode, *file); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// plan is how much is measured.
type plan struct {
	colds, rounds, packs int
	press                time.Duration
	connections          int
}

func bench(ctx context.Context, quick, systemNode bool, file string) error {
	p := plan{colds: 15, rounds: 5, packs: 5, press: 8 * time.Second, connections: 16}
	if quick {
		p = plan{colds: 7, rounds: 3, packs: 3, press: 3 * time.Second, connections: 16}
	}
	repository, err := repositoryRoot()
	if err != nil {
		return err
	}
	r := &report{Machine: machine()}
	step("building pack and the apps")
	w, err := newWorkshop(ctx, repository)
	if err != nil {
		return err
	}
	defer w.close()
	if !systemNode {
		if err := w.useNode(ctx); err != nil {
			return err
		}
		r.Machine += ", Node " + nodeVersion
	}
	shop, err := w.storefront(ctx)
	if err != nil {
		return err
	}
	// Each part comes back with what it found, in the order of the table.
	for _, part := range []struct {
		name string
		run  func(context.Context, *workshop, string, plan, *report) error
	}{
		{"packing", packing}, {"cold starts", cold}, {"warm requests", warm}, {"memory", memory},
	} {
		step(part.name)
		if err := part.run(ctx, w, shop, p, r); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	r.print(os.Stdout)
	if file == "" {
		return nil
	}
	encoded, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(encoded, '\n'), 0o644)
}

func step(what string) { fmt.Fprintf(os.Stderr, "bench: %s\n", what) }

func machine() string {
	return fmt.Sprintf("%s/%s, %d processors, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
}

// repositoryRoot finds the module's root above the working directory.
func repositoryRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "examples", "storefront")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("run this inside pack's repository")
		}
	}
}
