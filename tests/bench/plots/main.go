// Command plots draws bench.json: plots BENCH.JSON FOLDER writes packing.svg, cold.svg,
// warm.svg and router.svg. It is a module of its own, so that pack does not depend on a
// plotting library.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// series is what is read of bench.json's series.
type series struct {
	Part    string  `json:"part"`
	Case    string  `json:"case"`
	Subject string  `json:"subject"`
	Measure string  `json:"measure"`
	Median  float64 `json:"median"`
	Low     float64 `json:"lowerQuartile"`
	High    float64 `json:"upperQuartile"`
}

// drawing is one plot: the cases side by side, a bar for each subject.
type drawing struct {
	file, title, axis string
	part, measure     string
	cases             []string
}

var drawings = []drawing{
	{"packing.svg", "Packing what next build made", "ms", "packing", "time", []string{"the shop", "10 routes", "100 routes", "100 routes, one changed", "100 routes, nothing changed", "1,000 routes"}},
	{"cold.svg", "Cold start to the first byte", "ms", "cold", "first byte", []string{"ISR hit", "prerendered page", "route handler", "dynamic app page", "pages-router page", "least that is possible"}},
	{"warm.svg", "Requests per second", "per second", "warm", "throughput", []string{"ISR hit", "prerendered page", "route handler", "dynamic app page", "pages-router page", "asset of 1 MiB"}},
	{"router.svg", "Resolving a request, p50", "µs", "pieces", "p50", []string{"router, 10 routes", "router, 100 routes", "router, 1,000 routes", "router, 10,000 routes"}},
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: plots BENCH.JSON FOLDER")
		os.Exit(2)
	}
	if err := drawAll(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "plots:", err)
		os.Exit(1)
	}
}

func drawAll(figures, folder string) error {
	raw, err := os.ReadFile(figures)
	if err != nil {
		return err
	}
	var report struct {
		Schema int      `json:"schema"`
		Series []series `json:"series"`
	}
	if err := json.Unmarshal(raw, &report); err != nil {
		return fmt.Errorf("decode %s: %w", figures, err)
	}
	if report.Schema != 1 {
		return fmt.Errorf("%s has schema %d, this reads 1", figures, report.Schema)
	}
	for _, d := range drawings {
		file := filepath.Join(folder, d.file)
		chosen := d.choose(report.Series)
		if len(chosen) == 0 {
			// A plot of an earlier run would be taken for this one's.
			if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			continue
		}
		if err := d.save(chosen, file); err != nil {
			return fmt.Errorf("draw %s: %w", d.file, err)
		}
	}
	return nil
}

// choose gives the plot's series that can be drawn on a logarithmic axis.
func (d drawing) choose(all []series) []series {
	return slices.DeleteFunc(slices.Clone(all), func(s series) bool {
		return s.Part != d.part || s.Measure != d.measure || s.Median <= 0 || !slices.Contains(d.cases, s.Case)
	})
}
