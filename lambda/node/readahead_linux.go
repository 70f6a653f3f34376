package node

import (
	"os"

	"golang.org/x/sys/unix"
)

// beginReading returns at once; the kernel reads on.
func beginReading(file *os.File) {
	_ = unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_WILLNEED)
}
