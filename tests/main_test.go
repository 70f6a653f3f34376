// Package tests_test holds pack against what a user of it sees: the shop in
// examples/storefront is built, packed and served as a stranger would do it, and
// driven over HTTP and in a browser, beside `next start` of the same build.
package tests_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"pack/tests/awsservers"
)

// root is the folder outside the repository that holds everything these tests
// make. Every process that they start has it in its environment, so that a
// process left behind is found by it.
var root string

// packBinary is the pack under test, built from this checkout; compiled is the
// folder where Go keeps what it has compiled.
var packBinary, compiled string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, "tests cannot run:", err)
		return 1
	}
	goroutines := countGoroutines()
	code := awsservers.Run(m)
	if err := stopShared(); err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		code = 1
	}
	http.DefaultClient.CloseIdleConnections()
	if more := lingeringGoroutines(goroutines, 10*time.Second); more > 0 {
		fmt.Fprintf(os.Stderr, "FAIL: %d goroutines were left behind:\n", more)
		_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
		code = 1
	}
	if left := lingering(root, 15*time.Second); len(left) > 0 {
		fmt.Fprintln(os.Stderr, "FAIL: processes were left behind:")
		for _, p := range left {
			fmt.Fprintln(os.Stderr, "   ", p)
			_ = p.kill()
		}
		code = 1
	}
	if err := os.RemoveAll(root); err != nil {
		fmt.Fprintln(os.Stderr, "FAIL: remove the tests' folder:", err)
		code = 1
	}
	return code
}

// countGoroutines counts those that should end: all but the one of awsservers
// whose thread the servers' processes are tied to, which lives as long as this.
func countGoroutines() int {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	count := 0
	for _, stack := range strings.Split(string(stacks), "\n\n") {
		if !strings.Contains(stack, "pack/tests/awsservers.init") {
			count++
		}
	}
	return count
}

// lingeringGoroutines waits until there are no more than before, and returns how
// many more there still are after that.
func lingeringGoroutines(before int, patience time.Duration) int {
	deadline := time.Now().Add(patience)
	for {
		more := countGoroutines() - before
		if more <= 0 || time.Now().After(deadline) {
			return more
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// prepare checks what the tests need and builds pack.
func prepare() error {
	for _, need := range []struct{ program, hint string }{
		{"go", "it builds pack"},
		{"node", "install Node.js 20.9 or newer"},
		{"npm", "it comes with Node.js"},
	} {
		if _, err := exec.LookPath(need.program); err != nil {
			return fmt.Errorf("%s is not on PATH: %s", need.program, need.hint)
		}
	}
	if _, err := processes(); err != nil {
		return fmt.Errorf("list processes (these tests need Linux's /proc): %w", err)
	}
	var err error
	if root, err = os.MkdirTemp("", "pack-tests-"); err != nil {
		return err
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return err
	}
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		return fmt.Errorf("go env GOCACHE: %w", err)
	}
	compiled = strings.TrimSpace(string(cache))
	packBinary = filepath.Join(root, "pack")
	build := exec.Command("go", "build", "-o", packBinary, "./cmd/pack")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./cmd/pack: %w\n%s", err, out)
	}
	return os.MkdirAll(filepath.Join(root, "tmp"), 0o755)
}
