//go:build !release

package layer

import "io/fs"

// prebuilt is nil: this pack compiles its programs when they are needed.
var prebuilt fs.FS
