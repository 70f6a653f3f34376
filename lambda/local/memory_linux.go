package local

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

const memoryInterval = 250 * time.Millisecond

// sampleMemory ends instances over their memory from now on. It looks at resident
// memory, as the report line of AWS does, of all processes in the group; pages that
// two of them share count twice, and a peak between two looks is not seen.
func (s *Service) sampleMemory() {
	s.wg.Go(func() {
		tick := time.NewTicker(memoryInterval)
		defer tick.Stop()
		for {
			select {
			case <-s.done:
				return
			case <-tick.C:
			}
			if watched := s.working(); len(watched) > 0 {
				s.endOverLimit(watched)
			}
		}
	})
}

// working lists instances with a limit that run something now; frozen ones can't grow.
func (s *Service) working() []*instance {
	s.mu.Lock()
	var all []*instance
	for _, fn := range s.allFunctions() {
		if fn.MemoryMB > 0 {
			for in := range fn.instances {
				all = append(all, in)
			}
		}
	}
	s.mu.Unlock()
	working := all[:0]
	for _, in := range all {
		in.mu.Lock()
		if in.pid != 0 && (in.state == stateStarting || in.state == stateBusy) {
			working = append(working, in)
		}
		in.mu.Unlock()
	}
	return working
}

func (s *Service) endOverLimit(watched []*instance) {
	resident := residentByGroup()
	for _, in := range watched {
		if resident[in.group()] > int64(in.fn.MemoryMB)<<20 {
			in.kill(&failure{errOutOfMemory, "Runtime exited with error: signal: killed"})
		}
	}
}

func (in *instance) group() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.pid
}

// residentByGroup adds up resident bytes per process group; see proc_pid_stat(5).
func residentByGroup() map[int]int64 {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer func() { _ = dir.Close() }()
	names, _ := dir.Readdirnames(-1)
	page := int64(os.Getpagesize())
	sums := map[int]int64{}
	for _, name := range names {
		if name[0] < '0' || name[0] > '9' {
			continue
		}
		stat, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // it has just ended
		}
		i := bytes.LastIndexByte(stat, ')') // the name before may hold anything
		fields := bytes.Fields(stat[i+1:])
		if len(fields) < 22 {
			continue
		}
		group, _ := strconv.Atoi(string(fields[2]))
		pages, _ := strconv.ParseInt(string(fields[21]), 10, 64)
		sums[group] += pages * page
	}
	return sums
}
