package queue

import (
	"math/rand/v2"
	"time"
)

// Backoff is how long to wait after the nth failure, counted from 1: first
// doubled with every failure, at most longest, of which the latter half is
// random, so that what failed together does not come back together.
func Backoff(n int, first, longest time.Duration) time.Duration {
	d := first
	for i := 1; i < n && d < longest; i++ {
		d *= 2
	}
	d = min(d, longest)
	return d/2 + rand.N(d/2+1)
}
