package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644)
}

// folderSize is what folders take of a disk in bytes: a file with several names counts
// once.
func folderSize(folders ...string) (int64, error) {
	var sum int64
	seen := make(map[uint64]bool)
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(_ string, d os.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			st, err := d.Info()
			if err != nil {
				return err
			}
			if s, ok := st.Sys().(*syscall.Stat_t); ok {
				if seen[s.Ino] {
					return nil
				}
				seen[s.Ino] = true
			}
			sum += st.Size()
			return nil
		})
		if err != nil {
			return 0, fmt.Errorf("measure %s: %w", folder, err)
		}
	}
	return sum, nil
}
