package images_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// installed returns the folder of the fixture app with its packages
// installed. `npm ci` runs once per lock file.
func installed(t *testing.T) string {
	t.Helper()
	folder, err := installOnce()
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// folderLock keeps the lock's file from being closed.
var folderLock *os.File

var installOnce = sync.OnceValues(func() (string, error) {
	folder, err := filepath.Abs("../../tests/images")
	if err != nil {
		return "", err
	}
	// One test process at a time uses the folder; the lock ends with it.
	held, err := os.Open(filepath.Join(folder, "package.json"))
	if err != nil {
		return "", err
	}
	if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	folderLock = held
	lock, err := os.Stat(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return "", err
	}
	done, err := os.Stat(filepath.Join(folder, "node_modules", ".package-lock.json"))
	if err == nil && !done.ModTime().Before(lock.ModTime()) {
		return folder, nil
	}
	return folder, run(folder, "npm", "ci", "--no-audit", "--no-fund")
})

// built returns the folder with a fresh build and its pictures.
func built(t *testing.T) string {
	t.Helper()
	installed(t)
	folder, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

var buildOnce = sync.OnceValues(func() (string, error) {
	folder, err := installOnce()
	if err != nil {
		return "", err
	}
	if err := run(folder, "node", "make.js"); err != nil {
		return "", err
	}
	return folder, run(folder, "node", "node_modules/next/dist/bin/next", "build")
})

func run(folder, name string, arguments ...string) error {
	command := exec.Command(name, arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), "NEXT_TELEMETRY_DISABLED=1")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s %v: %w\n%s", name, arguments, err, output)
	}
	return nil
}

// startNext runs `next start` with an `images` block until the test ends, and
// returns its origin. Its cache of pictures is emptied first.
func startNext(t *testing.T, settings map[string]any) string {
	t.Helper()
	folder := built(t)
	if err := os.RemoveAll(filepath.Join(folder, ".next", "cache", "images")); err != nil {
		t.Fatal(err)
	}
	block, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	command := exec.Command("node", "node_modules/next/dist/bin/next", "start", "-H", "127.0.0.1", "-p", port)
	command.Dir = folder
	command.Env = append(os.Environ(), "NEXT_TELEMETRY_DISABLED=1", "PACK_TEST_IMAGES="+string(block))
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		err := command.Wait()
		if t.Failed() {
			t.Logf("next start ended with %v:\n%s", err, output.String())
		}
	})
	origin := "http://127.0.0.1:" + port
	for deadline := time.Now().Add(2 * time.Minute); ; {
		response, err := http.Get(origin + "/made/small.png")
		if err == nil {
			response.Body.Close()
			if response.StatusCode == 200 {
				return origin
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("next start doesn't answer: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}
