package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"

	"pack/infra/price"
	"pack/manifest"
)

// share is each route's among the requests that no CDN answers: the traffic that the
// cost model is of.
var share = map[string]float64{
	"ISR hit": 0.60, "route handler": 0.15, "dynamic app page": 0.20, "pages-router page": 0.05,
}

const (
	// coldShare of the requests to a function start an instance.
	coldShare = 0.01
	// openNextUnits is what OpenNext reads of the table for a cached page: one eventually
	// consistent query. Each of its hits asks S3, too.
	openNextUnits = 0.5
	// What a hit of pack's costs on the average, rounded up from what the page cache asks
	// for in the traffic of TestHits: of an instance that takes ten hits a second of a
	// thousand pages by Zipf's law, with five tags as Next.js makes them (four of them
	// common to all pages), while something is revalidated once a minute. Each reads the
	// revision of the tags; readsOfHit read tags, too, in request units hitUnits in all,
	// and getsOfHit ask S3.
	getsOfHit, readsOfHit, hitUnits = 0.25, 0.5, 2
	// What one read of S3 and DynamoDB takes in a function's time, in ms, in the second
	// scenario: within what others have measured (10 to 50 and 1 to 5).
	s3Wait, dynamoWait = 15, 3
)

// invocation is one function's part in answering a request, on the average: the time in
// whole milliseconds, and the start of an instance for some of them; warm and cold are
// in ms, memory in MB.
func invocation(warm, cold float64, memory int) price.Invocation {
	ms := math.Ceil(warm) + coldShare*max(0, cold-warm)
	return price.Invocation{Seconds: ms / 1000, Memory: memory, Architecture: manifest.ARM64}
}

// cost computes dollars for a million requests of the mix from what the other parts have
// measured: cold starts, warm latencies one by one, and the memory that the functions are
// given. What both pay alike, as the CDN, is left out.
func cost(_ context.Context, w *workshop, _ plan, r *report) error {
	list, err := price.Prices()
	if err != nil {
		return err
	}
	gateway, err := w.gatewayMemory()
	if err != nil {
		return err
	}
	for _, scenario := range []struct {
		name  string
		waits bool
	}{{"a million requests", false}, {"a million requests, waiting for S3 and DynamoDB", true}} {
		for _, subject := range []string{subjectPack, subjectOpenNext} {
			total, err := millionRequests(r, list, subject, gateway, scenario.waits)
			if err != nil {
				r.fail("cost", scenario.name+", "+subject, err)
				continue
			}
			r.note("cost", scenario.name, subject, value{"dollars", "$", total})
		}
	}
	return nil
}

// millionRequests is the price of a million requests of the mix; gateway is the memory of
// pack's gateway in MB, waits whether a cached page waits for its stores.
func millionRequests(r *report, list *price.List, subject string, gateway int, waits bool) (dollars float64, err error) {
	var wait float64
	switch {
	case waits && subject == subjectPack:
		// The revision is asked for beside S3.
		wait = getsOfHit*s3Wait + (1-getsOfHit)*dynamoWait + readsOfHit*dynamoWait
	case waits:
		wait = s3Wait + dynamoWait
	}
	median := func(part, name, subject, measure string) float64 {
		if s := r.find(part, name, subject, measure); s != nil {
			return s.Median
		}
		if err == nil {
			err = fmt.Errorf("%s of %s was not measured for %s", measure, name, subject)
		}
		return 0
	}
	var mix price.Mix
	for _, route := range routes {
		if share[route.name] == 0 {
			continue
		}
		warm, cold := median("warm", route.name, subject, "p50"), median("cold", route.name, subject, measureFirstByte)
		var q price.Request
		switch {
		case route.cached && subject == subjectPack:
			q = price.Request{Invocations: []price.Invocation{invocation(warm+wait, cold+wait, gateway)}, BucketReads: getsOfHit, TableReads: hitUnits}
		case route.cached:
			q = price.Request{Invocations: []price.Invocation{invocation(warm+wait, cold+wait, peerMemory)}, BucketReads: 1, TableReads: openNextUnits}
		case subject == subjectPack:
			// The gateway waits for the function: both are paid for that long.
			own := median("cold", routes[0].name, subject, measureFirstByte)
			q.Invocations = []price.Invocation{invocation(warm, warm+own, gateway), invocation(warm, cold, peerMemory)}
		default:
			q.Invocations = []price.Invocation{invocation(warm, cold, peerMemory)}
		}
		mix = append(mix, price.Part{Request: q, Count: 1e6 * share[route.name]})
	}
	if err != nil {
		return 0, err
	}
	items, err := list.Bill(mix.Use())
	dollars, _ = price.Total(items)
	return dollars, err
}

// gatewayMemory is what the shop's gateway is given, in MB.
func (w *workshop) gatewayMemory() (int, error) {
	shop, err := w.shop()
	if err != nil {
		return 0, err
	}
	d, err := deployment(filepath.Join(shop, ".pack"))
	if err != nil {
		return 0, err
	}
	for _, f := range d.Functions {
		if f.Kind == manifest.GatewayFunction {
			return f.Memory, nil
		}
	}
	return 0, fmt.Errorf("the deployment of %s has no gateway", shop)
}
