package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDrawAll(t *testing.T) {
	folder := t.TempDir()
	figures := filepath.Join(folder, "bench.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(figures, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"schema": 1, "series": [
		{"part": "cold", "case": "ISR hit", "subject": "pack", "measure": "first byte", "median": 10, "lowerQuartile": 9, "upperQuartile": 12},
		{"part": "cold", "case": "ISR hit", "subject": "OpenNext", "measure": "first byte", "median": 500, "lowerQuartile": 450, "upperQuartile": 900},
		{"part": "cold", "case": "another", "subject": "nobody", "measure": "first byte", "median": 1}]}`)
	if err := os.WriteFile(filepath.Join(folder, "warm.svg"), []byte("of an earlier run"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := drawAll(figures, folder); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(filepath.Join(folder, "cold.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<svg", "ISR hit", "pack", "OpenNext", "less is better"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("cold.svg does not say %q", want)
		}
	}
	if strings.Contains(string(svg), "nobody") {
		t.Error("cold.svg shows a case that is not one of its own")
	}
	if _, err := os.Stat(filepath.Join(folder, "warm.svg")); !os.IsNotExist(err) {
		t.Errorf("the plot of an earlier run is still there: %v", err)
	}
	write(`{"schema": 2}`)
	if err := drawAll(figures, folder); err == nil {
		t.Error("another schema is drawn")
	}
}
