package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report is everything that was measured: bench.json.
type report struct {
	// Schema is 1; a change that breaks readers changes it.
	Schema  int       `json:"schema"`
	Mode    string    `json:"mode"`
	Date    string    `json:"date"`
	Minutes float64   `json:"minutes"`
	Machine machine   `json:"machine"`
	Series  []*series `json:"series"`
	Goals   []outcome `json:"goals"`
	// Failures are what could not be measured, and why.
	Failures []failure `json:"failures,omitempty"`

	index map[string]*series
	// rank is the order of the tables: of part, case and subject.
	rank    map[string]int
	started time.Time
	say     io.Writer
}

type failure struct {
	Part  string `json:"part"`
	What  string `json:"what,omitempty"`
	Error string `json:"error"`
}

func newReport(mode string, say io.Writer) *report {
	now := time.Now()
	return &report{Schema: 1, Mode: mode, Date: now.UTC().Format(time.DateOnly), started: now, index: make(map[string]*series), rank: make(map[string]int), say: say}
}

func key(part, name, subject, measure string) string {
	return strings.Join([]string{part, name, subject, measure}, "\x00")
}

// expect gives a case its place in the tables, whenever it is measured.
func (r *report) expect(part, name, subject string) {
	k := key(part, name, subject, "")
	if _, known := r.rank[k]; !known {
		r.rank[k] = len(r.rank)
	}
}

// note adds readings to their series.
func (r *report) note(part, name, subject string, values ...value) {
	r.expect(part, name, subject)
	for _, v := range values {
		k := key(part, name, subject, v.measure)
		s := r.index[k]
		if s == nil {
			s = &series{Part: part, Case: name, Subject: subject, Measure: v.measure, Unit: v.unit}
			r.index[k] = s
			r.Series = append(r.Series, s)
		}
		s.add(v.amount)
	}
}

// find gives a series, or nil where nothing was measured.
func (r *report) find(part, name, subject, measure string) *series {
	return r.index[key(part, name, subject, measure)]
}

// has reports whether anything of a subject was measured.
func (r *report) has(subject string) bool {
	return slices.ContainsFunc(r.Series, func(s *series) bool { return s.Subject == subject })
}

// fail notes what could not be measured; the run goes on.
func (r *report) fail(part, what string, err error) {
	fmt.Fprintf(r.say, "bench: %s: %s: %v\n", part, what, err)
	message := strings.TrimSpace(err.Error())
	const most = 400
	if len(message) > most {
		message = "… " + strings.ToValidUTF8(message[len(message)-most:], "")
	}
	r.Failures = append(r.Failures, failure{part, what, message})
}

func (r *report) step(format string, args ...any) {
	fmt.Fprintf(r.say, "bench: %5.1f min  %s\n", time.Since(r.started).Minutes(), fmt.Sprintf(format, args...))
}

// finish computes what follows from the measurements.
func (r *report) finish() {
	r.Minutes = time.Since(r.started).Minutes()
	r.Goals = judge(r)
	place := func(s *series) int { return r.rank[key(s.Part, s.Case, s.Subject, "")] }
	slices.SortStableFunc(r.Series, func(a, b *series) int { return place(a) - place(b) })
}

func (r *report) write(file string) error {
	encoded, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(encoded, '\n'), 0o644)
}

// print writes all of it for a terminal.
func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "%s run of %s, %.1f minutes\n%s\n\n", r.Mode, r.Date, r.Minutes, r.Machine)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "PART\tCASE\tSUBJECT\tMEASURE\tMEDIAN\tQUARTILES\tSAMPLES")
	for _, s := range r.Series {
		spread := ""
		if len(s.Samples) > 1 {
			spread = format(s.Low, s.Unit) + " – " + format(s.High, s.Unit)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%d\n", s.Part, s.Case, s.Subject, s.Measure, format(s.Median, s.Unit), spread, len(s.Samples))
	}
	fmt.Fprintln(t, "\nGOAL\tMEASURED\tLIMIT\t\t\t\t")
	for _, g := range r.Goals {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t\t\t\n", g.What, g.measured(), g.limit(), g.verdict())
	}
	_ = t.Flush()
	for _, f := range r.Failures {
		fmt.Fprintf(w, "\nnot measured: %s: %s: %s\n", f.Part, f.What, f.Error)
	}
}
