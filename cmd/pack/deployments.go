package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"pack/infra/deploy"
	"pack/manifest"
)

func deploymentsCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "deployments",
		Usage:     "list the deployments that are kept",
		UsageText: "pack deployments [options] [DIR]",
		Description: `Newest first: which one is in production, which one is tried, and which ones
pack promote can take. How many are kept: aws.keepReleases and aws.keepDays
of pack.json.`,
		ArgsUsage: "[DIR]",
		Flags:     locationFlags(&cli.BoolFlag{Name: "json", Usage: "print a JSON document (docs/json.md)", DisableDefaultText: true}),
		Action: func(c *cli.Context) error {
			return interruptible(c.Context, func(ctx context.Context) error {
				t, err := targetOf(ctx, c, s)
				if err != nil {
					return err
				}
				now, err := t.Deployments(ctx)
				if err != nil {
					return err
				}
				return printDeployments(s, now, c.Bool("json"))
			})
		},
	}
}

// deploymentsResult is what `pack deployments --json` prints, and promote and
// rollback too.
type deploymentsResult struct {
	Schema      int              `json:"schema"`
	URL         string           `json:"url"`
	Active      string           `json:"active"`
	Canary      *manifest.Canary `json:"canary"`
	Deployments []releaseView    `json:"deployments"`
}

type releaseView struct {
	ID string `json:"id"`
	// State is production, canary, preview or kept.
	State        string    `json:"state"`
	DeploymentID string    `json:"deploymentId"`
	Created      time.Time `json:"created"`
	// Gateway is the version of the gateway.
	Gateway string `json:"gateway"`
	URL     string `json:"url"`
}

func deploymentsOf(now deploy.Switched) deploymentsResult {
	t := now.Traffic
	r := deploymentsResult{Schema: jsonSchema, URL: now.URL, Active: t.Active, Canary: t.Canary, Deployments: []releaseView{}}
	for _, each := range t.Releases {
		v := releaseView{
			ID: each.ID, State: "kept", DeploymentID: each.DeploymentID, Created: each.Created, Gateway: each.Gateway,
			URL: now.URL + "/?" + manifest.ReleaseQuery + "=" + each.ID,
		}
		switch {
		case each.ID == t.Active:
			v.State = "production"
		case t.Canary != nil && t.Canary.ID == each.ID:
			v.State = "canary"
		case each.Preview:
			v.State = "preview"
		}
		r.Deployments = append(r.Deployments, v)
	}
	return r
}

func printDeployments(s streams, now deploy.Switched, asJSON bool) error {
	result := deploymentsOf(now)
	if asJSON {
		return printJSON(s.out, result)
	}
	list := newTable("DEPLOYMENT", "STATE", "CREATED", "ADDRESS")
	for _, d := range result.Deployments {
		state := d.State
		if state == "canary" {
			state = fmt.Sprintf("canary, %d %%", result.Canary.Weight)
		}
		list.row(d.ID, state, d.Created.Local().Format("2006-01-02 15:04:05"), d.URL)
	}
	return printTables(s.out, []*table{list})
}

func promoteCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "promote",
		Usage:     "take a kept deployment into production",
		UsageText: "pack promote [options] ID [DIR]",
		Description: `About a second: nothing is built, and no stack changes. The beginning of an ID
is enough where no other one begins like that. A canary ends.

   pack deployments
   pack promote 3f9a1c`,
		ArgsUsage: "ID [DIR]",
		Flags:     locationFlags(&cli.BoolFlag{Name: "json", Usage: "print a JSON document (docs/json.md)", DisableDefaultText: true}),
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 || c.NArg() > 2 {
				return usageError{errors.New("which deployment? pack deployments lists them")}
			}
			dir := "."
			if c.NArg() == 2 {
				dir = c.Args().Get(1)
			}
			return switching(c, s, dir, func(ctx context.Context, t *target) (deploy.Switched, error) {
				return t.Promote(ctx, c.Args().First())
			})
		},
	}
}

func rollbackCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "rollback",
		Usage:     "take back into production what was there before",
		UsageText: "pack rollback [options] [DIR]",
		Description: `About a second: nothing is built, and no stack changes. Where a canary is
tried, that ends, and production stays as it is. Twice goes back two; what was
rolled back stays kept, and pack promote takes it again.`,
		ArgsUsage: "[DIR]",
		Flags:     locationFlags(&cli.BoolFlag{Name: "json", Usage: "print a JSON document (docs/json.md)", DisableDefaultText: true}),
		Action: func(c *cli.Context) error {
			dir, err := appDir(c)
			if err != nil {
				return err
			}
			return switching(c, s, dir, func(ctx context.Context, t *target) (deploy.Switched, error) { return t.Rollback(ctx) })
		},
	}
}

// switching changes what is in production and says what it is then.
func switching(c *cli.Context, s streams, dir string, f func(context.Context, *target) (deploy.Switched, error)) error {
	return interruptible(c.Context, func(ctx context.Context) error {
		t, err := openTarget(ctx, dir, c, newProgress(s.err))
		if err != nil {
			return err
		}
		now, err := f(ctx, t)
		if err != nil {
			return err
		}
		if c.Bool("json") {
			return printJSON(s.out, deploymentsOf(now))
		}
		if now.Ended != "" {
			t.progress.note("deployment " + now.Ended + " was taken out")
		}
		t.progress.note("deployment " + now.Traffic.Active + " is in production")
		_, err = fmt.Fprintln(s.out, now.URL)
		return err
	})
}
