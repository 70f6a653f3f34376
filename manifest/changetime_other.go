//go:build !linux

package manifest

import "io/fs"

// changeTime is 0 where the standard library gives no portable name for it.
func changeTime(fs.FileInfo) int64 { return 0 }
