package local

import (
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
)

// spawner starts processes that do not outlive this one, however it ends.
//
//   - On Linux every process has SIGKILL as its parent-death signal. The kernel sends
//     that when the thread that forked ends, so one goroutine keeps one thread for all
//     forks, until every process is gone.
//   - On every Unix a shell holds the list of process groups and waits for the end of
//     a pipe that only this process holds open: that reaches the children of the
//     functions too, and is all there is where parent-death signals don't exist. The
//     shell runs in its own session, so that no terminal signal ends it early.
//
// A process that leaves its group and is nobody's direct child escapes both.
type spawner struct {
	once  sync.Once
	forks chan fork

	mu     sync.Mutex
	live   io.WriteCloser // to the shell; nil before the first process
	shell  *exec.Cmd
	broken error
}

type fork struct {
	cmd  *exec.Cmd
	done chan error
}

func newSpawner() *spawner { return &spawner{forks: make(chan fork)} }

// undertaker keeps a list of groups from lines "+ PGID" and "- PGID", and kills those
// that are on it when the lines end.
const undertaker = `trap '' HUP INT TERM
live=
while read -r op pg; do
  case $op in
  +) live="$live $pg" ;;
  -) kept=; for p in $live; do [ "$p" = "$pg" ] || kept="$kept $p"; done; live=$kept ;;
  esac
done
for p in $live; do kill -9 "-$p"; done 2>/dev/null
exit 0`

func (s *spawner) start(cmd *exec.Cmd) error {
	s.once.Do(func() {
		go s.fork()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.shell = exec.Command("/bin/sh", "-c", undertaker)
		s.shell.Env = []string{}
		s.shell.Dir = "/"
		s.shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if s.live, s.broken = s.shell.StdinPipe(); s.broken == nil {
			s.broken = s.shell.Start()
		}
	})
	if s.broken != nil {
		return fmt.Errorf("start the shell that ends what is left behind: %w", s.broken)
	}
	f := fork{cmd, make(chan error, 1)}
	s.forks <- f
	if err := <-f.done; err != nil {
		return err
	}
	s.tell("+", cmd.Process.Pid)
	return nil
}

func (s *spawner) fork() {
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
	for f := range s.forks {
		f.done <- f.cmd.Start()
	}
}

// gone strikes a group off the list.
func (s *spawner) gone(pgid int) { s.tell("-", pgid) }

func (s *spawner) tell(op string, pgid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = io.WriteString(s.live, op+" "+strconv.Itoa(pgid)+"\n") // a shell that was killed costs its protection only
}

// close ends the thread and the shell; no process may be left.
func (s *spawner) close() {
	s.once.Do(func() { s.broken = ErrClosed })
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil {
		return
	}
	close(s.forks)
	_ = s.live.Close()
	_ = s.shell.Wait()
	s.live = nil
}
