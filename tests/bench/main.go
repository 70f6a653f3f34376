// Command bench measures pack on this machine, side by side with its peers: `next start`,
// OpenNext, nginx, and bare functions in Go and JavaScript. Whatever is compared is
// measured in turns. Read ratios: machines differ, and this one may be busy.
//
//	go run ./tests/bench            everything, in about 15 minutes; writes docs/benchmarks.md
//	go run ./tests/bench --quick    about three minutes, without OpenNext; prints only
//	go run ./tests/bench --only cold,warm
//
// A part that fails is noted, and the others run. Needed besides Go, Node.js and npm: a
// C++ compiler, make and cmake (AWS's Node runtime client is built), and nginx, or apt-get
// to download it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// roles are what this program is when it starts itself.
var roles = map[string]func(argument string) error{gatewayRole: serveGateway, recordedRole: serveRecorded, functionRole: serveFunction}

// parts in their order: cost follows from the others.
var parts = []struct {
	name string
	run  func(context.Context, *workshop, plan, *report) error
}{
	{"packing", packing}, {"sizes", sizes}, {"cold", cold}, {"warm", warm}, {"memory", memory}, {"pieces", pieces}, {"cost", cost},
}

// partLimit ends a part that hangs; the next one begins then.
const partLimit = 15 * time.Minute

// plan is how much is measured.
type plan struct {
	quick bool
	// openNext: OpenNext takes part.
	openNext bool
	// routes are the sizes of the apps that are packed.
	routes []int
	// colds, packs and rounds are how often.
	colds, packs, rounds int
	// alone and press are how long requests are sent one by one, and many at a time.
	alone, press time.Duration
	// requests and lookups are sent or made in each round of the pieces.
	requests, lookups int
	resolve           time.Duration
	// entries carry the tag that is revalidated.
	entries int
}

var (
	full = plan{
		openNext: true, routes: []int{10, 100, 1000}, colds: 11, packs: 5, rounds: 3, alone: time.Second, press: 2500 * time.Millisecond,
		requests: 300, lookups: 300, resolve: 500 * time.Millisecond, entries: 1_000_000,
	}
	quick = plan{
		quick: true, routes: []int{10, 100}, colds: 5, packs: 3, rounds: 2, alone: 300 * time.Millisecond, press: time.Second,
		requests: 100, lookups: 100, resolve: 100 * time.Millisecond, entries: 10_000,
	}
)

func main() {
	if len(os.Args) == 3 && roles[os.Args[1]] != nil {
		if err := roles[os.Args[1]](os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	isQuick := flag.Bool("quick", false, "about three minutes: fewer and shorter runs, without OpenNext")
	withOpenNext := flag.Bool("opennext", false, "take OpenNext along in a quick run")
	only := flag.String("only", "", "these parts, separated by commas: packing, sizes, cold, warm, memory, pieces, cost")
	file := flag.String("json", "", "write every figure to this `file`")
	out := flag.String("out", "", "write benchmarks.md and the folder benchmarks to this `folder` (default: docs, after everything ran in full)")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := bench(ctx, chosenPlan(*isQuick, *withOpenNext), *only, *file, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func chosenPlan(isQuick, withOpenNext bool) plan {
	p := full
	if isQuick {
		p = quick
		p.openNext = withOpenNext
	}
	return p
}

func bench(ctx context.Context, p plan, only, file, out string) error {
	mode := "full"
	if p.quick {
		mode = "quick"
	}
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	repository, err := repositoryRoot()
	if err != nil {
		return err
	}
	if out == "" && !p.quick && only == "" {
		out = filepath.Join(repository, "docs")
	}
	r := newReport(mode, os.Stderr)
	r.Machine = thisMachine()
	r.step("building pack")
	w, err := newWorkshop(ctx, repository)
	if err != nil {
		return err
	}
	defer closing(r, "workshop", w.close)
	if err := w.useNode(ctx); err != nil {
		return err
	}
	for _, part := range parts {
		if !chosen[part.name] {
			continue
		}
		r.step("%s", part.name)
		limited, cancel := context.WithTimeout(ctx, partLimit)
		err := part.run(limited, w, p, r)
		if ctx.Err() == nil {
			err = errors.Join(err, limited.Err())
		}
		cancel()
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		if err != nil {
			r.fail(part.name, "what is missing of it", err)
		}
	}
	w.versions(ctx, r)
	r.finish()
	r.print(os.Stdout)
	if file != "" {
		if err := r.write(file); err != nil {
			return err
		}
	}
	if out != "" {
		return r.publish(ctx, repository, out)
	}
	return nil
}

// choose reads --only; nothing is everything.
func choose(only string) (map[string]bool, error) {
	chosen := make(map[string]bool)
	for _, part := range parts {
		chosen[part.name] = only == ""
	}
	for name := range strings.SplitSeq(only, ",") {
		if _, known := chosen[name]; known {
			chosen[name] = true
		} else if name != "" {
			return nil, fmt.Errorf("there is no part %q", name)
		}
	}
	return chosen, nil
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
