package s3cache

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// fileETag returns a file's ETag: its inode, modification time and size. A file of the
// store is never changed, only replaced by one with a time of its own (see stamp), so
// the ETag names one write even when an inode is used again.
func fileETag(stat os.FileInfo) string {
	var b [56]byte
	etag := append(b[:0], '"')
	if system, ok := stat.Sys().(*syscall.Stat_t); ok {
		etag = strconv.AppendUint(etag, system.Ino, 36)
	}
	etag = append(etag, '-')
	etag = strconv.AppendInt(etag, stat.ModTime().UnixNano(), 36)
	etag = append(etag, '-')
	etag = strconv.AppendInt(etag, stat.Size(), 36)
	return string(append(etag, '"'))
}

// stamps is the last stamp given out by this process, in nanoseconds since 1970.
var stamps atomic.Int64

// stamp returns the present, later than every stamp before it in this process. Kernels
// stamp files once per tick, which is too coarse to tell two writes apart.
func stamp() time.Time {
	for {
		last := stamps.Load()
		next := max(time.Now().UnixNano(), last+1)
		if stamps.CompareAndSwap(last, next) {
			return time.Unix(0, next)
		}
	}
}

// lockPatience is how long lock waits for a lock that is held for microseconds: only a
// holder that was stopped makes it wait so long.
const lockPatience = 2 * time.Second

// lock takes a lock on the file or directory at path, for this call, against every other
// process and goroutine. mode is syscall.LOCK_EX or LOCK_SH. The kernel frees the lock
// of a killed process.
func lock(ctx context.Context, path string, mode int) (unlock func(), err error) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	wait, waited := 20*time.Microsecond, time.Duration(0)
	for {
		err = syscall.Flock(fd, mode|syscall.LOCK_NB)
		if err == nil {
			return func() { syscall.Close(fd) }, nil
		}
		if err == syscall.EWOULDBLOCK && waited < lockPatience {
			if err = ctx.Err(); err == nil {
				time.Sleep(wait)
				waited += wait
				wait = min(2*wait, 2*time.Millisecond)
				continue
			}
		} else if err == syscall.EINTR {
			continue
		}
		syscall.Close(fd)
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
}

// lockNow takes an exclusive lock or fails at once.
func lockNow(path string) (unlock func(), err error) {
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	return lock(ctx, path, syscall.LOCK_EX)
}

// temporaries is a directory of files that are being written.
type temporaries struct {
	path  string
	swept atomic.Int64 // when, milliseconds since 1970
}

// leftover is the age of a temporary file that nobody will rename any more: a write
// takes milliseconds.
const leftover = time.Minute

// write makes a temporary file of these pieces with a time of its own, for the caller to
// rename. It sweeps now and then.
func (t *temporaries) write(pieces ...[]byte) (path string, stat os.FileInfo, err error) {
	if now := time.Now(); now.UnixMilli()-t.swept.Load() > leftover.Milliseconds() {
		t.sweep(now)
	}
	path = filepath.Join(t.path, rand.Text())
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", nil, err
	}
	for _, piece := range pieces {
		if err == nil {
			_, err = file.Write(piece)
		}
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		now := stamp()
		err = os.Chtimes(path, now, now)
	}
	if err == nil {
		stat, err = os.Lstat(path)
	}
	if err != nil {
		os.Remove(path)
		return "", nil, err
	}
	return path, stat, nil
}

// sweep removes the files of writers that were killed, judged by age at now: process
// ids say nothing across containers. A writer stopped for that long notices that its
// file is gone. Failures are left to the next sweep.
func (t *temporaries) sweep(now time.Time) {
	t.swept.Store(now.UnixMilli())
	entries, err := os.ReadDir(t.path)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if stat, err := entry.Info(); err == nil && now.Sub(stat.ModTime()) > leftover {
			os.Remove(filepath.Join(t.path, entry.Name()))
		}
	}
}
