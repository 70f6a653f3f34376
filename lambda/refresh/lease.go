package refresh

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"pack/s3cache"
)

// A lease is short and renewed while the page renders, so that the others need
// not wait long for a holder that was killed.
const (
	leaseTime  = 6 * time.Second
	leaseRenew = 1500 * time.Millisecond
)

// Hold takes the right to render a page for as long as it takes: the holder
// calls release. held is false while somebody else has it.
func Hold(ctx context.Context, cache *s3cache.Cache, key s3cache.Key) (release func(), held bool, err error) {
	lease, held, err := cache.Lease(ctx, key, leaseTime)
	if err != nil || !held {
		return nil, held, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(leaseRenew)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			// A lost lease means a second render, which does no harm.
			if err := lease.Renew(ctx, leaseTime); err != nil {
				return
			}
		}
	}()
	return func() {
		cancel()
		<-ended
		if err := lease.Release(context.WithoutCancel(ctx)); err != nil && !errors.Is(err, s3cache.ErrLeaseLost) {
			slog.Error("lease not released", "key", key.Name, "error", err)
		}
	}, true, nil
}
