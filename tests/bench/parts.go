package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// packing times `pack build --no-build` on apps that differ in the number of
// routes only. The Next build is not counted.
func packing(ctx context.Context, w *workshop, shop string, p plan, r *report) error {
	sizes := []int{10, 100}
	times := make(map[int][]time.Duration)
	again := make(map[int][]time.Duration)
	apps := make(map[int]string)
	for _, n := range sizes {
		dir, err := w.routes(ctx, shop, n)
		if err != nil {
			return err
		}
		apps[n] = dir
	}
	for range p.packs {
		for _, n := range sizes {
			// An output folder of its own, without what earlier packs left.
			out := filepath.Join(w.dir, "out")
			if err := os.RemoveAll(out); err != nil {
				return err
			}
			if err := os.MkdirAll(out, 0o755); err != nil {
				return err
			}
			if err := copyFile(filepath.Join(apps[n], ".pack", "build.json"), filepath.Join(out, "build.json")); err != nil {
				return err
			}
			for _, into := range []map[int][]time.Duration{times, again} {
				started := time.Now()
				if err := run(ctx, w.dir, w.pack, "build", "--no-build", "--out", out, apps[n]); err != nil {
					return err
				}
				into[n] = append(into[n], time.Since(started))
			}
		}
	}
	r.add("packing 10 routes", median(times[10]), "", 0)
	r.add("packing 100 routes", median(times[100]), "packing 10 routes", 2)
	r.add("packing 100 routes again, nothing changed", median(again[100]), "packing 100 routes", 0)
	return nil
}

// cold times first answers of processes that did not run before.
func cold(ctx context.Context, _ *workshop, shop string, p plan, r *report) error {
	h, output, err := coldHost(ctx, shop)
	if err != nil {
		return err
	}
	defer func() {
		_ = h.Close(context.Background())
		_ = output.Close()
	}()
	function := make(map[string]string)
	for _, o := range output.Deployment().Outputs {
		function[o.Pathname] = o.Function
	}
	cases := []struct{ name, path, function string }{
		{"ISR hit", "/products/dune-mug", "gateway"},
		{"route handler", "/api/products", function["/api/products"]},
		{"dynamic page", "/cart", function["/cart"]},
	}
	times := make(map[string][]time.Duration)
	for range p.colds {
		for _, c := range cases {
			s, taken, err := startNext(forNext(shop), c.path)
			if err != nil {
				return err
			}
			s.stop()
			times["next start, cold "+c.name] = append(times["next start, cold "+c.name], taken)
			if taken, err = coldFunction(h, c.function, c.path); err != nil {
				return err
			}
			times["pack, cold "+c.name] = append(times["pack, cold "+c.name], taken)
		}
	}
	goals := map[string]float64{"ISR hit": 1. / 10, "route handler": 1. / 3}
	for _, c := range cases {
		r.add("next start, cold "+c.name, median(times["next start, cold "+c.name]), "", 0)
		r.add("pack, cold "+c.name, median(times["pack, cold "+c.name]), "next start, cold "+c.name, goals[c.name])
	}
	return nil
}

// warm presses the running servers, one after the other, round by round.
func warm(_ context.Context, w *workshop, shop string, p plan, r *report) error {
	next, _, err := startNext(forNext(shop), "/")
	if err != nil {
		return err
	}
	defer next.stop()
	serve, err := startPack(w.pack, shop)
	if err != nil {
		return err
	}
	defer serve.stop()
	handler, err := startGateway(shop)
	if err != nil {
		return err
	}
	defer handler.stop()
	cases := []struct {
		name, path string
		goals      [2]float64
	}{
		{"ISR hit", "/categories/cups", [2]float64{3, 10}},
		{"route handler", "/api/products", [2]float64{}},
		{"dynamic page", "/cart", [2]float64{}},
	}
	runs := make(map[string][]load)
	measure := func(key string, s *server, path string) error {
		l, err := press(s.address, path, p.connections, p.press)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		if l.Errors > 0 {
			return fmt.Errorf("%s: %d of %d requests failed", key, l.Errors, l.Requests)
		}
		runs[key] = append(runs[key], l)
		return nil
	}
	for round := range p.rounds + 1 {
		for _, c := range cases {
			if err := measure("next start, "+c.name, next, c.path); err != nil {
				return err
			}
			if err := measure("pack serve, "+c.name, serve, c.path); err != nil {
				return err
			}
			if c.name == "ISR hit" {
				if err := measure("gateway handler, "+c.name, handler, c.path); err != nil {
					return err
				}
			}
		}
		if round == 0 {
			// The first round only warms up.
			clear(runs)
		}
	}
	for _, c := range cases {
		r.addLoad("next start, "+c.name, runs["next start, "+c.name], "", 0)
		r.addLoad("pack serve, "+c.name, runs["pack serve, "+c.name], "next start, "+c.name, c.goals[0])
		if c.name == "ISR hit" {
			r.addLoad("gateway handler, "+c.name, runs["gateway handler, "+c.name], "next start, "+c.name, c.goals[1])
		}
	}
	return nil
}
