//go:build unix && !linux

package local

import (
	"os/exec"
	"syscall"
)

// processAttributes: without parent-death signals the spawner's shell alone ends what
// is left behind.
func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// reap waits for a process and calls last. By then its number is free, unless a child
// still uses it as its group: that something new takes it within these microseconds is
// not excluded here, as it is on Linux.
func reap(cmd *exec.Cmd, last func()) error {
	err := cmd.Wait()
	last()
	return err
}
