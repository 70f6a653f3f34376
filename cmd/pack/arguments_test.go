package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"
)

func TestFlagsFirst(t *testing.T) {
	app := &cli.App{Commands: []*cli.Command{buildCommand(streams{}), jobsCommand(streams{})}}
	for line, want := range map[string]string{
		"pack":                              "pack",
		"pack --help":                       "pack --help",
		"pack nonsense dir --out x":         "pack nonsense dir --out x",
		"pack build dir":                    "pack build dir",
		"pack build dir --json":             "pack build --json dir",
		"pack build dir --out x --json":     "pack build --out x --json dir",
		"pack build --out x dir":            "pack build --out x dir",
		"pack build dir --out=x":            "pack build --out=x dir",
		"pack build dir -out x":             "pack build -out x dir",
		"pack build --force dir --no-build": "pack build --force --no-build dir",
		"pack build --json -- --odd":        "pack build --json -- --odd",
		"pack build dir --out":              "pack build --out dir",
		"pack build dir --unknown":          "pack build --unknown dir",
		"pack jobs show id --json":          "pack jobs show --json id",
		"pack jobs list --app x y --json":   "pack jobs list --app x --json y",
		"pack jobs --help":                  "pack jobs --help",
		"pack build -":                      "pack build -",
	} {
		got := strings.Join(flagsFirst(app, strings.Fields(line)), " ")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", line, diff)
		}
	}
}
