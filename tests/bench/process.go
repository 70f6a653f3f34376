package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what a command and all that it started took.
type usage struct {
	wall, cpu time.Duration
	// memory is the most that was resident at one time, in bytes.
	memory int64
}

func (u usage) values() []value {
	return []value{
		{"time", "ms", milliseconds(u.wall)}, {"processor time", "ms", milliseconds(u.cpu)}, {"peak memory", "bytes", float64(u.memory)},
	}
}

// measure runs a command to its end. Memory is the sum of its processes, looked at every
// 10 ms, or what the kernel says the largest of them had, if that is more.
func measure(command *exec.Cmd) (usage, error) {
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// The group dies with the context: npm and next have children of their own.
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = 5 * time.Second
	started := time.Now()
	if err := command.Start(); err != nil {
		return usage{}, err
	}
	done, peak := make(chan struct{}), make(chan int64)
	go func() {
		var most int64
		for {
			most = max(most, tree(command.Process.Pid))
			select {
			case <-done:
				peak <- most
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	err := command.Wait()
	u := usage{wall: time.Since(started)}
	close(done)
	u.memory = <-peak
	if err != nil {
		return u, fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, bytes.TrimSpace(out.Bytes()))
	}
	u.cpu = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	if r, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.memory = max(u.memory, r.Maxrss<<10)
	}
	return u, nil
}

// run runs a command in a folder; its output is in the error when it fails.
func run(ctx context.Context, dir string, env []string, name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	command.Env = append(append(os.Environ(), "NEXT_TELEMETRY_DISABLED=1"), env...)
	_, err := measure(command)
	return err
}

// own is a process's resident memory in bytes; Linux only, 0 elsewhere.
func own(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if amount, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(amount)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// tree adds up a process and all below it.
func tree(pid int) int64 {
	sum := own(pid)
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, t := range tasks {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, t.Name()))
		for child := range strings.FieldsSeq(string(children)) {
			if n, err := strconv.Atoi(child); err == nil {
				sum += tree(n)
			}
		}
	}
	return sum
}
