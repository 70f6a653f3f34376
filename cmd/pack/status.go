package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"pack/infra/account"
	appstatus "pack/infra/status"
)

func statusCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "status",
		Usage:     "show how a deployed app is",
		UsageText: "pack status [options] [DIR]",
		Description: `Shows the stacks, the release in production and the one that is tried, how
many messages wait in the queues and were given up, and which alarms are on.
Changes nothing.

   pack status                     the stage production of the app in this folder
   pack status --stage staging
   pack status --json | jq '.alarms[] | select(.state == "ALARM")'`,
		ArgsUsage: "[DIR]",
		Flags:     locationFlags(packedFlag(), &cli.BoolFlag{Name: "json", Usage: "print a JSON document (docs/json.md)", DisableDefaultText: true}),
		Action: func(c *cli.Context) error {
			p, err := siteOf(c)
			if err != nil {
				return err
			}
			return interruptible(c.Context, func(ctx context.Context) error {
				opened, err := p.open(ctx)
				if err != nil {
					return err
				}
				found, err := appstatus.Look(ctx, appstatus.Target{Account: opened, Prefix: p.prefix(), Regions: p.regions})
				if err != nil {
					return account.Explain(err)
				}
				if c.Bool("json") {
					return printJSON(s.out, statusResult{Schema: jsonSchema, Name: p.prefix(), Status: found})
				}
				return printStatus(s, p.prefix(), found)
			})
		},
	}
}

// statusResult is what `pack status --json` prints.
type statusResult struct {
	Schema int `json:"schema"`
	// Name begins the names of what is deployed.
	Name string `json:"name"`
	*appstatus.Status
}

func printStatus(s streams, name string, found *appstatus.Status) error {
	when := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format("2006-01-02 15:04")
	}
	if found.URL != "" {
		fmt.Fprintf(s.out, "%s\n\n", found.URL)
	}
	stacks := newTable("stack", "region", "state", "changed")
	for _, each := range found.Stacks {
		state := each.Status
		if state == "" {
			state = "not deployed"
		}
		if each.Reason != "" {
			state += ": " + each.Reason
		}
		stacks.row(name, each.Region, state, when(each.Changed))
	}
	releases := newTable("release", "", "made")
	for _, r := range []*appstatus.Release{found.Active, found.Canary} {
		switch {
		case r == nil:
		case r.Weight > 0:
			releases.row(r.ID, fmt.Sprintf("canary, %d of 100 new visitors", r.Weight), when(r.Created))
		default:
			releases.row(r.ID, "in production", when(r.Created))
		}
	}
	queues := newTable("queue", ">waiting", ">later", ">at work")
	for _, q := range found.Queues {
		queues.row(q.Name, strconv.Itoa(q.Waiting), strconv.Itoa(q.Delayed), strconv.Itoa(q.InFlight))
	}
	alarms := newTable("alarm", "state", "since", "")
	quiet := 0
	for _, a := range found.Alarms {
		if a.State == "OK" {
			quiet++
			continue
		}
		alarms.row(a.Name, a.State, when(a.Since), a.Description)
	}
	if err := printTables(s.out, []*table{stacks, releases, queues, alarms}); err != nil {
		return err
	}
	if quiet > 0 {
		fmt.Fprintf(s.out, "\n%d alarms are quiet\n", quiet)
	}
	return nil
}
