package bundle

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"pack/manifest"
)

// Lock is the right to write to an output folder. The system takes it back
// when the process ends, however it ends.
type Lock struct {
	out  string
	file *flock.Flock
}

// TakeLock makes the folder when needed and takes the lock on it. While another
// process has it, that is a *manifest.UserError at once: waiting would mean to
// build on what the other one is about to replace.
func TakeLock(out string) (*Lock, error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, fmt.Errorf("make output folder: %w", err)
	}
	l := &Lock{out: out, file: flock.New(filepath.Join(out, "lock"))}
	ok, err := l.file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock output folder: %w", err)
	}
	if !ok {
		return nil, &manifest.UserError{
			What:  "another build is at work in this folder",
			Where: out,
			Hint:  "wait for it to finish, or give this one its own folder with --out",
		}
	}
	return l, ignore(out)
}

// Release gives the lock back.
func (l *Lock) Release() error { return l.file.Close() }

// ignore keeps the folder out of git, whatever the app's .gitignore says.
func ignore(out string) error {
	path := filepath.Join(out, ".gitignore")
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	return os.WriteFile(path, []byte("*\n"), 0o644)
}
