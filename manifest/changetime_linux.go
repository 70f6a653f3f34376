package manifest

import (
	"io/fs"
	"syscall"
)

// changeTime is when the file's inode last changed, in nanoseconds: it tells
// an edit whose modification time was put back.
func changeTime(st fs.FileInfo) int64 {
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		return s.Ctim.Nano()
	}
	return 0
}
