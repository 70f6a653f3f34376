package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// unpackedTime is the modification time of every unpacked file: 1980-01-01, as
// in the archive. A file of another time has been written to since.
var unpackedTime = time.Unix(315532800, 0)

// Tree is a folder of unpacked archives:
//
//	lock           shared while unpacking, exclusive while pruning
//	files/         one copy of each unique file, by Entry.Key, "x" appended when
//	               it is executable
//	<digest>/      an archive's files, hard links to those
//	.next-*        what is being written, or was when it was killed
//
// Its methods may be called at the same time, also from several processes.
type Tree struct {
	dir  string
	lock *flock.Flock

	mu sync.Mutex
	// sound are the names below files/ that were found to be unchanged.
	sound map[string]bool
}

// OpenTree opens the tree in dir, which is made when needed. Close it.
func OpenTree(dir string) *Tree {
	return &Tree{dir: dir, lock: flock.New(filepath.Join(dir, "lock")), sound: map[string]bool{}}
}

// Close lets go of the tree, so that Prune can do its work. What is unpacked
// stays.
func (t *Tree) Close() error { return t.lock.Close() }

// Unpack lays an archive of entries out in a folder and returns the folder,
// which is named by the archive's digest. What is there already and unchanged
// is used as it is; other files come from pool, which is called when one is
// missing. The folder appears whole or not at all.
//
// Unpack keeps Prune of other processes out until Close.
func (t *Tree) Unpack(ctx context.Context, pool func() (*Pool, error), digest string, entries []Entry) (string, error) {
	if err := t.hold(ctx); err != nil {
		return "", err
	}
	dir := filepath.Join(t.dir, digest)
	if intact(dir, entries) {
		return dir, nil
	}
	next, err := os.MkdirTemp(t.dir, ".next-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(next)
	u := &unpacking{tree: t, pool: pool, made: map[string]bool{}}
	for i := range entries {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		if err := u.place(next, &entries[i]); err != nil {
			return "", fmt.Errorf("unpack %s: %w", entries[i].Name, err)
		}
	}
	if err := os.Chmod(next, 0o755); err != nil {
		return "", err
	}
	return dir, t.install(next, dir, entries)
}

func (t *Tree) hold(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lock.RLocked() {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(t.dir, "files"), 0o755); err != nil {
		return err
	}
	if _, err := t.lock.TryRLockContext(ctx, 10*time.Millisecond); err != nil {
		return fmt.Errorf("lock %s: %w", t.dir, err)
	}
	return nil
}

// install moves next to dir. Another process may have been faster; a folder
// that has been changed makes way.
func (t *Tree) install(next, dir string, entries []Entry) error {
	for range 3 {
		err := os.Rename(next, dir)
		if err == nil || intact(dir, entries) {
			return nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		old, err := os.MkdirTemp(t.dir, ".next-*")
		if err != nil {
			return err
		}
		err = os.Rename(dir, filepath.Join(old, "changed"))
		os.RemoveAll(old)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return fmt.Errorf("%s changes while it is written", dir)
}

// intact reports whether dir holds the entries as they were unpacked.
func intact(dir string, entries []Entry) bool {
	for i := range entries {
		e := &entries[i]
		path := filepath.Join(dir, filepath.FromSlash(e.Name))
		if e.IsLink() {
			if target, err := os.Readlink(path); err != nil || target != e.Link {
				return false
			}
		} else if !unchanged(path, e) {
			return false
		}
	}
	return true
}

func unchanged(path string, e *Entry) bool {
	st, err := os.Lstat(path)
	return err == nil && st.Mode() == e.Mode && st.Size() == e.Size && st.ModTime().Equal(unpackedTime)
}

// Prune removes the archives whose digest is not to be kept, then the files
// that no archive links to. It does nothing while a process uses the tree.
func (t *Tree) Prune(keep map[string]bool) error {
	if _, err := os.Stat(t.dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if ok, err := t.lock.TryLock(); err != nil || !ok {
		return err
	}
	defer t.lock.Unlock()
	dirs, err := os.ReadDir(t.dir)
	if err != nil {
		return err
	}
	for _, e := range dirs {
		if name := e.Name(); !keep[name] && name != "lock" && name != "files" {
			if err := os.RemoveAll(filepath.Join(t.dir, name)); err != nil {
				return err
			}
		}
	}
	files, err := os.ReadDir(filepath.Join(t.dir, "files"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range files {
		st, err := e.Info()
		if err != nil {
			return err
		}
		if linked(st) {
			continue
		}
		if err := os.Remove(filepath.Join(t.dir, "files", e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// unpacking is the work of one Tree.Unpack.
type unpacking struct {
	tree *Tree
	pool func() (*Pool, error)
	made map[string]bool
}

// place puts an entry into dir.
func (u *unpacking) place(dir string, e *Entry) error {
	to := filepath.Join(dir, filepath.FromSlash(e.Name))
	if parent := filepath.Dir(to); !u.made[parent] {
		if err := os.MkdirAll(parent, 0o755); err != nil {
			return err
		}
		u.made[parent] = true
	}
	if e.IsLink() {
		return os.Symlink(e.Link, to)
	}
	name := e.Key
	if e.Mode&0o111 != 0 {
		name += "x"
	}
	from := filepath.Join(u.tree.dir, "files", name)
	u.tree.mu.Lock()
	sound := u.tree.sound[name]
	u.tree.mu.Unlock()
	if !sound {
		if !unchanged(from, e) {
			if err := u.inflate(from, e); err != nil {
				return err
			}
		}
		u.tree.mu.Lock()
		u.tree.sound[name] = true
		u.tree.mu.Unlock()
	}
	if err := os.Link(from, to); err == nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// No hard links here, or too many of this file.
	return u.inflate(to, e)
}

// inflate writes the entry to path, whole or not at all.
func (u *unpacking) inflate(path string, e *Entry) (err error) {
	pool, err := u.pool()
	if err != nil {
		return err
	}
	src, err := pool.Open(e)
	if err != nil {
		return err
	}
	defer src.Close()
	f, err := os.CreateTemp(u.tree.dir, ".next-*")
	if err != nil {
		return err
	}
	defer func() {
		f.Close()
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if _, err := io.Copy(f, src); err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(e.Mode.Perm()), f.Close()); err != nil {
		return err
	}
	if err := os.Chtimes(f.Name(), unpackedTime, unpackedTime); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
