package s3cache_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// nextjs is the npm project whose Next.js the tests compare with.
const nextjs = "../tests/nextjs"

// runNext runs testdata/<script> in Node.js beside the pinned Next.js, which is
// installed once, with input as JSON on standard input, and decodes its standard output.
func runNext(t *testing.T, script string, input, output any) {
	t.Helper()
	installNext(t)
	body, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Abs(filepath.Join("testdata", script))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("node", path)
	command.Dir = nextjs
	command.Env = append(os.Environ(), "NODE_ENV=production", "NEXT_TELEMETRY_DISABLED=1")
	command.Stdin = bytes.NewReader(body)
	command.Stderr = os.Stderr
	answer, err := command.Output()
	if err != nil {
		t.Fatalf("node %s: %v", script, err)
	}
	if err := json.Unmarshal(answer, output); err != nil {
		t.Fatalf("node %s answered %.200s: %v", script, answer, err)
	}
}

func installNext(t *testing.T) {
	t.Helper()
	project, err := os.Open(filepath.Join(nextjs, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer project.Close() // and with it the lock
	if err := syscall.Flock(int(project.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	// npm writes this file last.
	_, err = os.Stat(filepath.Join(nextjs, "node_modules", ".package-lock.json"))
	if err == nil {
		return
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	command := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	command.Dir = nextjs
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, output)
	}
}
