//go:build !unix

package archive

import "io/fs"

// linked reports whether a file has more than one name. Where that cannot be
// asked cheaply, unused files are given up with the rest.
func linked(fs.FileInfo) bool { return false }
