//go:build unix

package archive

import (
	"io/fs"
	"syscall"
)

// linked reports whether a file has more than one name.
func linked(st fs.FileInfo) bool {
	s, ok := st.Sys().(*syscall.Stat_t)
	return ok && s.Nlink > 1
}
