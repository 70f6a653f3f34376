package layer

import "io/fs"

// SetPrebuilt stands in for a release's embedded programs until undo.
func SetPrebuilt(f fs.FS) (undo func()) {
	old := prebuilt
	prebuilt = f
	return func() { prebuilt = old }
}

// RememberedDigest is rememberedDigest.
var RememberedDigest = rememberedDigest
