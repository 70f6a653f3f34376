package price_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pack/infra/price"
	"pack/manifest"
)

func prices(t *testing.T) *price.List {
	t.Helper()
	t.Setenv(price.Variable, "")
	l, err := price.Prices()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func bill(t *testing.T, l *price.List, u price.Use) (usd, free float64) {
	t.Helper()
	items, err := l.Bill(u)
	if err != nil {
		t.Fatal(err)
	}
	for i := range items[1:] {
		if items[i].USD < items[i+1].USD {
			t.Errorf("%s costs less than %s and comes first", items[i].Kind, items[i+1].Kind)
		}
	}
	return price.Total(items)
}

func near(a, b float64) bool { return math.Abs(a-b) < 0.0001 }

// TestFloor reckons by hand: 11 alarms, a dashboard, two queues that are polled
// 657,000 times each, 10 GB.
func TestFloor(t *testing.T) {
	f := price.Footprint{Alarms: 11, Queues: 1, FIFOQueues: 1, StoredBytes: 6 << 30}
	f = f.Plus(price.Footprint{Dashboards: 1, StoredBytes: 4 << 30})
	usd, free := bill(t, prices(t), f.Floor())
	if want := 1.10 + 3 + 0.657*0.40 + 0.657*0.50 + 0.23; !near(usd, want) {
		t.Errorf("the floor is $%.4f, want $%.4f", usd, want)
	}
	if want := 1.00 + 3 + 0.657*0.40; !near(free, want) {
		t.Errorf("$%.4f of it are free, want $%.4f", free, want)
	}
}

// TestMix is a million pages that the CDN has, and a million that a gateway of
// 1 GB answers in 10 ms from one read.
func TestMix(t *testing.T) {
	mix := price.Mix{
		{Count: 1e6, Request: price.Request{CDN: true, Bytes: 1 << 10}},
		{Count: 1e6, Request: price.Request{CDN: true, BucketReads: 1, TableReads: 2, Invocations: []price.Invocation{
			{Seconds: 0.01, Memory: 1024, Architecture: manifest.ARM64, Bytes: 8 << 20},
		}}},
	}
	usd, _ := bill(t, prices(t), mix.Use())
	want := 2 + 1e6/(1<<20)*0.085 + 0.10 + // CDN: requests, bytes, function
		0.4 + 0.25 + // bucket and table
		0.20 + 1e4*0.0000133334 + 2e6/1024*0.008 // Lambda
	if !near(usd, want) {
		t.Errorf("the mix costs $%.4f, want $%.4f", usd, want)
	}
}

func TestPricesOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "prices.json")
	for text, sound := range map[string]bool{
		`{"region":"eu-central-1","date":"2026-11","rates":{"alarms":{"usd":0.2,"per":1}}}`: true,
		`{"rates":{"alarms":{"usd":0.2}}}`:                                                  false,
		`prices`:                                                                            false,
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Setenv(price.Variable, path)
		l, err := price.Prices()
		var u *manifest.UserError
		if sound != (err == nil) || err != nil && !errors.As(err, &u) {
			t.Errorf("%s: %v", text, err)
		}
		if !sound {
			continue
		}
		if items, err := l.Bill(price.Use{price.Alarms: 2}); err != nil || len(items) != 1 || !near(items[0].USD, 0.4) {
			t.Errorf("two alarms are %v, %v", items, err)
		}
		if _, err := l.Bill(price.Use{price.Metrics: 1}); err == nil {
			t.Error("what has no price costs nothing")
		}
	}
}

func TestEveryKindHasAPrice(t *testing.T) {
	l := prices(t)
	whole := price.Request{CDN: true, Invocations: []price.Invocation{{Architecture: manifest.X8664}, {}}}.Use().Plus(price.Footprint{}.Floor())
	for kind := range whole {
		if _, ok := l.Rates[kind]; !ok {
			t.Errorf("%s has no price", kind)
		}
	}
	if n := l.Note("eu-west-1"); !strings.Contains(n, l.Date) || !strings.Contains(n, "eu-west-1") || strings.Contains(l.Note(l.Region), ";") {
		t.Errorf("the note is %q", n)
	}
}
