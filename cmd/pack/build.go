package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"pack/infra/bundle"
	"pack/manifest"
)

func buildCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "build",
		Usage:     "build the app and pack it into functions",
		UsageText: "pack build [options] [DIR]",
		Description: `Runs the app's own production build and packs what Next.js made: one
function per route, the static files, and the prerendered pages. What has
not changed since the last time is not done again.

   pack build                      the app in this folder
   pack build apps/shop            another folder
   pack build --build-command 'npm run build:prod'
   pack build --no-build --json    pack again after a change of pack.json
   pack build --archives           every function's zip file as well`,
		ArgsUsage: "[DIR]",
		Flags: append(buildFlags(),
			&cli.BoolFlag{Name: "archives", Usage: "write every function's zip file to .pack/current/functions", DisableDefaultText: true},
			&cli.BoolFlag{Name: "json", Usage: "print the result as a JSON document (docs/json.md)", DisableDefaultText: true}),
		Action: func(c *cli.Context) error {
			o, err := buildOptionsOf(c, s)
			if err != nil {
				return err
			}
			return interruptible(c.Context, func(ctx context.Context) error {
				return build(ctx, s, o, c.Bool("archives"), c.Bool("json"))
			})
		},
	}
}

// buildResult is what `pack build --json` prints.
type buildResult struct {
	Schema     int             `json:"schema"`
	Deployment deploymentBrief `json:"deployment"`
	Built      bool            `json:"built"`
	Packed     bool            `json:"packed"`
	New        []string        `json:"new"`
	Warnings   []string        `json:"warnings"`
	// DurationMS is how long the command took, in milliseconds.
	DurationMS int64          `json:"durationMs"`
	Functions  []functionView `json:"functions"`
	Layers     []layerView    `json:"layers"`
	Pages      int            `json:"pages"`
	Assets     assetsView     `json:"assets"`
}

func build(ctx context.Context, s streams, o buildOptions, archives, asJSON bool) error {
	start := time.Now()
	made, err := ensureBuilt(ctx, o)
	if err != nil {
		return err
	}
	defer made.Output.Close()
	if archives {
		if err := writeArchives(ctx, made.Output, o.progress); err != nil {
			return err
		}
	}
	layers, err := writeLayers(ctx, o.out, made.Output.Deployment(), o.progress.step)
	o.progress.end()
	if err != nil {
		return err
	}
	took := time.Since(start)
	if asJSON {
		d := made.Output.Deployment()
		return printJSON(s.out, buildResult{
			Schema:     jsonSchema,
			Deployment: briefOf(made.Output),
			Built:      made.Built,
			Packed:     !made.Unchanged,
			New:        append([]string{}, made.New...),
			Warnings:   append([]string{}, made.Warnings...),
			DurationMS: took.Milliseconds(),
			Functions:  functionViews(d),
			Layers:     layers,
			Pages:      len(d.Pages),
			Assets:     assetsOf(d, false),
		})
	}
	_, err = fmt.Fprintln(s.out, summary(made, took))
	return err
}

// writeArchives writes the zip files that nothing has asked for yet.
func writeArchives(ctx context.Context, o *bundle.Output, progress progress) error {
	functions := o.Deployment().Functions
	for i, f := range functions {
		if _, err := o.Archive(ctx, f.Name); err != nil {
			return err
		}
		progress.count("writing archives", i+1, len(functions))
	}
	_, err := o.LayerArchive(ctx)
	return err
}

// summary is the one line of `pack build`.
func summary(made *built, took time.Duration) string {
	d := made.Output.Deployment()
	did := "built and packed"
	switch {
	case made.Unchanged && !made.Built:
		did = "up to date"
	case made.Unchanged:
		did = "built; unchanged"
	case !made.Built:
		did = "packed"
	}
	var zipped int64
	for _, f := range d.Functions {
		zipped += f.Archive.Zipped
	}
	return fmt.Sprintf("%s: %s (%s zipped, %d new), %s, %s in %s",
		did, count(len(d.Functions), "function"), size(zipped), len(made.New),
		count(len(d.Pages), "page"), count(len(d.Assets), "asset"), rounded(took))
}

// rounded leaves two or three digits.
func rounded(d time.Duration) time.Duration {
	if d < 100*time.Millisecond {
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Millisecond)
}

// deploymentBrief says which deployment a document is about.
type deploymentBrief struct {
	ID          string `json:"id"`
	BuildID     string `json:"buildId"`
	NextVersion string `json:"nextVersion"`
	// Dir is the deployment's folder, absolute.
	Dir string `json:"dir"`
}

func briefOf(o *bundle.Output) deploymentBrief {
	d := o.Deployment()
	return deploymentBrief{ID: d.ID, BuildID: d.BuildID, NextVersion: d.NextVersion, Dir: o.Dir()}
}

// functionView is a function in JSON documents and tables.
type functionView struct {
	Name         string                `json:"name"`
	Kind         manifest.FunctionKind `json:"kind"`
	Routes       []string              `json:"routes"`
	Digest       string                `json:"digest"`
	Files        int                   `json:"files"`
	Zipped       int64                 `json:"zipped"`
	Unzipped     int64                 `json:"unzipped"`
	MaxDuration  int                   `json:"maxDuration"`
	Memory       int                   `json:"memory"`
	Architecture manifest.Architecture `json:"architecture"`
	Regions      []string              `json:"regions"`
}

func functionViews(d *manifest.Deployment) []functionView {
	views := make([]functionView, len(d.Functions))
	for i, f := range d.Functions {
		v := functionView{
			Name: f.Name, Kind: f.Kind, Routes: []string{}, MaxDuration: f.MaxDuration, Memory: f.Memory,
			Architecture: f.Architecture, Regions: f.Regions,
		}
		for _, e := range f.Entries {
			v.Routes = append(v.Routes, e.Pathname)
		}
		if a := f.Archive; a != nil {
			v.Digest, v.Files, v.Zipped, v.Unzipped = a.Digest, a.Files, a.Zipped, a.Unzipped
		}
		views[i] = v
	}
	return views
}
