package node

import (
	"io/fs"
	"os"
	"path/filepath"
)

// maxReadAhead bounds the files that are read ahead: many times what a route of
// Next needs, and little time where they are in memory already.
const maxReadAhead = 2000

// readAhead has begin called with every script and JSON document below root: for the
// kernel to read them while Node boots, which asks for one after the other then, and
// waits for each. An archive's files are on a disk that no process has read from.
func readAhead(root string, begin func(*os.File)) {
	left := maxReadAhead
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil
		}
		switch filepath.Ext(path) {
		case ".js", ".cjs", ".mjs", ".json":
		default:
			return nil
		}
		if left == 0 {
			return filepath.SkipAll
		}
		left--
		if file, err := os.Open(path); err == nil {
			begin(file)
			file.Close()
		}
		return nil
	})
}
