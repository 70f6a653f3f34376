package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"pack/manifest/capture"
)

// release is the version of a released pack:
// go build -ldflags "-X main.release=1.2.3".
var release string

func versionCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:        "version",
		Usage:       "show which pack this is",
		UsageText:   "pack version [--json]",
		Description: "   pack version\n   pack version --json | jq -r .version",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "print a JSON document (docs/json.md)", DisableDefaultText: true},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usageError{fmt.Errorf("%q is too much", c.Args().First())}
			}
			v := currentVersion()
			if c.Bool("json") {
				return printJSON(s.out, v)
			}
			_, err := fmt.Fprintln(s.out, v)
			return err
		},
	}
}

// version is what `pack version --json` prints.
type version struct {
	Schema  int    `json:"schema"`
	Version string `json:"version"`
	// Revision is the commit that pack was built from, with "+" appended when
	// there were changes; empty when that is not known.
	Revision       string `json:"revision"`
	Go             string `json:"go"`
	Platform       string `json:"platform"`
	MinNextVersion string `json:"minNextVersion"`
}

func currentVersion() version {
	v := version{
		Schema: jsonSchema, Version: release, Go: runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH, MinNextVersion: capture.MinNextVersion,
	}
	if v.Version == "" {
		v.Version = "devel"
	}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range build.Settings {
		switch {
		case s.Key == "vcs.revision":
			v.Revision = s.Value + v.Revision
		case s.Key == "vcs.modified" && s.Value == "true":
			v.Revision += "+"
		}
	}
	return v
}

// String is the one line of `pack version`.
func (v version) String() string {
	line := "pack " + v.Version
	if v.Revision != "" {
		line += " (" + v.Revision[:min(12, len(v.Revision))] + ")"
	}
	return fmt.Sprintf("%s, %s, %s, for Next.js %s or later", line, v.Go, v.Platform, v.MinNextVersion)
}
