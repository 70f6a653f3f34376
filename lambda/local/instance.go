package local

import (
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type instanceState int

const (
	stateStarting instanceState = iota
	stateIdle
	stateBusy
	stateStopping // was idle, and gets no work any more
	stateDead
)

// instance is one process of a function, with its Runtime API. Its process is the
// leader of a process group, which is what gets frozen, ended and measured.
type instance struct {
	svc  *Service
	fn   *function
	id   string
	born time.Time

	gone   chan struct{} // closed when the process is no more
	idleAt atomic.Int64  // Unix nanoseconds

	mu       sync.Mutex
	state    instanceState
	pid      int  // 0 before the start
	reaped   bool // the number may be another's by now
	frozen   bool
	stopping bool
	parked   *runtimeConn // waits for work
	current  *invocation
	settled  chan struct{} // closed when current is answered; nil if nobody waits for that
	deadline time.Time     // of current
	reason   *failure      // why it was killed; the first reason stays
	initDoc  *FunctionError
	served   uint64
	conns    map[net.Conn]struct{}
	listener net.Listener
	tend     *time.Timer // freezes and reaps; armed lazily
	tending  bool
	limit    *time.Timer // ends what takes too long; armed lazily
	limiting bool
}

// failure is the end of an instance, yet to be worded for a request.
type failure struct{ kind, message string }

func newInstance(fn *function) *instance {
	return &instance{
		svc:   fn.svc,
		fn:    fn,
		id:    newRequestID()[:8],
		born:  time.Now(),
		gone:  make(chan struct{}),
		conns: map[net.Conn]struct{}{},
	}
}

// run lives as long as the process.
func (in *instance) run() {
	exit, err := in.start()
	if err != nil {
		in.die(&failure{errEntrypoint, err.Error()})
		return
	}
	in.die(exit())
}

// assign hands inv to an idle instance: thawed first, then written to the connection
// that waits. False if it did not get there, and inv is the caller's again.
func (in *instance) assign(inv *invocation) bool {
	in.mu.Lock()
	if in.state != stateIdle || in.parked == nil {
		in.mu.Unlock()
		return false
	}
	in.thaw()
	c := in.parked
	in.parked = nil
	in.state = stateBusy
	in.current = inv
	in.deadline = time.Now().Add(in.fn.Timeout)
	in.served++
	in.arm(in.fn.Timeout)
	deadline := in.deadline
	in.mu.Unlock()

	if err := c.sendInvocation(inv, deadline); err != nil {
		in.mu.Lock()
		taken := in.current != inv // its failure was delivered already
		if !taken {
			in.current = nil
		}
		in.mu.Unlock()
		in.kill(&failure{errExit, "the runtime closed the connection to the Runtime API"})
		return taken
	}
	in.fn.stats.invocations.Add(1)
	payload := inv.payload // written whole; nobody else has it
	inv.payload = nil
	payload.free()
	return true
}

// park makes c wait for work, which ends the previous invocation. While an answer is
// due it only returns a channel that is closed once that is complete, and whether the
// answer has begun. It is refused when another connection waits.
func (in *instance) park(c *runtimeConn) (parked bool, settled <-chan struct{}, begun bool) {
	in.mu.Lock()
	if in.state == stateDead || in.parked != nil {
		in.mu.Unlock()
		return false, nil, false
	}
	if inv := in.current; inv != nil && !inv.ended {
		if in.settled == nil {
			in.settled = make(chan struct{})
		}
		settled, begun = in.settled, inv.responded
		in.mu.Unlock()
		return false, settled, begun
	}
	first := in.state == stateStarting
	if first && in.limit != nil { // a fast process asks before start has armed it
		in.limit.Stop()
		in.limiting = false
	}
	in.state = stateIdle
	in.current = nil
	in.parked = c
	in.idleAt.Store(time.Now().UnixNano())
	in.watch()
	in.mu.Unlock()
	in.svc.free(in, first)
	return true, nil, false
}

// settle completes the answer to inv, so that the runtime may ask for work again.
func (in *instance) settle(inv *invocation) {
	in.mu.Lock()
	inv.ended = true
	if in.settled != nil {
		close(in.settled)
		in.settled = nil
	}
	in.mu.Unlock()
}

// unpark forgets a connection that ended while it waited.
func (in *instance) unpark(c *runtimeConn) {
	in.mu.Lock()
	was := in.parked == c
	if was {
		in.parked = nil
	}
	in.mu.Unlock()
	if was {
		in.svc.unlist(in)
	}
}

// arm makes overdue look at the instance in d at the latest; in.mu is held. The timer
// is not stopped when work ends: that would cost more than a look per timeout.
func (in *instance) arm(d time.Duration) {
	if in.limiting {
		return
	}
	in.limiting = true
	if in.limit == nil {
		in.limit = time.AfterFunc(d, in.overdue)
		return
	}
	in.limit.Reset(d)
}

// overdue ends an init or an invocation that took too long.
func (in *instance) overdue() {
	in.mu.Lock()
	in.limiting = false
	now := time.Now()
	switch {
	case in.state == stateStarting:
		in.mu.Unlock()
		in.kill(&failure{errTimedOut, "Init timed out after " + seconds(in.svc.opts.InitTimeout)})
	case in.state == stateBusy && !now.Before(in.deadline):
		in.mu.Unlock()
		in.fn.stats.timeouts.Add(1)
		in.kill(&failure{errTimedOut, "Task timed out after " + seconds(in.fn.Timeout)})
	case in.state == stateBusy:
		in.arm(in.deadline.Sub(now))
		in.mu.Unlock()
	default:
		in.mu.Unlock()
	}
}

func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + " seconds"
}

// kill ends the process group at once. why, if not nil, is what the caller of the
// invocation in flight gets, without waiting for the process to be gone.
func (in *instance) kill(why *failure) {
	in.mu.Lock()
	if in.state == stateDead {
		in.mu.Unlock()
		return
	}
	if in.reason == nil {
		in.reason = why
	}
	inv := in.current
	tell := why != nil && inv != nil && !inv.responded
	if tell {
		inv.responded, inv.ended = true, true
	}
	in.signal(killSignal)
	in.mu.Unlock()
	if tell {
		in.fail(inv, in.failure(inv.id))
	} else if why != nil && inv != nil {
		in.svc.logs.write(in.prefix(), in.failure(inv.id).Error())
	}
}

// signal signals the group while it is this instance's; in.mu is held.
func (in *instance) signal(sig syscall.Signal) {
	if in.pid != 0 && !in.reaped {
		_ = syscall.Kill(-in.pid, sig) // one that is just gone is no error
	}
}

// fail logs and delivers the error that ends inv.
func (in *instance) fail(inv *invocation, err error) {
	in.fn.stats.errors.Add(1)
	in.svc.logs.write(in.prefix(), err.Error())
	inv.deliver(answer{err: err})
}

// failure words the end of the instance for a request.
func (in *instance) failure(requestID string) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.initDoc != nil {
		return in.initDoc
	}
	why := in.reason
	if why == nil {
		why = &failure{errExit, "Runtime exited without providing a reason"}
	}
	return newFunctionError(requestID, why.kind, "%s", why.message)
}

// terminate ends the instance as a shutdown does: thawed, asked, and killed after the
// grace.
func (in *instance) terminate() {
	in.mu.Lock()
	if in.state == stateDead || in.stopping {
		in.mu.Unlock()
		return
	}
	in.stopping = true
	if in.reason == nil {
		in.reason = &failure{errExit, "the instance was shut down"}
	}
	if in.state == stateIdle {
		in.state = stateStopping
	}
	in.signal(termSignal)
	in.thaw()
	started := in.pid != 0
	in.mu.Unlock()
	in.svc.unlist(in)
	if !started {
		return // start sees stopping
	}
	t := time.AfterFunc(in.svc.opts.StopGrace, func() { in.kill(nil) })
	in.svc.wg.Go(func() {
		<-in.gone
		t.Stop()
	})
}

// die settles everything once there is no process.
func (in *instance) die(why *failure) {
	in.mu.Lock()
	inInit := in.state == stateStarting
	in.state = stateDead
	if in.reason == nil {
		in.reason = why
	}
	inv := in.current
	tell := inv != nil && !inv.responded
	if tell {
		inv.responded, inv.ended = true, true
	}
	in.current, in.parked = nil, nil
	for _, t := range []*time.Timer{in.limit, in.tend} {
		if t != nil {
			t.Stop()
		}
	}
	if in.listener != nil {
		_ = in.listener.Close() // nobody can reach it any more
	}
	for c := range in.conns {
		_ = c.Close()
	}
	in.mu.Unlock()
	close(in.gone)
	if tell {
		in.fail(inv, in.failure(inv.id))
	} else if inInit {
		in.svc.logs.write(in.prefix(), in.failure("init").Error())
	}
	in.svc.remove(in, inInit, in.failure)
}

func (in *instance) prefix() string { return in.fn.Name + "[" + in.id + "] " }

func (in *instance) stat() InstanceStat {
	in.mu.Lock()
	defer in.mu.Unlock()
	st := InstanceStat{ID: in.id, PID: in.pid, Invocations: in.served, State: "busy"}
	switch {
	case in.state == stateStarting:
		st.State = "starting"
	case in.frozen:
		st.State = "frozen"
	case in.state == stateIdle:
		st.State = "idle"
	}
	return st
}
