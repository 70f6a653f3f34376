package awsservers

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// spawner is the one thread that forks: Linux ties the parent-death signal to the thread
// that did, and Go ends threads as it likes.
var spawner = sync.OnceValue(func() chan func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

// startTied starts a process that the kernel kills when this one ends.
func startTied(command *exec.Cmd) error {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	failed := make(chan error)
	spawner() <- func() { failed <- command.Start() }
	return <-failed
}
