package local

import (
	"context"
	"slices"
	"time"
)

// invoke finds an instance for inv and waits for the beginning of its answer.
func (s *Service) invoke(ctx context.Context, inv *invocation) (*Stream, error) {
	inv.prepare()
	limited, err := s.dispatch(inv)
	if err != nil {
		return nil, err
	}
	if !limited && ctx.Done() == nil { // the hot path, without a select
		a := <-inv.answer
		return a.stream, a.err
	}
	var expired <-chan time.Time
	if limited {
		t := time.NewTimer(inv.maxWait)
		defer t.Stop()
		expired = t.C
	}
	for {
		select {
		case a := <-inv.answer:
			return a.stream, a.err
		case <-expired:
			if fn, queued := s.withdraw(inv); queued {
				return nil, fn.throttled()
			}
			expired = nil // it has an instance by now
		case <-ctx.Done():
			if _, queued := s.withdraw(inv); !queued && !inv.abandon() {
				if a := <-inv.answer; a.stream != nil {
					_ = a.stream.Close() // drains it
				}
			}
			return nil, ctx.Err()
		}
	}
}

// dispatch hands inv to an idle instance, or queues it for one that is started or
// becomes free. limited says that neither may happen before inv.maxWait.
func (s *Service) dispatch(inv *invocation) (limited bool, err error) {
	for {
		s.mu.Lock()
		fn := s.find(inv.name)
		switch {
		case s.closing:
			s.mu.Unlock()
			return false, ErrClosed
		case fn == nil:
			s.mu.Unlock()
			return false, &NotFoundError{Name: inv.name}
		}
		inv.name = fn.key() // An alias may mean another one by the time it is asked again.
		if last := len(fn.idle) - 1; last >= 0 {
			in := fn.idle[last]
			fn.idle = fn.idle[:last]
			s.mu.Unlock()
			if in.assign(inv) {
				return false, nil
			}
			continue // it died between two looks
		}
		fn.waiters = append(fn.waiters, inv)
		s.scale(fn)
		if limited = fn.starting < len(fn.waiters); limited {
			if inv.maxWait <= 0 || len(fn.waiters)-fn.starting > s.opts.MaxQueue {
				fn.waiters = fn.waiters[:len(fn.waiters)-1]
				s.mu.Unlock()
				return false, fn.throttled()
			}
		}
		s.mu.Unlock()
		return limited, nil
	}
}

func (fn *function) throttled() error {
	fn.stats.throttles.Add(1)
	reason := "ConcurrentInvocationLimitExceeded"
	if fn.MaxInstances > 0 {
		reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
	}
	return &ThrottledError{Name: fn.Name, Reason: reason}
}

// withdraw takes inv out of the queue, and says whether it still was there.
func (s *Service) withdraw(inv *invocation) (*function, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn := s.functions[inv.name]
	i := slices.Index(fn.waiters, inv)
	if i < 0 {
		return fn, false
	}
	fn.waiters = slices.Delete(fn.waiters, i, i+1)
	return fn, true
}

// scale starts an instance for every invocation that waits without one, as far as the
// limits allow; s.mu is held.
func (s *Service) scale(fn *function) {
	for fn.starting < len(fn.waiters) && !s.closing {
		if fn.MaxInstances > 0 && len(fn.instances) >= fn.MaxInstances {
			return
		}
		if s.count >= s.opts.Concurrency && !s.evict(fn) {
			return
		}
		in := newInstance(fn)
		fn.instances[in] = struct{}{}
		fn.starting++
		s.count++
		fn.stats.coldStarts.Add(1)
		s.wg.Go(in.run)
	}
}

// evict ends the longest idle instance of another function; s.mu is held.
func (s *Service) evict(besides *function) bool {
	var from *function
	for _, fn := range s.functions {
		if fn != besides && len(fn.idle) > 0 &&
			(from == nil || fn.idle[0].idleAt.Load() < from.idle[0].idleAt.Load()) {
			from = fn
		}
	}
	if from == nil {
		return false
	}
	in := from.idle[0]
	from.idle = slices.Delete(from.idle, 0, 1)
	s.uncount(in)
	s.wg.Go(in.terminate)
	return true
}

// free gives an instance that asked for work its next invocation, or lets it wait.
func (s *Service) free(in *instance, first bool) {
	fn := in.fn
	s.mu.Lock()
	if first {
		fn.starting--
	}
	if fn.draining || s.closing {
		s.mu.Unlock()
		in.terminate()
		return
	}
	if len(fn.waiters) == 0 {
		fn.idle = append(fn.idle, in)
		s.mu.Unlock()
		return
	}
	inv := fn.waiters[0]
	fn.waiters = slices.Delete(fn.waiters, 0, 1)
	s.mu.Unlock()
	if !in.assign(inv) {
		s.requeue(inv)
	}
}

// requeue puts back an invocation whose instance died before it got it.
func (s *Service) requeue(inv *invocation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn := s.functions[inv.name]
	if s.closing || fn == nil {
		inv.deliver(answer{err: ErrClosed})
		return
	}
	fn.waiters = slices.Insert(fn.waiters, 0, inv)
	s.scale(fn)
}

// unlist takes an instance from the idle ones, because its connection is gone or it
// is to be ended; false if it is not among them.
func (s *Service) unlist(in *instance) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(in.fn.idle, in)
	if i >= 0 {
		in.fn.idle = slices.Delete(in.fn.idle, i, i+1)
	}
	return i >= 0
}

// remove forgets a dead instance. One that died in its init fails the invocation that
// waited longest; the others get a new instance.
func (s *Service) remove(in *instance, inInit bool, failure func(requestID string) error) {
	s.unlist(in)
	s.mu.Lock()
	defer s.mu.Unlock()
	fn := in.fn
	s.uncount(in)
	if inInit {
		fn.starting--
	}
	target := fn
	if fn.draining {
		target = s.functions[fn.key()]
		if len(fn.instances) == 0 {
			s.drained = slices.DeleteFunc(s.drained, func(f *function) bool { return f == fn })
		}
	} else if inInit && len(fn.waiters) > 0 {
		inv := fn.waiters[0]
		fn.waiters = slices.Delete(fn.waiters, 0, 1)
		fn.stats.errors.Add(1)
		inv.deliver(answer{err: failure(inv.id)})
	}
	s.scale(target)
	for _, other := range s.functions { // the place may be what another one waits for
		if other != target && other.starting < len(other.waiters) {
			s.scale(other)
		}
	}
}

// uncount frees the place of an instance, once; s.mu is held.
func (s *Service) uncount(in *instance) {
	if _, ok := in.fn.instances[in]; ok {
		delete(in.fn.instances, in)
		s.count--
	}
}
