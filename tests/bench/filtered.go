package main

import (
	"io/fs"
	"slices"
	"strings"
)

// filtered is an app's folder without what builds leave in it.
type filtered struct{ fs.FS }

func (f filtered) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(f.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return e.Name() == "node_modules" || e.Name() == ".next" || e.Name() == ".pack" || strings.HasSuffix(e.Name(), ".tsbuildinfo")
	}), err
}
