package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"pack/infra/changes"
	"pack/infra/deploy"
)

func planCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "plan",
		Usage:     "show what pack deploy would change on AWS",
		UsageText: "pack plan [options] [DIR]",
		Description: `Builds and packs the app if needed, and compares it with what is deployed:
functions, permissions, files and pages that come, change or go. What would be
deleted or replaced is red. Nothing is changed and nothing uploaded.

   pack plan
   pack plan --stage staging --json | jq '.regions[].changes[] | select(.action == "delete")'`,
		ArgsUsage: "[DIR]",
		Flags: append(locationFlags(
			&cli.BoolFlag{Name: "json", Usage: "print a JSON document (docs/json.md)", DisableDefaultText: true},
		), buildFlags()...),
		Action: func(c *cli.Context) error {
			o, err := buildOptionsOf(c, s)
			if err != nil {
				return err
			}
			return interruptible(c.Context, func(ctx context.Context) error {
				t, err := openTarget(ctx, o.dir, c, o.progress)
				if err != nil {
					return err
				}
				made, p, err := packedFor(ctx, t, o)
				if err != nil {
					return err
				}
				defer made.Output.Close()
				plan, err := t.Plan(ctx, p)
				if err != nil {
					return err
				}
				result := planOf(plan, made, t)
				if c.Bool("json") {
					return printJSON(s.out, result)
				}
				for _, w := range plan.Warnings {
					o.progress.note("warning: " + w)
				}
				return result.print(s.out, styleOf(s.out))
			})
		},
	}
}

// planResult is what `pack plan --json` prints.
type planResult struct {
	Schema     int             `json:"schema"`
	Deployment deploymentBrief `json:"deployment"`
	Stage      string          `json:"stage"`
	// Active is the release in production, URL where it is; empty where none is.
	Active  string           `json:"active"`
	URL     string           `json:"url"`
	Regions []regionPlanView `json:"regions"`
	Assets  uploadsView      `json:"assets"`
	// Pages are prerendered ones that would be stored.
	Pages int `json:"pages"`
	// FloorUSD is a month without traffic, in US dollars.
	FloorUSD float64  `json:"floorUsd"`
	Warnings []string `json:"warnings"`
}

type regionPlanView struct {
	Region string `json:"region"`
	// Status is CloudFormation's of the stack; empty where there is none.
	Status      string           `json:"status"`
	Changes     []changes.Change `json:"changes"`
	Republished int              `json:"republished"`
	Retired     []string         `json:"retired"`
	Uploads     uploadsView      `json:"uploads"`
}

func planOf(p deploy.Plan, made *built, t *target) planResult {
	r := planResult{
		Schema: jsonSchema, Deployment: briefOf(made.Output), Stage: t.Stage, Active: p.Active, URL: p.URL, Regions: []regionPlanView{},
		Assets: uploadsView(p.Assets), Pages: p.Pages, FloorUSD: p.FloorUSD, Warnings: append(append([]string{}, made.Warnings...), p.Warnings...),
	}
	for _, region := range p.Regions {
		r.Regions = append(r.Regions, regionPlanView{
			region.Region, region.Status, append([]changes.Change{}, region.Changes...), region.Republished,
			append([]string{}, region.Retired...), uploadsView(region.Uploads),
		})
	}
	return r
}

// mark begins the line of a change.
var mark = map[changes.Action]string{changes.Added: "+", changes.Changed: "~", changes.Replaced: "-/+", changes.Deleted: "-"}

// print writes it for people; what is lost is red.
func (r planResult) print(w io.Writer, style style) error {
	counts := map[changes.Action]int{}
	for _, region := range r.Regions {
		heading := region.Region
		switch region.Status {
		case "":
			heading += ", a new stack"
		default:
			heading += ", " + region.Status
		}
		fmt.Fprintln(w, style.strong(heading))
		area := ""
		for _, c := range region.Changes {
			if c.Area != area {
				area = c.Area
				fmt.Fprintf(w, "  %s\n", style.dim(area))
			}
			counts[c.Action]++
			line := fmt.Sprintf("%-3s %s (%s)", mark[c.Action], c.Name, c.Type)
			if c.Lost() {
				line = style.bad(line)
			}
			fmt.Fprintf(w, "    %s\n", line)
			for _, detail := range c.Details {
				fmt.Fprintf(w, "          %s\n", detail)
			}
		}
		if region.Republished > 0 {
			fmt.Fprintf(w, "    =   %s republished as they are\n", count(region.Republished, "function"))
		}
		if len(region.Retired) > 0 {
			fmt.Fprintf(w, "    =   kept for older deployments: %s\n", strings.Join(region.Retired, ", "))
		}
		fmt.Fprintf(w, "    upload %s, %s\n", count(region.Uploads.Files, "artifact"), size(region.Uploads.Bytes))
	}
	fmt.Fprintf(w, "Upload %s, %s; store %s\n", count(r.Assets.Files, "asset"), size(r.Assets.Bytes), count(r.Pages, "page"))
	fmt.Fprintf(w, "A month without traffic costs about %.2f US dollars, by AWS's list prices\n", r.FloorUSD)
	_, err := fmt.Fprintf(w, "%d to add, %d to change, %d to replace, %d to delete\n",
		counts[changes.Added], counts[changes.Changed], counts[changes.Replaced], counts[changes.Deleted])
	return err
}
