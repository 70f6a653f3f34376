package capture

import (
	"os/exec"
	"strconv"
)

// inGroup makes cancelling end cmd and all that it started.
func inGroup(cmd *exec.Cmd) {
	cmd.Cancel = func() error {
		return exec.Command("taskkill", "/t", "/f", "/pid", strconv.Itoa(cmd.Process.Pid)).Run()
	}
}

// endGroup has nothing left to do: taskkill /t took the whole tree.
func endGroup(*exec.Cmd) {}
