package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// server is a running program that answers at address.
type server struct {
	address string
	command *exec.Cmd
}

func (s *server) stop() {
	_ = syscall.Kill(-s.command.Process.Pid, syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = s.command.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(15 * time.Second):
		_ = syscall.Kill(-s.command.Process.Pid, syscall.SIGKILL)
		<-done
	}
}

// startNext starts `next start`, and returns how long it took until path was
// answered with 200.
func startNext(dir, path string) (*server, time.Duration, error) {
	port, err := freePort()
	if err != nil {
		return nil, 0, err
	}
	command := exec.Command("node", filepath.Join(dir, "node_modules", "next", "dist", "bin", "next"), "start", "-H", "127.0.0.1", "-p", port)
	command.Dir = dir
	command.Env = append(os.Environ(), "NODE_ENV=production", "NEXT_TELEMETRY_DISABLED=1")
	if id := deploymentID(dir); id != "" {
		command.Env = append(command.Env, "NEXT_DEPLOYMENT_ID="+id)
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	started := time.Now()
	if err := command.Start(); err != nil {
		return nil, 0, err
	}
	s := &server{address: "127.0.0.1:" + port, command: command}
	if err := answers("http://"+s.address+path, time.Minute); err != nil {
		s.stop()
		return nil, 0, err
	}
	return s, time.Since(started), nil
}

// deploymentID is the name that a build of pack's gave the deployment, which
// Next's servers read from their environment; empty for other builds.
func deploymentID(dir string) string {
	var manifest struct{ DeploymentID string }
	if text, err := os.ReadFile(filepath.Join(dir, ".next", "routes-manifest.json")); err == nil {
		_ = json.Unmarshal(text, &manifest)
	}
	return manifest.DeploymentID
}

// startPack starts `pack serve` and waits for the URL that it prints.
func startPack(program, dir string) (*server, error) {
	command := exec.Command(program, "serve", "--port", "0", dir)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return startPrinting(command)
}

// startRole starts this program again in another role.
func startRole(role, argument string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command(self, role, argument)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return startPrinting(command)
}

// untilStopped waits for SIGTERM.
func untilStopped() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT)
	<-c
}

func startPrinting(command *exec.Cmd) (*server, error) {
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var log strings.Builder
	command.Stderr = &log
	if err := command.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = command.Wait()
		return nil, fmt.Errorf("%s printed no URL: %s", command.Path, log.String())
	}
	address := strings.TrimPrefix(strings.TrimSpace(line), "http://")
	return &server{address: strings.Replace(address, "localhost", "127.0.0.1", 1), command: command}, nil
}

func answers(url string, limit time.Duration) error {
	asking := &http.Client{Timeout: 10 * time.Second, Transport: client.Transport}
	for deadline := time.Now().Add(limit); ; time.Sleep(2 * time.Millisecond) {
		response, err := asking.Get(url)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			err = errors.New(response.Status)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: %w", url, err)
		}
	}
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
