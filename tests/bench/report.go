package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// report is everything that was measured, in the order of the table.
type report struct {
	Machine string `json:"machine"`
	Rows    []row  `json:"rows"`
}

// row is one figure: a time, a throughput or a size, and its ratio to another.
type row struct {
	Name string `json:"name"`
	// Nanoseconds is the median time; of a load, the median of the medians.
	Nanoseconds time.Duration `json:"nanoseconds,omitempty"`
	// PerSec is the median throughput in requests per second.
	PerSec float64       `json:"requestsPerSecond,omitempty"`
	P99    time.Duration `json:"p99Nanoseconds,omitempty"`
	Bytes  int64         `json:"bytes,omitempty"`
	// Ratio is this row's time or throughput over that of Against.
	Ratio   float64 `json:"ratio,omitempty"`
	Against string  `json:"against,omitempty"`
	// Goal bounds Ratio: from above for times, from below for throughput.
	Goal float64 `json:"goal,omitempty"`
	Met  *bool   `json:"met,omitempty"`
	Runs []load  `json:"runs,omitempty"`
}

func (r *report) find(name string) *row {
	for i := range r.Rows {
		if r.Rows[i].Name == name {
			return &r.Rows[i]
		}
	}
	return nil
}

func (r *report) add(name string, d time.Duration, against string, goal float64) {
	added := row{Name: name, Nanoseconds: d, Against: against, Goal: goal}
	if other := r.find(against); other != nil {
		added.Ratio = float64(d) / float64(other.Nanoseconds)
		if goal > 0 {
			met := added.Ratio <= goal
			added.Met = &met
		}
	}
	r.Rows = append(r.Rows, added)
}

func (r *report) addLoad(name string, runs []load, against string, goal float64) {
	var perSec []float64
	var p50, p99 []time.Duration
	for _, l := range runs {
		perSec, p50, p99 = append(perSec, l.PerSec), append(p50, l.P50), append(p99, l.P99)
	}
	slices.Sort(perSec)
	added := row{Name: name, PerSec: perSec[len(perSec)/2], Nanoseconds: median(p50), P99: median(p99), Against: against, Goal: goal, Runs: runs}
	if other := r.find(against); other != nil {
		added.Ratio = added.PerSec / other.PerSec
		if goal > 0 {
			met := added.Ratio >= goal
			added.Met = &met
		}
	}
	r.Rows = append(r.Rows, added)
}

func (r *report) addMemory(name string, bytes int64) {
	r.Rows = append(r.Rows, row{Name: "memory: " + name, Bytes: bytes})
}

func (r *report) print(w io.Writer) {
	fmt.Fprintln(w, r.Machine)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "WHAT\tMEDIAN\tP99\tPER SECOND\tRATIO\tGOAL")
	for _, row := range r.Rows {
		goal := ""
		if row.Met != nil {
			goal = fmt.Sprintf("%.2g, missed", row.Goal)
			if *row.Met {
				goal = fmt.Sprintf("%.2g, met", row.Goal)
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", row.Name, first(duration(row.Nanoseconds), size(row.Bytes)), duration(row.P99), number(row.PerSec, "%.0f"), number(row.Ratio, "%.3g"), goal)
	}
	t.Flush()
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func duration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f ms", float64(d)/1e6)
}

func size(b int64) string { return number(float64(b)/(1<<20), "%.0f MiB") }

func number(f float64, format string) string {
	if f == 0 {
		return ""
	}
	return fmt.Sprintf(format, f)
}

func median(d []time.Duration) time.Duration {
	d = slices.Clone(d)
	slices.Sort(d)
	return d[len(d)/2]
}
