package local

import "slices"

// FunctionStats counts what one function has and did since Add.
type FunctionStats struct {
	Instances, Starting, Idle, Waiting int
	// Invocations were handed to an instance; ColdStarts are started instances.
	Invocations, ColdStarts uint64
	// Throttles were refused; Errors failed for any reason, Timeouts among them.
	Throttles, Errors, Timeouts uint64
}

// InstanceStat is one live instance as it is now.
type InstanceStat struct {
	ID          string // as in the logs
	PID         int    // also the process group; 0 until the process exists
	State       string // starting, idle, frozen or busy
	Invocations uint64
}

// Stats gives the present numbers of every function by name.
func (s *Service) Stats() map[string]FunctionStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]FunctionStats, len(s.functions))
	for name, fn := range s.functions {
		all[name] = FunctionStats{
			Instances:   len(fn.instances),
			Starting:    fn.starting,
			Idle:        len(fn.idle),
			Waiting:     len(fn.waiters),
			Invocations: fn.stats.invocations.Load(),
			ColdStarts:  fn.stats.coldStarts.Load(),
			Throttles:   fn.stats.throttles.Load(),
			Errors:      fn.stats.errors.Load(),
			Timeouts:    fn.stats.timeouts.Load(),
		}
	}
	return all
}

// Instances lists the live instances of a function, oldest first; nil if there is no
// such function. Instances of a replaced function that still end are not listed.
func (s *Service) Instances(name string) []InstanceStat {
	s.mu.Lock()
	fn := s.functions[name]
	var live []*instance
	if fn != nil {
		for in := range fn.instances {
			live = append(live, in)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(live, func(a, b *instance) int { return a.born.Compare(b.born) })
	var stats []InstanceStat
	for _, in := range live {
		stats = append(stats, in.stat())
	}
	return stats
}
