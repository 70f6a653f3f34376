package local

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	killSignal     = syscall.SIGKILL
	termSignal     = syscall.SIGTERM
	stopSignal     = syscall.SIGSTOP
	continueSignal = syscall.SIGCONT
)

// start makes the Runtime API and the process of an instance. exit waits for the
// process, ends what is left of its group, and says how it ended.
func (in *instance) start() (exit func() *failure, err error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the Runtime API: %w", err)
	}
	in.mu.Lock()
	in.listener = l
	in.mu.Unlock()
	in.svc.wg.Go(func() { in.accept(l) })

	outR, outW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe for logs: %w", err)
	}
	errR, errW, err := os.Pipe()
	if err != nil {
		_, _ = outR.Close(), outW.Close()
		return nil, fmt.Errorf("make a pipe for logs: %w", err)
	}
	cmd := exec.Command(in.fn.Command[0], in.fn.Command[1:]...)
	cmd.Dir = in.fn.Dir
	cmd.Stdout, cmd.Stderr = outW, errW
	cmd.Env = append(in.fn.env[:len(in.fn.env):len(in.fn.env)],
		"AWS_LAMBDA_RUNTIME_API="+l.Addr().String(),
		"AWS_LAMBDA_LOG_STREAM_NAME="+in.born.UTC().Format("2006/01/02/")+"["+in.fn.Version+"]"+in.id)
	cmd.SysProcAttr = processAttributes()
	err = in.svc.spawn.start(cmd)
	_, _ = outW.Close(), errW.Close()
	if err != nil {
		_, _ = outR.Close(), errR.Close()
		return nil, err
	}

	in.mu.Lock()
	in.pid = cmd.Process.Pid
	if in.state == stateStarting {
		in.arm(in.svc.opts.InitTimeout)
	}
	if in.stopping || in.reason != nil {
		in.signal(killSignal)
	}
	in.mu.Unlock()
	var logs sync.WaitGroup
	logs.Go(func() { in.svc.logs.copy(in.prefix(), outR) })
	logs.Go(func() { in.svc.logs.copy(in.prefix(), errR) })
	return func() *failure {
		pid := cmd.Process.Pid
		werr := reap(cmd, func() {
			in.mu.Lock()
			defer in.mu.Unlock()
			in.signal(killSignal) // its children
			in.reaped = true
		})
		in.svc.spawn.gone(pid)
		// A process that left the group may hold the pipes open for ever.
		t := time.AfterFunc(logGrace, func() { _, _ = outR.Close(), errR.Close() })
		logs.Wait()
		t.Stop()
		_, _ = outR.Close(), errR.Close()
		return exitFailure(werr)
	}, nil
}

const logGrace = 200 * time.Millisecond

// exitFailure words an exit as AWS does.
func exitFailure(err error) *failure {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &failure{errExit, "Runtime exited without providing a reason"}
	case errors.As(err, &exit):
		return &failure{errExit, "Runtime exited with error: " + exit.Error()}
	default:
		return &failure{errExit, err.Error()}
	}
}
