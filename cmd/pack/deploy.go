package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"pack/infra/buildkey"
	"pack/infra/deploy"
	"pack/lambda/seeds"
	"pack/lambda/state"
)

func deployCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "deploy",
		Usage:     "build the app if needed, and put it on AWS",
		UsageText: "pack deploy [options] [DIR]",
		Description: `Uploads what is missing, changes the stacks, and takes the new release into
production: the one step that visitors see, about a second, and the last.
Ended anywhere before, the site is as it was, and running it again goes on
(docs/deploy.md).

   pack deploy                       the app in this folder
   pack deploy --stage staging       beside production, with everything its own
   pack deploy --preview             an address of its own; production stays
   pack deploy --weight 10           ten of a hundred new visitors, until
                                     pack promote or pack rollback`,
		ArgsUsage: "[DIR]",
		Flags: append(locationFlags(
			&cli.BoolFlag{Name: "preview", Usage: "release it without taking it into production", DisableDefaultText: true},
			&cli.IntFlag{Name: "weight", Usage: "so many of a hundred new visitors get it: a `NUMBER` from 1 to 99"},
			&cli.BoolFlag{Name: "rotate-secret", Usage: "begin to change what CloudFront shows the gateway; every 90 days by itself", DisableDefaultText: true},
			&cli.BoolFlag{Name: "json", Usage: "print the result as a JSON document (docs/json.md)", DisableDefaultText: true},
		), buildFlags()...),
		Action: func(c *cli.Context) error {
			if w := c.Int("weight"); c.IsSet("weight") && (w < 1 || w > 99) {
				return usageError{fmt.Errorf("--weight is a number from 1 to 99, and not %d", w)}
			}
			if c.Bool("preview") && c.IsSet("weight") {
				return usageError{errors.New("--preview and --weight exclude each other")}
			}
			o, err := buildOptionsOf(c, s)
			if err != nil {
				return err
			}
			return interruptible(c.Context, func(ctx context.Context) error { return runDeploy(ctx, c, s, o) })
		},
	}
}

// deployResult is what `pack deploy --json` prints.
type deployResult struct {
	Schema int `json:"schema"`
	// ID is the release's.
	ID         string          `json:"id"`
	Deployment deploymentBrief `json:"deployment"`
	URL        string          `json:"url"`
	Stage      string          `json:"stage"`
	Regions    []string        `json:"regions"`
	Active     bool            `json:"active"`
	Superseded bool            `json:"superseded"`
	// Uploaded files and their bytes; Present were there.
	Uploaded   uploadsView `json:"uploaded"`
	Present    int         `json:"present"`
	Dropped    []string    `json:"dropped"`
	Warnings   []string    `json:"warnings"`
	DurationMS int64       `json:"durationMs"`
}

type uploadsView struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// packedFor builds and packs an app for a target. Close Output.
func packedFor(ctx context.Context, t *target, o buildOptions) (*built, deploy.Package, error) {
	o.regions, o.defaultRegion = t.settings.Pack.Regions, t.settings.DefaultRegion
	if o.account == nil {
		// Whoever only looks builds with the account's key, and gives it none.
		o.account = buildkey.Reading{Keeper: t.BuildKey()}
	}
	made, err := ensureBuilt(ctx, o)
	if err != nil {
		return nil, deploy.Package{}, err
	}
	p := deploy.Package{Output: made.Output, Pack: t.settings.Pack}
	layers, err := writeLayers(ctx, o.out, made.Output.Deployment(), o.progress.step)
	for _, l := range layers {
		var digest string
		if digest, err = fileDigest(l.Path); err != nil {
			break
		}
		var layer deploy.Layer
		if layer, err = deploy.NewLayer(l.Name, l.Architecture, l.Path, digest); err != nil {
			break
		}
		p.Layers = append(p.Layers, layer)
	}
	o.progress.end()
	if err != nil {
		made.Output.Close()
		return nil, p, err
	}
	return made, p, nil
}

func runDeploy(ctx context.Context, c *cli.Context, s streams, o buildOptions) error {
	start := time.Now()
	t, err := openTarget(ctx, o.dir, c, o.progress)
	if err != nil {
		return err
	}
	o.account = t.BuildKey()
	made, p, err := packedFor(ctx, t, o)
	if err != nil {
		return err
	}
	defer made.Output.Close()
	printed := false
	result, err := t.Deploy(ctx, deploy.Options{
		Package: p, Preview: c.Bool("preview"), Weight: c.Int("weight"), RotateSecret: c.Bool("rotate-secret"),
		Keep: keeping(t.settings.Pack.AWS), Seed: t.seed(made),
		Activated: func(r deploy.Result) {
			o.progress.end()
			if printed = !c.Bool("json"); printed {
				o.progress.note(fmt.Sprintf("%s in %s; uploaded %s, %s, %d were there", broughtAbout(r, c.Int("weight")),
					time.Since(start).Round(100*time.Millisecond), count(r.Files, "file"), size(r.Bytes), r.Present))
				fmt.Fprintln(s.out, r.URL)
			}
		},
	})
	o.progress.end()
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(s.out, deployResult{
			Schema: jsonSchema, ID: result.ID, Deployment: briefOf(made.Output), URL: result.URL, Stage: t.Stage, Regions: result.Regions,
			Active: result.Active, Superseded: result.Superseded, Uploaded: uploadsView{result.Files, result.Bytes}, Present: result.Present,
			Dropped: append([]string{}, result.Dropped...), Warnings: append(append([]string{}, made.Warnings...), result.Warnings...),
			DurationMS: time.Since(start).Milliseconds(),
		})
	}
	return nil
}

func broughtAbout(r deploy.Result, weight int) string {
	switch {
	case r.Active:
		return "deployment " + r.ID + " is in production"
	case weight > 0:
		return fmt.Sprintf("deployment %s has %d of 100 new visitors", r.ID, weight)
	}
	return "deployment " + r.ID + " is there to be looked at"
}

// seed puts the prerendered pages where the functions look for them.
func (t *target) seed(made *built) func(context.Context, deploy.State, func(done, total int)) error {
	return func(ctx context.Context, to deploy.State, progress func(done, total int)) error {
		opened, err := state.Open(state.Settings{
			Bucket: to.Bucket, TagTable: to.TagTable, Region: to.Region, Credentials: t.Account.Credentials(),
		})
		if err != nil {
			return err
		}
		return seeds.Store(ctx, seeds.Options{
			Deployment: made.Output.Deployment(), Dir: made.Output.SeedsDir(), State: opened, Progress: progress,
		})
	}
}
