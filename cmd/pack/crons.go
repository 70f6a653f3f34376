package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/urfave/cli/v2"

	"pack/infra/bundle"
	"pack/lambda/jobs"
	"pack/manifest"
)

func cronsCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "crons",
		Usage:     "list an app's scheduled requests, or make one now",
		UsageText: "pack crons list|run [options] [PATH]",
		Description: `The crons of vercel.json and pack.json, as of the last pack build.

   pack crons list
   pack crons run /api/cron/digest    as its schedule would; prints the job's id`,
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list the scheduled requests", UsageText: "pack crons list [options]",
				Flags: appFlags(&cli.BoolFlag{Name: "json", Usage: "print a JSON document (docs/json.md)", DisableDefaultText: true}),
				Action: func(c *cli.Context) error {
					if c.NArg() > 0 {
						return usageError{fmt.Errorf("%q is too much", c.Args().First())}
					}
					return listCrons(c, s)
				},
			},
			{
				Name: "run", Usage: "make one of the requests now", UsageText: "pack crons run [options] PATH",
				Flags:  appFlags(),
				Action: func(c *cli.Context) error { return runCron(c, s) },
			},
		},
		Action: missingSubcommand,
	}
}

// cronView is a cron in JSON documents.
type cronView struct {
	manifest.Cron
	// Next is when it is due next, in UTC; empty when never.
	Next string `json:"next"`
}

// cronList is what `pack crons list --json` prints.
type cronList struct {
	Schema int        `json:"schema"`
	Crons  []cronView `json:"crons"`
}

// plannedCrons gives the crons of the last build.
func plannedCrons(c *cli.Context) ([]manifest.Cron, error) {
	_, out, err := folders(c.String("app"), c.String("out"))
	if err != nil {
		return nil, err
	}
	o, err := bundle.Open(out)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	return o.Deployment().Crons, nil
}

func listCrons(c *cli.Context, s streams) error {
	crons, err := plannedCrons(c)
	if err != nil {
		return err
	}
	list := cronList{Schema: jsonSchema, Crons: []cronView{}}
	rows := newTable("PATH", "SCHEDULE (UTC)", "NEXT", ">RETRIES")
	for _, planned := range crons {
		schedule, err := cron.ParseStandard("CRON_TZ=UTC " + planned.Schedule)
		if err != nil {
			return fmt.Errorf("schedule of %s: %w", planned.Path, err)
		}
		v := cronView{Cron: planned}
		if next := schedule.Next(time.Now()); !next.IsZero() {
			v.Next = jobs.Time(next.UnixMilli())
		}
		list.Crons = append(list.Crons, v)
		rows.row(v.Path, v.Schedule, v.Next, fmt.Sprint(v.Retries))
	}
	if c.Bool("json") {
		return printJSON(s.out, list)
	}
	return printTables(s.out, []*table{rows})
}

func runCron(c *cli.Context, s streams) error {
	if c.NArg() != 1 {
		return usageError{errors.New("pack crons run needs one path")}
	}
	crons, err := plannedCrons(c)
	if err != nil {
		return err
	}
	for _, planned := range crons {
		if planned.Path != c.Args().First() {
			continue
		}
		client, err := openJobs(c, s)
		if err != nil {
			return err
		}
		submission := jobs.CronJob(planned, time.Now())
		submission.Key = "" // as often as it is asked for
		job, err := client.Submit(c.Context, submission)
		if err != nil {
			return err
		}
		fmt.Fprintln(s.out, job.ID)
		return nil
	}
	return &manifest.UserError{What: "there is no cron for " + c.Args().First(), Hint: "pack crons list shows those that there are"}
}
