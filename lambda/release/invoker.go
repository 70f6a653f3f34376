package release

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"pack/lambda/event"
	"pack/lambda/invoke"
	"pack/manifest"
)

// Invoker calls functions of a release in the region that is nearest and has
// them, and in the next one where that fails and calling twice does no harm. The only
// one is called twice where Lambda has refused for a passing reason.
// Its methods may be called by any number of goroutines.
type Invoker struct {
	// Client calls functions of its region, the instance's own.
	Client *invoke.Client
	// Release says which versions there are.
	Release *Document
	// Gateway is the gateway function's name; functions that are called are told
	// which version of it is the release's. It is in the region Home.
	Gateway, Home string

	mu sync.Mutex
	// failed says when a function has failed last in a region, by the wall clock: the
	// monotonic one may stand still in a frozen instance.
	failed map[place]time.Time
}

// shortPause and as much again at most is between two calls in the same region.
const shortPause = 50 * time.Millisecond

type place struct{ region, function string }

// avoidTime is how long a region in which a function has failed is asked after
// the others.
const avoidTime = 10 * time.Second

// Invoke calls a function by its name in the Deployment. One that is given with
// a version ("gateway:7") is called as it is, in the home region. Errors are
// those of invoke.Client, or say that the release could not be read.
func (i *Invoker) Invoke(ctx context.Context, function string, r *http.Request, call *event.Call) (*http.Response, error) {
	if strings.Contains(function, ":") {
		return i.Client.In(i.Home).Invoke(ctx, function, r, call)
	}
	found, err := i.Release.Get(ctx)
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", function, err)
	}
	regions := i.regions(found, function)
	if len(regions) == 0 {
		return nil, fmt.Errorf("invoke %s: release %s has no version of it", function, found.ID)
	}
	told := call.Copy()
	if version := found.Versions[i.Home][i.Gateway]; version != "" {
		told.Gateway = i.Gateway + ":" + version
	}
	payload, err := event.Encode(r, &told)
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", function, err)
	}
	if len(regions) == 1 {
		regions = append(regions, regions[0])
	}
	for n, region := range regions {
		if n > 0 && region == regions[n-1] && !again(ctx, err) {
			break
		}
		var response *http.Response
		response, err = i.Client.In(region).Send(ctx, function+":"+found.Versions[region][function], r, payload)
		i.note(region, function, err)
		if err == nil {
			return response, nil
		}
		err = fmt.Errorf("%s: %w", region, err)
		if ctx.Err() != nil || !repeatable(r, err) {
			break
		}
		if n < len(regions)-1 {
			slog.Warn("function failed in a region", "function", function, "region", region, "error", err)
		}
	}
	return nil, err
}

// again waits a moment where the only region of a function may take its call after that:
// Lambda was busy, or out of order. It reports whether to call.
func again(ctx context.Context, err error) bool {
	var refusal *invoke.Error
	if !errors.As(err, &refusal) || !refusal.Throttled() && refusal.Status < http.StatusInternalServerError {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(shortPause + rand.N(shortPause)):
		return true
	}
}

// repeatable reports whether a request that failed before its answer began may
// be made again: where the function has not run, or where running twice does no
// harm.
func repeatable(r *http.Request, err error) bool {
	return invoke.NotRun(err) || invoke.Reads(r) && !invoke.TimedOut(err)
}

// regions are those that have a function, in the order in which they are asked.
func (i *Invoker) regions(r *manifest.Release, function string) []string {
	var all []string
	for region, versions := range r.Versions {
		if versions[function] != "" {
			all = append(all, region)
		}
	}
	if len(all) < 2 {
		return all
	}
	var well, ill []string
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, region := range manifest.NearestRegions(i.Client.Region, all) {
		if at, ok := i.failed[place{region, function}]; ok && time.Since(at) < avoidTime {
			ill = append(ill, region)
		} else {
			well = append(well, region)
		}
	}
	return append(well, ill...)
}

// note remembers how a call ended.
func (i *Invoker) note(region, function string, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err == nil {
		delete(i.failed, place{region, function})
		return
	}
	if i.failed == nil {
		i.failed = make(map[place]time.Time)
	}
	i.failed[place{region, function}] = time.Now().Round(0)
}
