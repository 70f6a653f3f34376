//go:build unix && !linux

package awsservers

import (
	"os/exec"
	"syscall"
)

// startTied starts a process; nothing here ties it to this one but its standard input.
func startTied(command *exec.Cmd) error {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return command.Start()
}
