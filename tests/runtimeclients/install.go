//go:build unix

// Package runtimeclients installs AWS's own Node runtime client, and the Node that it
// needs, for tests that hold lambda/local against it.
package runtimeclients

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// Node is an installed Node with the client.
type Node struct {
	Binary string // node
	Client string // index.mjs of aws-lambda-ric, to be run with the handler's name
}

// Install installs what package-lock.json pins into node_modules beside it, unless it
// is there, and says in its error which step failed. The first time takes about a
// minute: the client builds curl and a native module, with a C++ compiler, make and
// cmake. Concurrent calls of several processes wait for each other. Cancelling ctx
// ends the step at work; the next call begins again.
func Install(ctx context.Context) (Node, error) {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		return Node{}, errors.New("find the folder of package.json: the binary has no paths")
	}
	dir := filepath.Dir(file)
	modules := filepath.Join(dir, "node_modules")
	n := Node{
		Binary: filepath.Join(modules, "node", "bin", "node"),
		Client: filepath.Join(modules, "aws-lambda-ric", "index.mjs"),
	}
	lock, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return n, fmt.Errorf("read what to install: %w", err)
	}
	sum := sha256.Sum256(lock)
	want := hex.EncodeToString(sum[:])

	guard, err := os.Open(filepath.Join(dir, "package.json"))
	if err != nil {
		return n, fmt.Errorf("lock the installation: %w", err)
	}
	defer func() { _ = guard.Close() }() // which unlocks
	if err := syscall.Flock(int(guard.Fd()), syscall.LOCK_EX); err != nil {
		return n, fmt.Errorf("lock the installation: %w", err)
	}
	stamp := filepath.Join(modules, ".installed")
	if got, err := os.ReadFile(stamp); err == nil && string(got) == want {
		return n, nil
	}
	for _, tool := range []string{"npm", "make", "c++", "cmake", "xz"} {
		if _, err := exec.LookPath(tool); err != nil {
			return n, fmt.Errorf("install AWS's Node runtime client: %s is needed to build it: %w", tool, err)
		}
	}
	// npm ci without scripts first: the client's scripts must run under the Node that is
	// part of the installation, and against its headers.
	headers := filepath.Join(modules, "node", "node_modules", "node-"+runtime.GOOS+"-"+nodeArch())
	path := "PATH=" + filepath.Dir(n.Binary) + string(os.PathListSeparator) + os.Getenv("PATH")
	steps := []struct {
		args []string
		env  []string
	}{
		{[]string{"ci", "--ignore-scripts", "--no-audit", "--no-fund"}, nil},
		{[]string{"rebuild", "node"}, nil},
		{[]string{"rebuild", "aws-lambda-ric", "--foreground-scripts"}, []string{path, "npm_config_nodedir=" + headers}},
	}
	for _, step := range steps {
		cmd := exec.CommandContext(ctx, "npm", step.args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), step.env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return n, fmt.Errorf("install AWS's Node runtime client: npm %s: %w\n%s", strings.Join(step.args, " "), err, tail(out))
		}
	}
	for _, built := range []string{n.Binary, filepath.Join(filepath.Dir(n.Client), "rapid-client.node")} {
		if _, err := os.Stat(built); err != nil {
			return n, fmt.Errorf("install AWS's Node runtime client: npm said it was done, but %w", err)
		}
	}
	if err := os.WriteFile(stamp, []byte(want), 0o644); err != nil {
		return n, fmt.Errorf("note the installation: %w", err)
	}
	return n, nil
}

func nodeArch() string {
	if runtime.GOARCH == "amd64" {
		return "x64"
	}
	return runtime.GOARCH
}

// tail keeps the end of an output, where the reason is.
func tail(out []byte) []byte {
	const most = 4 << 10
	return out[max(0, len(out)-most):]
}
