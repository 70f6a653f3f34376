//go:build unix

package local

import (
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// readable says whether the runtime has written more than was read. Other goroutines
// run first: under load they bring the end of a short answer, which then leaves in one
// piece, and on an idle machine that costs nothing.
func (c *runtimeConn) readable() bool {
	if c.br.Buffered() > 0 {
		return true
	}
	raw, err := c.nc.(syscall.Conn).SyscallConn()
	if err != nil {
		return false
	}
	runtime.Gosched()
	c.left = 0
	if err := raw.Control(c.peek); err != nil {
		return false
	}
	return c.left > 0
}

func pendingBytes(fd uintptr) int {
	n, err := unix.IoctlGetInt(int(fd), ioctlPending)
	if err != nil {
		return 0
	}
	return n
}
