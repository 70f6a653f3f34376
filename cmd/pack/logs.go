package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"pack/infra/account"
	"pack/infra/logs"
	"pack/manifest"
)

func logsCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "logs",
		Usage:     "show the logs of a deployed app",
		UsageText: "pack logs [options] [DIR]",
		Description: `Shows what the functions have logged, oldest first and of all regions, with
what the app prints and what pack says of requests that failed.

   pack logs                        the last ten minutes
   pack logs --follow               and what comes, until Ctrl-C
   pack logs --route '/api/cart' --since 2h
   pack logs --json | jq 'select(.level == "ERROR")'`,
		ArgsUsage: "[DIR]",
		Flags: locationFlags(packedFlag(),
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "go on with what is logged from now on", DisableDefaultText: true},
			&cli.StringFlag{Name: "route", Usage: "only the function of this `ROUTE`, or the one of this name"},
			&cli.DurationFlag{Name: "since", Value: 10 * time.Minute, Usage: "how far back, as `30m` or 2h"},
			&cli.BoolFlag{Name: "all", Usage: "also what Lambda says of each invocation", DisableDefaultText: true},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON document a line (docs/json.md)", DisableDefaultText: true},
		),
		Action: func(c *cli.Context) error {
			p, err := siteOf(c)
			if err != nil {
				return err
			}
			if c.Duration("since") <= 0 {
				return usageError{errors.New("--since is a time to go back")}
			}
			functions, err := p.functionsOf(c.String("route"))
			if err != nil {
				return err
			}
			return interruptible(c.Context, func(ctx context.Context) error {
				w := &logWriter{streams: s, json: c.Bool("json"), all: c.Bool("all")}
				return readLogs(ctx, p, functions, time.Now().Add(-c.Duration("since")), c.Bool("follow"), w)
			})
		},
	}
}

// functionsOf gives the functions of a route; none, which means all, for no
// route.
func (p *site) functionsOf(route string) ([]string, error) {
	if route == "" {
		return nil, nil
	}
	if p.deployment == nil {
		return nil, &manifest.UserError{What: "which function has the route is not known", Where: "--route", Why: "the app is not packed here", Hint: "run pack build, or leave out --route"}
	}
	var known []string
	for _, f := range p.deployment.Functions {
		if f.Name == route {
			return []string{f.Name}, nil
		}
		for _, e := range f.Entries {
			if e.Pathname == route || e.Page == route {
				return []string{f.Name}, nil
			}
			known = append(known, e.Pathname)
		}
	}
	slices.Sort(known)
	return nil, &manifest.UserError{
		What: fmt.Sprintf("no function has the route %q", route), Where: "--route",
		Hint: "there are " + strings.Join(known[:min(len(known), 12)], ", ") + map[bool]string{true: " and others"}[len(known) > 12],
	}
}

// logWriter prints lines; it is used by several regions at a time.
type logWriter struct {
	streams
	json, all bool
	mu        sync.Mutex
}

func (w *logWriter) show(lines []logs.Line) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range lines {
		if l.Quiet && !w.all {
			continue
		}
		text := l.Text()
		if w.json {
			line, err := json.Marshal(l)
			if err != nil {
				return err
			}
			text = string(line)
		}
		if _, err := fmt.Fprintln(w.out, text); err != nil {
			return err
		}
	}
	return nil
}

func readLogs(ctx context.Context, p *site, functions []string, since time.Time, follow bool, w *logWriter) error {
	opened, err := p.open(ctx)
	if err != nil {
		return err
	}
	var readers []*logs.Reader
	some := false
	for _, region := range p.regions {
		r := &logs.Reader{Config: opened.In(region), Region: region, Prefix: p.prefix(), Functions: functions}
		there, err := r.Any(ctx)
		if err != nil {
			return account.Explain(err)
		}
		readers, some = append(readers, r), some || there
	}
	if !some {
		return &manifest.UserError{
			What: fmt.Sprintf("%s has no logs in %s", p.prefix(), strings.Join(p.regions, ", ")), Why: "functions have them from when they are deployed",
			Hint: "run pack deploy, or name stage and region of what is deployed (--stage, --region)",
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	found := make([][]logs.Line, len(readers))
	for i, r := range readers {
		g.Go(func() (err error) {
			if follow {
				return r.Follow(ctx, since, 0, w.show)
			}
			found[i], err = r.Read(ctx, since)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return account.Explain(err)
	}
	lines := slices.Concat(found...)
	logs.Sort(lines)
	return w.show(lines)
}
