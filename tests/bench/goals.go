package main

import "math"

// goal is a bound on what is measured: of a ratio of two medians of the same run, or of
// one value.
type goal struct {
	what string
	// measured is NaN where something that it needs was not measured.
	measured func(*report) float64
	limit    float64
	atLeast  bool
	unit     string
}

// outcome is a goal after a run.
type outcome struct {
	What     string   `json:"what"`
	Measured *float64 `json:"measured,omitempty"`
	Limit    float64  `json:"limit"`
	AtLeast  bool     `json:"atLeast,omitempty"`
	Unit     string   `json:"unit,omitempty"`
	// Met is nil where it was not measured.
	Met *bool `json:"met,omitempty"`
}

func (o outcome) measured() string {
	if o.Measured == nil {
		return "not measured"
	}
	return o.text(*o.Measured)
}

func (o outcome) text(v float64) string {
	if o.Unit == "" {
		return digits(v) + " ×"
	}
	return format(v, o.Unit)
}

func (o outcome) limit() string {
	if o.AtLeast {
		return "at least " + o.text(o.Limit)
	}
	return "at most " + o.text(o.Limit)
}

func (o outcome) verdict() string {
	switch {
	case o.Met == nil:
		return "–"
	case *o.Met:
		return "met"
	}
	return "missed"
}

func judge(r *report) []outcome {
	var list []outcome
	for _, g := range goals() {
		o := outcome{What: g.what, Limit: g.limit, AtLeast: g.atLeast, Unit: g.unit}
		if v := g.measured(r); !math.IsNaN(v) && !math.IsInf(v, 0) {
			met := v <= g.limit
			if g.atLeast {
				met = v >= g.limit
			}
			o.Measured, o.Met = &v, &met
		}
		list = append(list, o)
	}
	return list
}

// of is the median of a series.
func of(part, name, subject, measure string) func(*report) float64 {
	return func(r *report) float64 {
		if s := r.find(part, name, subject, measure); s != nil {
			return s.Median
		}
		return math.NaN()
	}
}

func over(a, b func(*report) float64) func(*report) float64 {
	return func(r *report) float64 { return a(r) / b(r) }
}

func goals() []goal {
	packing := func(name, subject, measure string) func(*report) float64 {
		return of("packing", name, subject, measure)
	}
	first := func(name, subject string) func(*report) float64 { return of("cold", name, subject, measureFirstByte) }
	throughput := func(subject string) func(*report) float64 {
		return of("warm", "ISR hit", subject, "throughput")
	}
	page := func(subject string) func(*report) float64 {
		return of("pieces", "dynamic page, one by one", subject, "p50")
	}
	dollars := func(name string) func(*report) float64 {
		return over(of("cost", name, subjectPack, "dollars"), of("cost", name, subjectOpenNext, "dollars"))
	}
	tag := func(measure string) func(*report) float64 {
		return over(of("pieces", "tag on 1,000,000 entries", subjectPack, measure), of("pieces", "tag on 1 entries", subjectPack, measure))
	}
	return []goal{
		{what: "packing the shop: OpenNext's time over pack's", measured: over(packing("the shop", subjectOpenNext, "time"), packing("the shop", subjectPack, "time")), limit: 20, atLeast: true},
		{what: "the same, pack writing every archive too", measured: over(packing("the shop", subjectOpenNext, "time"), packing("the shop, with archives", subjectPack, "time")), limit: 20, atLeast: true},
		{what: "packing the shop: pack's memory over OpenNext's", measured: over(packing("the shop", subjectPack, "peak memory"), packing("the shop", subjectOpenNext, "peak memory")), limit: 0.1},
		{what: "packing 100 routes again, nothing changed, over the first time with archives", measured: over(packing("100 routes, nothing changed", subjectPack, "time"), packing("100 routes, with archives", subjectPack, "time")), limit: 0.05},
		{what: "packing 1,000 routes over packing 10", measured: over(packing("1,000 routes", subjectPack, "time"), packing("10 routes", subjectPack, "time")), limit: 10},
		{what: "the same, with archives", measured: over(packing("1,000 routes, with archives", subjectPack, "time"), packing("10 routes, with archives", subjectPack, "time")), limit: 10},
		{what: "median function, zipped, over OpenNext's server function", measured: over(of("sizes", "server function", subjectPack, "zipped"), of("sizes", "server function", subjectOpenNext, "zipped")), limit: 0.1},
		{what: "cold ISR hit: OpenNext over pack", measured: over(first("ISR hit", subjectOpenNext), first("ISR hit", subjectPack)), limit: 20, atLeast: true},
		{what: "cold ISR hit: pack over a bare Go function", measured: over(first("ISR hit", subjectPack), first(leastCase, subjectBareGo)), limit: 2},
		// Every instance but a function's first has what that one has compiled.
		{what: "cold dynamic page: OpenNext over pack's function", measured: over(first("dynamic app page", subjectOpenNext), first("dynamic app page", subjectCompiled)), limit: 4, atLeast: true},
		{what: "cold dynamic page: pack's function over a bare Node function", measured: over(first("dynamic app page", subjectCompiled), first(leastCase, subjectBareNode)), limit: 4},
		{what: "cold dynamic page, a function's very first instance: OpenNext over pack", measured: over(first("dynamic app page", subjectOpenNext), first("dynamic app page", subjectPack)), limit: 4, atLeast: true},
		{what: "the same over a bare Node function", measured: over(first("dynamic app page", subjectPack), first(leastCase, subjectBareNode)), limit: 4},
		{what: "dollars per million requests: pack over OpenNext", measured: dollars("a million requests"), limit: 1. / 3},
		{what: "the same, waiting for S3 and DynamoDB as on AWS", measured: dollars("a million requests, waiting for S3 and DynamoDB"), limit: 1. / 3},
		{what: "ISR hits per second, gateway's handler over HTTP, over next start", measured: over(throughput(subjectHandler), throughput(subjectNext)), limit: 10, atLeast: true},
		{what: "the same over nginx with the same page", measured: over(throughput(subjectHandler), throughput(subjectNginx)), limit: 0.5, atLeast: true},
		{what: "ISR hits per second, all of pack serve, over next start", measured: over(throughput(subjectPack), throughput(subjectNext)), limit: 3, atLeast: true},
		{what: "gateway and bootstrap on a dynamic page, p50, less two bare invocations", unit: "ms", limit: 1, measured: func(r *report) float64 {
			return (page(subjectPackBoth)(r) - page(subjectDirect)(r) - 2*page(subjectBareGo)(r)) / 1000
		}},
		{what: "router with 10,000 routes, p50", measured: of("pieces", "router, 10,000 routes", subjectPack, "p50"), limit: 20, unit: "µs"},
		{what: "router, 10,000 routes over 100", measured: over(of("pieces", "router, 10,000 routes", subjectPack, "p50"), of("pieces", "router, 100 routes", subjectPack, "p50")), limit: 3},
		{what: "memory of an instance that answers hits only", measured: of("memory", "instance that answers hits only", subjectPack, "resident memory"), limit: 40e6, unit: "bytes"},
		{what: "revalidating a tag on 1,000,000 entries over one: time", measured: tag("p50"), limit: 1.5},
		{what: "revalidating a tag on 1,000,000 entries over one: calls", measured: tag("calls"), limit: 1},
	}
}
