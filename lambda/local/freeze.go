package local

import "time"

// watch makes look come by when an idle instance is to be frozen or reaped; in.mu is
// held. The timer runs on through work, so a busy instance pays for it once per grace,
// not once per invocation.
func (in *instance) watch() {
	if in.tending {
		return
	}
	d := in.svc.opts.FreezeAfter
	if d < 0 {
		d = in.svc.opts.IdleTimeout
	}
	in.lookIn(d)
}

func (in *instance) lookIn(d time.Duration) {
	if d < 0 {
		return
	}
	in.tending = true
	if in.tend == nil {
		in.tend = time.AfterFunc(d, in.look)
		return
	}
	in.tend.Reset(d)
}

// look freezes an instance that was idle for the grace and ends one that was idle for
// too long. It holds the mutex that assign takes before it thaws, so an instance is
// never stopped with work in its hands.
func (in *instance) look() {
	in.mu.Lock()
	in.tending = false
	if in.state != stateIdle || in.parked == nil {
		in.mu.Unlock()
		return // park watches again
	}
	o := in.svc.opts
	idle := time.Duration(time.Now().UnixNano() - in.idleAt.Load())
	if o.IdleTimeout >= 0 && idle >= o.IdleTimeout {
		in.mu.Unlock()
		if in.svc.unlist(in) {
			in.terminate()
		}
		return
	}
	if o.FreezeAfter >= 0 && !in.frozen {
		if idle < o.FreezeAfter {
			in.lookIn(o.FreezeAfter - idle)
			in.mu.Unlock()
			return
		}
		in.frozen = true
		in.signal(stopSignal)
	}
	if o.IdleTimeout >= 0 {
		in.lookIn(o.IdleTimeout - idle)
	}
	in.mu.Unlock()
}

// thaw lets a frozen instance run; in.mu is held.
func (in *instance) thaw() {
	if in.frozen {
		in.frozen = false
		in.signal(continueSignal)
		if in.tend.Stop() { // it was set to reap
			in.tending = false
		}
	}
}
