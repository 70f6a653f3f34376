// Package local is a Lambda service on this machine: what AWS Lambda is to a
// function, `pack serve` gives with one process per instance. It speaks the
// Runtime API to functions, the Invoke API to SDKs, and function URLs to browsers.
//
// An instance is frozen between invocations as on AWS, so work that would be lost
// there is lost here too. Where AWS and this service differ on purpose:
//
//   - An instance whose init fails or lasts longer than Options.InitTimeout fails
//     the invocation that waited longest; AWS runs init a second time first.
//   - No signature is checked, and there are no extensions, log tails, or retries of
//     asynchronous invocations. Versions are functions that were added as such.
//   - CPU is not shared out by memory, and network and disk are those of the machine.
//   - Memory is sampled, and only on Linux; other systems set no limit.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"
)

// Options of a Service. The zero value is AWS's behaviour, without logs.
type Options struct {
	// Logs gets every line that instances write, each in one Write, prefixed with
	// the function's name and the instance's id. Nil discards them.
	Logs io.Writer
	// Concurrency is the number of instances of all functions together; 0 means 1000.
	// At the limit an idle instance of another function makes room.
	Concurrency int
	// IdleTimeout is how long an instance may wait for work before it is ended; 0
	// means 10 minutes, below 0 never.
	IdleTimeout time.Duration
	// FreezeAfter is how long an instance may run on after it asked for work: under
	// load the next invocation is there before it is over, and two signals are saved.
	// 0 means 10 ms, below 0 never freezes.
	FreezeAfter time.Duration
	// MaxWait is how long an invocation may wait when the limits are reached, before
	// it is refused with a ThrottledError; 0 refuses at once, as AWS does.
	MaxWait time.Duration
	// MaxQueue is how many invocations of one function may wait so; 0 means 1000.
	MaxQueue int
	// InitTimeout bounds the time from start to the first request for work; 0 means 10 s.
	InitTimeout time.Duration
	// StopGrace is the time between SIGTERM and SIGKILL when an instance is ended; 0
	// means 2 s.
	StopGrace time.Duration
	// Region is AWS_REGION of the functions; "" means us-east-1.
	Region string
	// PassEnv names variables of this process that functions inherit besides PATH,
	// HOME and TMPDIR.
	PassEnv []string
}

// Service runs functions. Its methods may be called from any goroutine.
type Service struct {
	opts  Options
	logs  *lineWriter
	spawn *spawner

	mu        sync.Mutex
	functions map[string]*function // by Function.key
	aliases   map[string]string    // name:alias to a key
	drained   []*function          // replaced, and not yet without instances
	count     int                  // instances of all functions
	closing   bool
	sampling  bool

	wg   sync.WaitGroup // everything that Shutdown waits for
	done chan struct{}  // closed by Shutdown
}

// New makes a Service without functions. It starts nothing until work comes; call
// Shutdown to end it.
func New(o Options) *Service {
	o.Concurrency = defaulted(o.Concurrency, 1000)
	o.MaxQueue = defaulted(o.MaxQueue, 1000)
	o.IdleTimeout = defaulted(o.IdleTimeout, 10*time.Minute)
	o.FreezeAfter = defaulted(o.FreezeAfter, 10*time.Millisecond)
	o.InitTimeout = defaulted(o.InitTimeout, 10*time.Second)
	o.StopGrace = defaulted(o.StopGrace, 2*time.Second)
	o.Region = defaulted(o.Region, "us-east-1")
	return &Service{
		opts:      o,
		logs:      newLineWriter(o.Logs),
		spawn:     newSpawner(),
		functions: map[string]*function{},
		aliases:   map[string]string{},
		done:      make(chan struct{}),
	}
}

func defaulted[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// Add makes a function, or a version of one, known. One of the same name and version is
// replaced: its idle instances
// end at once, busy ones after their invocation, and those that wait for it get the
// new one. It fails with a *FunctionConfigError, or ErrClosed after Shutdown.
func (s *Service) Add(f Function) error {
	fn, err := newFunction(s, f)
	if err != nil {
		return err
	}
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return ErrClosed
	}
	old := s.functions[fn.key()]
	s.functions[fn.key()] = fn
	var idle []*instance
	if old != nil {
		old.draining = true
		if len(old.instances) > 0 {
			s.drained = append(s.drained, old)
		}
		idle, old.idle = old.idle, nil
		fn.waiters, old.waiters = old.waiters, nil
		s.scale(fn)
	}
	if fn.MemoryMB > 0 && !s.sampling {
		s.sampling = true
		s.sampleMemory()
	}
	s.mu.Unlock()
	for _, in := range idle {
		in.terminate()
	}
	return nil
}

// Invoke runs a function and returns its answer as soon as that begins. The caller
// reads the Stream to io.EOF or closes it. The payload is copied.
//
// Cancelling ctx before the function was started takes the invocation back; later it
// only ends the waiting: the function runs on, as on AWS. Errors: *NotFoundError,
// *ThrottledError, *TooLargeError, *FunctionError, ErrClosed, or ctx.Err().
func (s *Service) Invoke(ctx context.Context, name string, payload []byte) (*Stream, error) {
	if len(payload) > maxPayload {
		return nil, &TooLargeError{Size: len(payload), Limit: maxPayload}
	}
	b := getBuffer()
	b.bytes = append(b.bytes, payload...)
	return s.invoke(ctx, &invocation{name: name, payload: b, raw: true, maxWait: s.opts.MaxWait})
}

// Shutdown ends everything: instances are thawed and get SIGTERM, and SIGKILL after
// Options.StopGrace, or at once when ctx is done, whose error it then returns.
// Invocations in flight fail. Afterwards no process and no goroutine of the service
// is left. It may be called more than once.
func (s *Service) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	first := !s.closing
	s.closing = true
	var all []*instance
	var waiting []*invocation
	for _, fn := range s.allFunctions() {
		all = append(all, slices.Collect(maps.Keys(fn.instances))...)
		waiting = append(waiting, fn.waiters...)
		fn.waiters, fn.idle = nil, nil
	}
	s.mu.Unlock()
	if first {
		close(s.done)
	}
	for _, inv := range waiting {
		inv.deliver(answer{err: ErrClosed})
	}
	for _, in := range all {
		in.terminate()
	}
	gone := make(chan struct{})
	go func() {
		s.wg.Wait()
		close(gone)
	}()
	var err error
	select {
	case <-gone:
	case <-ctx.Done():
		err = fmt.Errorf("shut down the functions: %w", ctx.Err())
		for _, in := range all {
			in.kill(nil)
		}
		<-gone
	}
	s.spawn.close()
	return err
}

// allFunctions includes those that were replaced; s.mu is held.
func (s *Service) allFunctions() []*function {
	return append(slices.Collect(maps.Values(s.functions)), s.drained...)
}

// ErrClosed is returned once Shutdown was called.
var ErrClosed = errors.New("the Lambda service was shut down")
