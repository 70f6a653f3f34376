package main

import (
	"io"
	"strings"
	"testing"

	"pack/infra/price"
)

// measured is a report with values for two of the goals and one failure.
func measured() *report {
	r := newReport("full", io.Discard)
	r.note("cold", "ISR hit", subjectPack, value{measureFirstByte, "ms", 10})
	r.note("cold", "ISR hit", subjectOpenNext, value{measureFirstByte, "ms", 500})
	r.note("cold", leastCase, subjectBareGo, value{measureFirstByte, "ms", 4})
	r.note("cold", "ISR hit", subjectPack, value{"only of pack", "", 3}, value{"and this", "", 4})
	r.note(piecesPart, "cache", "from memory", value{"p50", "µs", 2}, value{"p50", "µs", 4})
	r.fail("warm", "nginx", io.ErrUnexpectedEOF)
	r.finish()
	return r
}

func TestGoals(t *testing.T) {
	got := make(map[string]string)
	for _, g := range measured().Goals {
		got[g.What] = strings.Join([]string{g.measured(), g.limit(), g.verdict()}, "; ")
	}
	for what, want := range map[string]string{
		"cold ISR hit: OpenNext over pack":             "50.0 ×; at least 20.0 ×; met",
		"cold ISR hit: pack over a bare Go function":   "2.50 ×; at most 2.00 ×; missed",
		"packing 1,000 routes over packing 10":         "not measured; at most 10.0 ×; –",
		"memory of an instance that answers hits only": "not measured; at most 38.1 MiB; –",
		"router with 10,000 routes, p50":               "not measured; at most 20.0 µs; –",
	} {
		if got[what] != want {
			t.Errorf("%s: got %q, want %q", what, got[what], want)
		}
	}
}

func TestPage(t *testing.T) {
	page := measured().page(func(plot string) bool { return plot == "cold.svg" })
	for _, want := range []string{
		"| cold ISR hit: OpenNext over pack | 50.0 × | at least 20.0 × | met |",
		"- warm, nginx: `unexpected EOF`",
		"![Cold starts](benchmarks/cold.svg)",
		"| first byte | pack | OpenNext | bare Go function |",
		"| pack | only of pack | and this |\n|---|---|---|\n| ISR hit | 3.00 | 4.00 |",
		"|  | p50 |\n|---|---|\n| cache, from memory | 3.00 µs (2.50 µs – 3.50 µs) |",
		"| ISR hit | 10.0 ms | 500 ms |  |",
		"| least that is possible |  |  | 4.00 ms |",
	} {
		if !strings.Contains(page, want+"\n") {
			t.Errorf("the page has no line %q", want)
		}
	}
	if strings.Contains(page, "## Memory") {
		t.Error("the page has a chapter of what was not measured")
	}
}

// Dollars of a mix whose times make the sums easy: a request of 100 ms in a function of
// 1 GB is 0.1 GB-seconds.
func TestMillionRequests(t *testing.T) {
	r := newReport("full", io.Discard)
	for _, route := range routes {
		r.note("warm", route.name, subjectOpenNext, value{"p50", "ms", 99.5})
		r.note("cold", route.name, subjectOpenNext, value{measureFirstByte, "ms", 99.5})
	}
	list, err := price.Prices()
	if err != nil {
		t.Fatal(err)
	}
	for kind := range list.Rates {
		list.Rates[kind] = price.Rate{Per: 1}
	}
	for kind, dollars := range map[price.Kind]float64{price.LambdaRequests: 1e-6, price.LambdaARM64: 1e-5, price.BucketReads: 1e-6, price.TableReads: 2e-6} {
		list.Rates[kind] = price.Rate{USD: dollars, Per: 1}
	}
	got, err := millionRequests(r, list, subjectOpenNext, 0, false)
	// A dollar for requests, one for time, and for the hits, 60 % of them, two more.
	if want := 1 + 1 + 0.6*2; err != nil || got < want-1e-9 || got > want+1e-9 {
		t.Errorf("got %v dollars, %v, want %v", got, err, want)
	}
	if _, err := millionRequests(newReport("full", io.Discard), list, subjectOpenNext, 0, false); err == nil {
		t.Error("what was not measured has a price")
	}
}

func TestChoose(t *testing.T) {
	chosen, err := choose("cold,cost")
	if err != nil || !chosen["cold"] || !chosen["cost"] || chosen["warm"] {
		t.Errorf("got %v, %v", chosen, err)
	}
	if _, err := choose("cold,hot"); err == nil || !strings.Contains(err.Error(), `"hot"`) {
		t.Errorf("an unknown part gives %v", err)
	}
}
