package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/urfave/cli/v2"

	"pack/lambda/jobs"
	"pack/manifest"
)

func jobsCommand(s streams) *cli.Command {
	asJSON := &cli.BoolFlag{Name: "json", Usage: "print a JSON document (docs/json.md)", DisableDefaultText: true}
	dead := &cli.BoolFlag{Name: "dead", Usage: "all dead jobs, in place of ids", DisableDefaultText: true}
	return &cli.Command{
		Name:      "jobs",
		Usage:     "look at an app's durable jobs, run them again, or discard them",
		UsageText: "pack jobs list|show|redrive|discard [options] [ID...]",
		Description: `Works on the jobs of an app that pack serve runs or has run (docs/jobs.md).

   pack jobs list --state dead           the jobs that were given up
   pack jobs show 019aa5d6a31-x2k…       one job with its request
   pack jobs redrive --dead              run all dead jobs again
   pack jobs discard 019aa5d6a31-x2k…    forget one`,
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list jobs, newest first", UsageText: "pack jobs list [options]",
				Flags: appFlags(asJSON,
					&cli.StringFlag{Name: "state", Usage: "only those that are `STATE`: queued, running, done or dead"},
					&cli.IntFlag{Name: "limit", Value: 50, Usage: "at most `N`, 0 for all"}),
				Action: func(c *cli.Context) error { return listJobs(c, s) },
			},
			{
				Name: "show", Usage: "show a job with its request", UsageText: "pack jobs show [options] ID",
				Flags:  appFlags(asJSON),
				Action: func(c *cli.Context) error { return showJob(c, s) },
			},
			{
				Name: "redrive", Usage: "run jobs again, with all their retries", UsageText: "pack jobs redrive [options] ID...|--dead",
				Flags: appFlags(dead),
				Action: func(c *cli.Context) error {
					return eachJob(c, s, "queued again", func(ctx context.Context, client *jobs.Client, id string) error { return client.Redrive(ctx, id) })
				},
			},
			{
				Name: "discard", Usage: "forget jobs, whatever their state", UsageText: "pack jobs discard [options] ID...|--dead",
				Flags: appFlags(dead),
				Action: func(c *cli.Context) error {
					return eachJob(c, s, "discarded", func(ctx context.Context, client *jobs.Client, id string) error { return client.Store.Discard(ctx, id) })
				},
			},
		},
		Action: missingSubcommand,
	}
}

// missingSubcommand answers for a command that only has subcommands.
func missingSubcommand(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError{fmt.Errorf("there is no pack %s %s", c.Command.Name, c.Args().First())}
	}
	return usageError{fmt.Errorf("pack %s needs to know what to do", c.Command.Name)}
}

// jobView is a job in JSON documents.
type jobView struct {
	jobs.View
	Method   string `json:"method"`
	Path     string `json:"path"`
	Cron     string `json:"cron,omitempty"`
	Failures int    `json:"failures"`
	// Error says why the last attempt failed.
	Error string `json:"error,omitempty"`
	// Policy is in force for the job, in seconds.
	Policy jobs.Policy `json:"policy"`
}

func viewOf(j *jobs.Job) jobView {
	return jobView{View: j.View(), Method: j.Method, Path: j.Path, Cron: j.Cron, Failures: j.Failures, Error: j.Error, Policy: j.Policy}
}

// jobList is what `pack jobs list --json` prints.
type jobList struct {
	Schema int       `json:"schema"`
	Jobs   []jobView `json:"jobs"`
}

// listedStates are what --state takes.
var listedStates = []string{"", string(jobs.Queued), string(jobs.Running), string(jobs.Done), string(jobs.Dead)}

func listJobs(c *cli.Context, s streams) error {
	if c.NArg() > 0 {
		return usageError{fmt.Errorf("%q is too much", c.Args().First())}
	}
	if !slices.Contains(listedStates, c.String("state")) {
		return usageError{fmt.Errorf("there is no state %q: queued, running, done and dead", c.String("state"))}
	}
	client, err := openJobs(c, s)
	if err != nil {
		return err
	}
	found, err := collectJobs(c.Context, client, jobs.State(c.String("state")))
	if err != nil {
		return err
	}
	slices.Reverse(found)
	if limit := c.Int("limit"); limit > 0 && len(found) > limit {
		found = found[:limit]
	}
	list := jobList{Schema: jsonSchema, Jobs: []jobView{}}
	rows := newTable("JOB", "STATE", "REQUEST", "CREATED", ">ATTEMPTS", ">STATUS", "NEXT")
	for _, j := range found {
		v := viewOf(j)
		list.Jobs = append(list.Jobs, v)
		rows.row(v.ID, string(v.State), v.Method+" "+v.Path, v.Created, strconv.Itoa(v.Attempts), status(v.Status), v.NotBefore)
	}
	if c.Bool("json") {
		return printJSON(s.out, list)
	}
	return printTables(s.out, []*table{rows})
}

func status(code int) string {
	if code == 0 {
		return ""
	}
	return strconv.Itoa(code)
}

// collectJobs gives the jobs of a state, of any when it is empty, oldest first.
func collectJobs(ctx context.Context, client *jobs.Client, state jobs.State) ([]*jobs.Job, error) {
	var found []*jobs.Job
	for j, err := range client.Store.List(ctx) {
		if err != nil {
			return nil, err
		}
		if state == "" || j.State == state {
			found = append(found, j)
		}
	}
	return found, nil
}

// shownJob is what `pack jobs show --json` prints.
type shownJob struct {
	Schema int `json:"schema"`
	jobView
	Request requestView `json:"request"`
}

// requestView is a job's request; cookies and authorization are left out.
type requestView struct {
	URL     string              `json:"url,omitempty"`
	Route   string              `json:"route,omitempty"`
	Headers map[string][]string `json:"headers"`
	// Bytes is the body's length.
	Bytes int `json:"bytes"`
}

func showJob(c *cli.Context, s streams) error {
	if c.NArg() != 1 {
		return usageError{errors.New("pack jobs show needs one id")}
	}
	client, err := openJobs(c, s)
	if err != nil {
		return err
	}
	id := c.Args().First()
	job, err := client.Store.Get(c.Context, id)
	if err != nil {
		return noSuchJob(id, err)
	}
	request, err := client.Store.Request(c.Context, id)
	if err != nil {
		return noSuchJob(id, err)
	}
	headers := request.Header.Clone()
	headers.Del("Cookie")
	headers.Del("Authorization")
	shown := shownJob{Schema: jsonSchema, jobView: viewOf(job), Request: requestView{
		URL: request.URL, Route: request.Route, Headers: headers, Bytes: len(request.Body),
	}}
	if c.Bool("json") {
		return printJSON(s.out, shown)
	}
	for _, line := range [][2]string{
		{"job", shown.ID}, {"state", string(shown.State)}, {"request", shown.Method + " " + shown.Path}, {"url", request.URL},
		{"route", request.Route}, {"cron", shown.Cron}, {"body", strconv.Itoa(len(request.Body)) + " bytes"}, {"created", shown.Created},
		{"attempts", strconv.Itoa(shown.Attempts)}, {"next", shown.NotBefore}, {"finished", shown.Finished}, {"status", status(shown.Status)}, {"error", shown.Error},
	} {
		if line[1] != "" {
			fmt.Fprintf(s.out, "%-9s %s\n", line[0], line[1])
		}
	}
	return nil
}

func noSuchJob(id string, err error) error {
	if errors.Is(err, jobs.ErrNotFound) {
		return &manifest.UserError{What: fmt.Sprintf("there is no job %s", id), Hint: "pack jobs list shows those that there are"}
	}
	return err
}

// eachJob does something with the jobs that a command line names.
func eachJob(c *cli.Context, s streams, did string, do func(context.Context, *jobs.Client, string) error) error {
	ids := c.Args().Slice()
	if c.Bool("dead") == (len(ids) > 0) {
		return usageError{errors.New("give ids, or --dead for all dead jobs")}
	}
	client, err := openJobs(c, s)
	if err != nil {
		return err
	}
	if c.Bool("dead") {
		found, err := collectJobs(c.Context, client, jobs.Dead)
		if err != nil {
			return err
		}
		for _, j := range found {
			ids = append(ids, j.ID)
		}
	}
	for _, id := range ids {
		if err := do(c.Context, client, id); err != nil {
			return noSuchJob(id, err)
		}
		fmt.Fprintln(s.out, id)
	}
	fmt.Fprintf(s.err, "%s %s\n", count(len(ids), "job"), did)
	return nil
}
