package directory

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"
)

// lockPatience is how long to wait for a lock that is held for less than a
// millisecond: only a holder that was stopped makes anybody wait so long.
const lockPatience = 2 * time.Second

// lock takes the queue's lock against every other process and goroutine. The
// kernel frees it when its holder is killed.
func (q *Queue) lock(ctx context.Context) (unlock func(), err error) {
	fd, err := syscall.Open(q.root, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: q.root, Err: err}
	}
	wait, waited := 20*time.Microsecond, time.Duration(0)
	for {
		err = syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { syscall.Close(fd) }, nil
		}
		if err == syscall.EINTR {
			continue
		}
		if err == syscall.EWOULDBLOCK && waited < lockPatience {
			if err = ctx.Err(); err == nil {
				time.Sleep(wait)
				waited += wait
				wait = min(2*wait, 2*time.Millisecond)
				continue
			}
		}
		syscall.Close(fd)
		return nil, fmt.Errorf("lock queue %s: %w", q.root, err)
	}
}
