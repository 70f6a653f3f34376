//go:build unix

package awsservers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// here is this package's folder.
func here() string {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		panic("the binary has no paths of its sources")
	}
	return filepath.Dir(file)
}

// installVersitygw compiles what versitygw/go.sum pins, the first time about a minute.
func installVersitygw(ctx context.Context) (binary string, err error) {
	folder := filepath.Join(here(), "versitygw")
	binary = filepath.Join(folder, "bin", "versitygw")
	return binary, installed(filepath.Join(folder, "go.sum"), filepath.Join(folder, "bin", ".built"), func() error {
		command := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/versity/versitygw/cmd/versitygw")
		command.Dir = folder
		command.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOOS=", "GOARCH=")
		return output(command)
	})
}

// installNode installs what package-lock.json pins, without scripts: the one native
// module comes compiled and is not used by a DynamoDB in memory.
func installNode(ctx context.Context) error {
	folder := here()
	return installed(filepath.Join(folder, "package-lock.json"), filepath.Join(folder, "node_modules", ".installed"), func() error {
		command := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		command.Dir = folder
		return output(command)
	})
}

// installMoto returns a Python that has the moto of requirements.txt: the machine's, or
// one of this folder.
func installMoto(ctx context.Context) (python string, err error) {
	folder := here()
	requirements := filepath.Join(folder, "requirements.txt")
	wanted, err := os.ReadFile(requirements)
	if err != nil {
		return "", err
	}
	_, version, _ := strings.Cut(strings.TrimSpace(string(wanted)), "==")
	const ask = "import sys, moto, moto.server; print(moto.__version__)"
	if had, err := exec.CommandContext(ctx, "python3", "-P", "-c", ask).Output(); err == nil && strings.TrimSpace(string(had)) == version {
		return "python3", nil
	}
	venv := filepath.Join(folder, "venv")
	python = filepath.Join(venv, "bin", "python3")
	err = installed(requirements, filepath.Join(venv, ".installed"), func() error {
		if err := output(exec.CommandContext(ctx, "python3", "-m", "venv", venv)); err != nil {
			return err
		}
		return output(exec.CommandContext(ctx, python, "-m", "pip", "install", "--quiet", "-r", requirements))
	})
	if err != nil {
		return "", fmt.Errorf("moto %s is not on this machine and pip cannot install it: %w", version, err)
	}
	return python, nil
}

// installed installs unless stamp says that it was done for this content of pinned.
// Concurrent processes wait for each other. The lock is on this file, for go build locks
// go.sum and npm ci replaces its folder.
func installed(pinned, stamp string, install func() error) error {
	content, err := os.ReadFile(pinned)
	if err != nil {
		return fmt.Errorf("read what to install: %w", err)
	}
	sum := sha256.Sum256(content)
	want := hex.EncodeToString(sum[:])
	guard, err := os.Open(filepath.Join(here(), "install.go"))
	if err != nil {
		return fmt.Errorf("lock the installation: %w", err)
	}
	defer func() { _ = guard.Close() }() // which unlocks
	if err := syscall.Flock(int(guard.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock the installation: %w", err)
	}
	if got, err := os.ReadFile(stamp); err == nil && string(got) == want {
		return nil
	}
	if err := install(); err != nil {
		return fmt.Errorf("install what %s pins: %w", filepath.Base(pinned), err)
	}
	if err := os.WriteFile(stamp, []byte(want), 0o644); err != nil {
		return fmt.Errorf("note the installation: %w", err)
	}
	return nil
}

func output(command *exec.Cmd) error {
	out, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, out[max(0, len(out)-4<<10):])
	}
	return nil
}
