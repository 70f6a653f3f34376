//go:build unix && !linux

package node

import "os/exec"

// startTied starts a process. It ends when this one does because the channel
// closes (channel.cjs); unlike on Linux, a stopped process ends only when it
// is continued.
func startTied(c *exec.Cmd) error { return c.Start() }
