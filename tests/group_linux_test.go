package tests_test

import "syscall"

// ownGroup gives a server a process group, and ends it with these tests, however
// they end.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
