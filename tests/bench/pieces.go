package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pieces measures what single parts of pack cost.
func pieces(ctx context.Context, w *workshop, p plan, r *report) error {
	r.step("pieces: router")
	for range p.rounds {
		if err := w.resolving(ctx, p, r); err != nil {
			r.fail("pieces", "router", err)
			break
		}
	}
	r.step("pieces: page cache")
	if err := w.reading(ctx, p, r); err != nil {
		r.fail("pieces", "reading the page cache", err)
	}
	if err := revalidating(ctx, p, r); err != nil {
		r.fail("pieces", "revalidating a tag", err)
	}
	r.step("pieces: overhead")
	if err := w.overhead(ctx, p, r); err != nil {
		r.fail("pieces", "gateway and bootstrap", err)
	}
	return nil
}

// resolving runs the router's own benchmark: half a million requests of every kind in
// tables of growing size.
func (w *workshop) resolving(ctx context.Context, p plan, r *report) error {
	command := exec.CommandContext(ctx, "go", "test", "./lambda/router", "-run", "^$", "-bench", "^BenchmarkResolve$", "-benchtime", p.resolve.String())
	command.Dir = w.repository
	out, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	found := 0
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		name, ok := strings.CutPrefix(strings.Join(fields[:min(1, len(fields))], ""), "BenchmarkResolve/")
		if !ok {
			continue
		}
		n, _, _ := strings.Cut(name, "-")
		count, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		var values []value
		for i := 2; i+1 < len(fields); i += 2 {
			amount, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return fmt.Errorf("%q: %w", lines.Text(), err)
			}
			if measure, ok := strings.CutSuffix(fields[i+1], "-ns"); ok {
				values = append(values, value{measure, "µs", amount / 1000})
			}
		}
		r.note("pieces", "router, "+routesName(int(count)), subjectPack, values...)
		found++
	}
	if found == 0 {
		return fmt.Errorf("the router's benchmark printed nothing that is known:\n%s", out)
	}
	return nil
}

// timed runs an operation some times and gives the median and 99th percentile in µs.
func timed(times int, operation func() error) ([]value, error) {
	took := make([]time.Duration, 0, times)
	for range times {
		started := time.Now()
		if err := operation(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(started))
	}
	slices.Sort(took)
	return []value{
		{"p50", "µs", microseconds(took[len(took)/2])},
		{"p99", "µs", microseconds(took[len(took)*99/100])},
	}, nil
}
