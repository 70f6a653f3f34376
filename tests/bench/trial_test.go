package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInterleave(t *testing.T) {
	r := newReport("quick", io.Discard)
	var ran []string
	reading := func(name string, amount float64) trial {
		return trial{name, "pack", func(context.Context) ([]value, error) {
			ran = append(ran, name)
			return []value{{"time", "ms", amount}}, nil
		}}
	}
	broken := trial{"broken", "pack", func(context.Context) ([]value, error) {
		ran = append(ran, "broken")
		return nil, errors.New("it is broken")
	}}
	r.interleave(t.Context(), "cold", 1, 2, []trial{reading("a", 1), broken, reading("b", 2)})
	// Every other round runs the other way; what fails is tried twice, then left out.
	if diff := cmp.Diff("a broken broken b b a a b", strings.Join(ran, " ")); diff != "" {
		t.Error(diff)
	}
	r.finish()
	var noted []string
	for _, s := range r.Series {
		noted = append(noted, s.Case)
		if len(s.Samples) != 2 {
			t.Errorf("%s has %d samples, and the first round is no sample", s.Case, len(s.Samples))
		}
	}
	if diff := cmp.Diff([]string{"a", "b"}, noted); diff != "" {
		t.Errorf("order of the tables: %s", diff)
	}
	if diff := cmp.Diff([]failure{{"cold", "broken, pack", "it is broken"}}, r.Failures); diff != "" {
		t.Error(diff)
	}
}

func TestSpread(t *testing.T) {
	var s series
	for _, v := range []float64{5, 1, 4, 2, 3} {
		s.add(v)
	}
	if s.Median != 3 || s.Low != 2 || s.High != 4 {
		t.Errorf("1 to 5 have the median %v between %v and %v", s.Median, s.Low, s.High)
	}
	s.add(6)
	if s.Median != 3.5 {
		t.Errorf("1 to 6 have the median %v", s.Median)
	}
}

func TestFormat(t *testing.T) {
	for want, got := range map[string]string{
		"1.50 ms": format(1.5, "ms"), "12.3 s": format(12_345, "ms"), "1.50 MiB": format(3<<19, "bytes"),
		"12,345/s": format(12_345, "/s"), "$0.25": format(0.25, "$"), "1,000,000": thousands(1_000_000), "7.00 µs": format(7, "µs"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
