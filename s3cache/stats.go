package s3cache

import "sync/atomic"

// Stats counts what a Cache has done since it was made.
type Stats struct {
	Fresh, Stale, Expired, Missing uint64 // lookups by their state
	Remembered                     uint64 // lookups that needed no body from the store
	Recalled                       uint64 // lookups answered from memory, without the store
	StoreErrors                    uint64 // failures of the store; at a lookup also Missing
	TagErrors                      uint64 // failures of the tag store; at a lookup also Expired
	Corrupt                        uint64 // objects that were no whole entry
	Stored                         uint64 // entries written
	Outrun                         uint64 // entries not written: a newer render was there
	Conflicts                      uint64 // conditional writes made again
}

type counters struct {
	states                                                [4]atomic.Uint64
	remembered, recalled, storeErrors, tagErrors, corrupt atomic.Uint64
	stored, outrun, conflicts                             atomic.Uint64
}

// Stats returns the counters' values.
func (c *Cache) Stats() Stats {
	n := c.counters
	return Stats{
		Fresh: n.states[Fresh].Load(), Stale: n.states[Stale].Load(),
		Expired: n.states[Expired].Load(), Missing: n.states[Missing].Load(),
		Remembered: n.remembered.Load(), Recalled: n.recalled.Load(), StoreErrors: n.storeErrors.Load(),
		TagErrors: n.tagErrors.Load(), Corrupt: n.corrupt.Load(),
		Stored: n.stored.Load(), Outrun: n.outrun.Load(), Conflicts: n.conflicts.Load(),
	}
}
