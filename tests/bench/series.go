package main

import (
	"fmt"
	"slices"
	"time"
)

// series is one quantity of one subject in one case, measured again and again.
type series struct {
	// Part, Case, Subject and Measure name it: cold, "ISR hit", OpenNext, "first byte".
	Part    string `json:"part"`
	Case    string `json:"case"`
	Subject string `json:"subject"`
	Measure string `json:"measure"`
	// Unit is ms, µs, bytes, /s, $ or nothing, for plain numbers.
	Unit    string    `json:"unit,omitempty"`
	Samples []float64 `json:"samples"`
	// Median, and the quartiles around it: the spread.
	Median float64 `json:"median"`
	Low    float64 `json:"lowerQuartile"`
	High   float64 `json:"upperQuartile"`
}

func (s *series) add(v float64) {
	s.Samples = append(s.Samples, v)
	sorted := slices.Sorted(slices.Values(s.Samples))
	s.Median, s.Low, s.High = quantile(sorted, 0.5), quantile(sorted, 0.25), quantile(sorted, 0.75)
}

// quantile is the value below which the share q of the sorted samples is, between two of
// them by distance.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// spread is the median, with the quartiles in brackets.
func (s *series) spread() string {
	if s.Low == s.High {
		return format(s.Median, s.Unit)
	}
	return fmt.Sprintf("%s (%s – %s)", format(s.Median, s.Unit), format(s.Low, s.Unit), format(s.High, s.Unit))
}

// format writes a value in the series' unit, with three digits that count.
func format(v float64, unit string) string {
	switch unit {
	case "bytes":
		switch {
		case v >= 1<<20:
			return digits(v/(1<<20)) + " MiB"
		case v >= 1<<10:
			return digits(v/(1<<10)) + " KiB"
		}
		return digits(v) + " B"
	case "ms":
		if v >= 10_000 {
			return digits(v/1000) + " s"
		}
		return digits(v) + " ms"
	case "$":
		return "$" + digits(v)
	case "":
		return digits(v)
	case "/s":
		return digits(v) + "/s"
	}
	return digits(v) + " " + unit
}

func digits(v float64) string {
	switch {
	case v >= 1000:
		return thousands(int64(v + 0.5))
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1 || v == 0:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func thousands(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return thousands(n/1000) + fmt.Sprintf(",%03d", n%1000)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
