package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
)

//go:embed prices.json
var priceList []byte

// prices are AWS's list prices in dollars, before free tiers and discounts.
type prices struct {
	Region                  string   `json:"region"`
	Read                    string   `json:"read"`
	Sources                 []string `json:"sources"`
	LambdaRequest           float64  `json:"lambdaRequest"`
	LambdaGigabyteSecondARM float64  `json:"lambdaGigabyteSecondARM"`
	S3Get                   float64  `json:"s3Get"`
	DynamoDBReadUnit        float64  `json:"dynamodbReadUnit"`
}

func readPrices() (prices, error) {
	var p prices
	return p, json.Unmarshal(priceList, &p)
}

// mix is the traffic that the cost model is of: the share of each route among the
// requests that no CDN answers.
var mix = map[string]float64{
	"ISR hit": 0.60, "route handler": 0.15, "dynamic app page": 0.20, "pages-router page": 0.05,
}

const (
	// coldShare of the requests to a function start an instance.
	coldShare = 0.01
	// tagsOfPage is how many tags a cached page has; pack reads each of them strongly
	// consistent (one unit), OpenNext asks one eventually consistent query (half a unit).
	tagsOfPage, openNextUnits = 5, 0.5
	// What one read of S3 and DynamoDB takes in a function's time, in ms, in the second
	// scenario: within what others have measured (10 to 50 and 1 to 5).
	s3Wait, dynamoWait = 15, 3
)

// invocation is one function's part in answering a request.
type invocation struct {
	// warm and cold are in ms, memory in MB.
	warm, cold, memory float64
}

// dollars is what a million of them cost: the request, the time in whole milliseconds,
// and the start of an instance for some of them.
func (i invocation) dollars(p prices) float64 {
	ms := math.Ceil(i.warm) + coldShare*max(0, i.cold-i.warm)
	return 1e6 * (p.LambdaRequest + ms/1000*i.memory/1024*p.LambdaGigabyteSecondARM)
}

// cost computes dollars for a million requests of the mix from what the other parts have
// measured: cold starts, warm latencies one by one, and the memory that the functions are
// given. What both pay alike, as the CDN, is left out.
func cost(_ context.Context, w *workshop, _ plan, r *report) error {
	p, err := readPrices()
	if err != nil {
		return fmt.Errorf("decode prices.json: %w", err)
	}
	for _, scenario := range []struct {
		name       string
		s3, dynamo float64
	}{
		{"a million requests", 0, 0},
		{"a million requests, waiting for S3 and DynamoDB", s3Wait, dynamoWait},
	} {
		for _, subject := range []string{subjectPack, subjectOpenNext} {
			total, err := millionRequests(w, r, p, subject, scenario.s3+scenario.dynamo)
			if err != nil {
				r.fail("cost", scenario.name+", "+subject, err)
				continue
			}
			r.note("cost", scenario.name, subject, value{"dollars", "$", total})
		}
	}
	return nil
}

// millionRequests adds the mix up; wait is what a cached page waits for its stores, ms.
func millionRequests(w *workshop, r *report, p prices, subject string, wait float64) (total float64, err error) {
	median := func(part, name, subject, measure string) float64 {
		if s := r.find(part, name, subject, measure); s != nil {
			return s.Median
		}
		if err == nil {
			err = fmt.Errorf("%s of %s was not measured for %s", measure, name, subject)
		}
		return 0
	}
	for _, route := range routes {
		share, ok := mix[route.name]
		if !ok {
			continue
		}
		i := invocation{median("warm", route.name, subject, "p50"), median("cold", route.name, subject, measureFirstByte), peerMemory}
		each := 0.0
		if route.cached {
			i.warm, i.cold = i.warm+wait, i.cold+wait
			units := float64(tagsOfPage)
			if subject == subjectOpenNext {
				units = openNextUnits
			}
			each += 1e6 * (p.S3Get + units*p.DynamoDBReadUnit)
		} else if subject == subjectPack {
			// The gateway waits for the function: both are paid for that long.
			gateway := invocation{i.warm, i.warm + median("cold", routes[0].name, subjectPack, measureFirstByte), w.gatewayMemory()}
			each += gateway.dollars(p)
		}
		if route.cached && subject == subjectPack {
			i.memory = w.gatewayMemory()
		}
		total += share * (each + i.dollars(p))
	}
	return total, err
}

// gatewayMemory is what the shop's gateway is given, in MB.
func (w *workshop) gatewayMemory() float64 {
	shop, err := w.shop()
	if err != nil {
		return peerMemory
	}
	d, err := deployment(shop + "/.pack")
	if err != nil {
		return peerMemory
	}
	for _, f := range d.Functions {
		if f.Kind == "gateway" {
			return float64(f.Memory)
		}
	}
	return peerMemory
}
