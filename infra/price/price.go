// Package price says what a deployment costs: with no traffic (Floor), and what
// a mix of requests adds (Mix). AWS's prices are data, prices.json, with their
// date, region and source; nothing is asked of the network.
package price

import (
	"cmp"
	_ "embed" // The price list.
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"pack/manifest"
)

// Variable names a file that takes the place of the built-in list, in its form:
// for another region, or when prices have changed.
const Variable = "PACK_PRICES"

// Kind is something that AWS counts; the constants say what of, and in which
// unit.
type Kind string

// What is counted in a month.
const (
	LambdaRequests Kind = "lambda-requests"
	// LambdaARM64 and LambdaX8664 are GB-seconds, 2^30 bytes each.
	LambdaARM64 Kind = "lambda-arm64"
	LambdaX8664 Kind = "lambda-x86_64"
	// LambdaStreamed is the bytes of streamed answers beyond 6 MB each.
	LambdaStreamed   Kind = "lambda-streamed"
	CDNRequests      Kind = "cdn-requests"
	CDNBytes         Kind = "cdn-bytes"
	CDNFunctions     Kind = "cdn-functions"
	CDNInvalidations Kind = "cdn-invalidations"
	// BucketReads are GETs, BucketWrites PUTs and LISTs, BucketBytes what is
	// stored.
	BucketReads  Kind = "bucket-reads"
	BucketWrites Kind = "bucket-writes"
	BucketBytes  Kind = "bucket-bytes"
	// TableReads are request units: one for 4 KB read consistently, a half
	// otherwise. TableWrites are those of 1 KB.
	TableReads         Kind = "table-reads"
	TableWrites        Kind = "table-writes"
	TableBytes         Kind = "table-bytes"
	TableRecoveryBytes Kind = "table-recovery-bytes"
	QueueRequests      Kind = "queue-requests"
	FIFORequests       Kind = "fifo-requests"
	LogBytes           Kind = "log-bytes"
	LogKeptBytes       Kind = "log-kept-bytes"
	Metrics            Kind = "metrics"
	Alarms             Kind = "alarms"
	Dashboards         Kind = "dashboards"
	Schedules          Kind = "schedules"
)

// Use is how much of what is used in a month. Missing kinds are none.
type Use map[Kind]float64

// Plus adds two uses up.
func (u Use) Plus(v Use) Use {
	sum := Use{}
	for _, each := range []Use{u, v} {
		for kind, n := range each {
			sum[kind] += n
		}
	}
	return sum
}

// Times multiplies all of it.
func (u Use) Times(n float64) Use {
	product := Use{}
	for kind, each := range u {
		product[kind] = each * n
	}
	return product
}

// Rate is the price of a Kind.
type Rate struct {
	// USD are for Per units.
	USD float64 `json:"usd"`
	Per float64 `json:"per"`
	// Free units of a month cost nothing, once for the whole account.
	Free float64 `json:"free"`
}

// List is AWS's prices in one region. Prices that depend on how much an account
// uses are those of the smallest amount.
type List struct {
	Region string `json:"region"`
	// Date is the month in which the prices were read.
	Date    string        `json:"date"`
	Sources []string      `json:"sources"`
	Rates   map[Kind]Rate `json:"rates"`
}

//go:embed prices.json
var builtIn []byte

// Prices gives the built-in list, or the one that PACK_PRICES names.
func Prices() (*List, error) {
	text, where := builtIn, "the built-in prices"
	if path := os.Getenv(Variable); path != "" {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return nil, &manifest.UserError{What: "the list of prices cannot be read", Where: Variable, Err: err}
		}
		where = path
	}
	var l List
	if err := json.Unmarshal(text, &l); err != nil {
		return nil, &manifest.UserError{What: "the list of prices is no JSON document of its form", Where: where, Err: err}
	}
	for kind, r := range l.Rates {
		if r.Per <= 0 || r.USD < 0 || r.Free < 0 {
			return nil, &manifest.UserError{What: fmt.Sprintf("the price of %s makes no sense", kind), Where: where}
		}
	}
	return &l, nil
}

// Note says what the prices are, and that those of another region differ.
func (l *List) Note(region string) string {
	note := fmt.Sprintf("AWS's prices of %s, read in %s", l.Region, l.Date)
	if region != "" && region != l.Region {
		note += fmt.Sprintf("; those of %s are other ones, most often 10 to 25%% higher (%s names a list)", region, Variable)
	}
	return note
}

// Item is one line of a bill.
type Item struct {
	Kind   Kind    `json:"kind"`
	Amount float64 `json:"amount"`
	// USD is the price of a month.
	USD float64 `json:"usd"`
	// Free is what of it an account pays nothing for that uses nothing else.
	Free float64 `json:"free"`
}

// Bill gives the price of a month's use, the dearest first. Kinds that the list
// has no price of are an error.
func (l *List) Bill(u Use) ([]Item, error) {
	var items []Item
	for kind, amount := range u {
		r, ok := l.Rates[kind]
		if !ok {
			return nil, fmt.Errorf("the list of prices of %s, %s has none of %s", l.Region, l.Date, kind)
		}
		if amount == 0 {
			continue
		}
		items = append(items, Item{
			Kind: kind, Amount: amount, USD: amount / r.Per * r.USD, Free: min(amount, r.Free) / r.Per * r.USD,
		})
	}
	slices.SortFunc(items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(b.USD, a.USD), cmp.Compare(a.Kind, b.Kind))
	})
	return items, nil
}

// Total adds up a bill, and what of it is free.
func Total(items []Item) (usd, free float64) {
	for _, i := range items {
		usd += i.USD
		free += i.Free
	}
	return usd, free
}
