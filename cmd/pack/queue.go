package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"pack/lambda/jobs"
	"pack/lambda/queue"
	"pack/lambda/refresh"
	"pack/lambda/state"
)

func queueCommand(s streams) *cli.Command {
	ofJobs := &cli.BoolFlag{Name: "jobs", Usage: "the queue of jobs instead of that of refreshes", DisableDefaultText: true}
	return &cli.Command{
		Name:      "queue",
		Usage:     "look at messages that failed too often, send them again, or discard them",
		UsageText: "pack queue list|redrive|discard [options] [ID...]",
		Description: `The dead letters of an app's queues (docs/queue.md): pages that could not be
refreshed, and with --jobs messages of jobs that no worker survived.

   pack queue list
   pack queue redrive            all of them
   pack queue discard --all`,
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list dead letters, oldest first", UsageText: "pack queue list [options]",
				Flags:  appFlags(ofJobs, &cli.BoolFlag{Name: "json", Usage: "print a JSON document (docs/json.md)", DisableDefaultText: true}),
				Action: func(c *cli.Context) error { return listLetters(c, s) },
			},
			{
				Name: "redrive", Usage: "send dead letters again", UsageText: "pack queue redrive [options] [ID...]",
				Flags: appFlags(ofJobs),
				Action: func(c *cli.Context) error {
					return eachLetter(c, s, "sent again", func(ctx context.Context, q queue.Queue, ids []string) (int, error) { return q.Redrive(ctx, ids...) })
				},
			},
			{
				Name: "discard", Usage: "forget dead letters", UsageText: "pack queue discard [options] ID...|--all",
				Flags: appFlags(ofJobs, &cli.BoolFlag{Name: "all", Usage: "all of them, in place of ids", DisableDefaultText: true}),
				Action: func(c *cli.Context) error {
					if c.Bool("all") == (c.NArg() > 0) {
						return usageError{errors.New("give ids, or --all")}
					}
					return eachLetter(c, s, "discarded", func(ctx context.Context, q queue.Queue, ids []string) (int, error) { return q.Discard(ctx, ids...) })
				},
			},
		},
		Action: missingSubcommand,
	}
}

// openQueue opens the queue that a command line means.
func openQueue(c *cli.Context, s streams) (queue.Queue, error) {
	dir, out, err := folders(c.String("app"), c.String("out"))
	if err != nil {
		return nil, err
	}
	where, err := stateFor(c, s, dir, out)
	if err != nil {
		return nil, err
	}
	queues, err := state.OpenQueues(where)
	if err != nil {
		return nil, err
	}
	if c.Bool("jobs") {
		return queues.Jobs, nil
	}
	return queues.Refreshes, nil
}

// letterView is a dead letter in JSON documents.
type letterView struct {
	ID   string `json:"id"`
	Sent string `json:"sent"`
	Body string `json:"body"`
}

// letterList is what `pack queue list --json` prints.
type letterList struct {
	Schema  int          `json:"schema"`
	Letters []letterView `json:"letters"`
}

func listLetters(c *cli.Context, s streams) error {
	if c.NArg() > 0 {
		return usageError{fmt.Errorf("%q is too much", c.Args().First())}
	}
	q, err := openQueue(c, s)
	if err != nil {
		return err
	}
	letters, err := q.DeadLetters(c.Context, 0)
	if err != nil {
		return err
	}
	list := letterList{Schema: jsonSchema, Letters: []letterView{}}
	rows := newTable("ID", "SENT", "ABOUT")
	for _, l := range letters {
		v := letterView{ID: l.ID, Sent: jobs.Time(l.Sent.UnixMilli()), Body: l.Body}
		list.Letters = append(list.Letters, v)
		rows.row(v.ID, v.Sent, subject(l.Body))
	}
	if c.Bool("json") {
		return printJSON(s.out, list)
	}
	return printTables(s.out, []*table{rows})
}

// subject is what a message is about, in a few words.
func subject(body string) string {
	var m struct {
		Refresh *refresh.Page
		Job     *jobs.Ticket
	}
	switch err := json.Unmarshal([]byte(body), &m); {
	case err == nil && m.Refresh != nil:
		return "refresh of " + m.Refresh.Path
	case err == nil && m.Job != nil:
		return "job " + m.Job.ID
	}
	return "an unknown message"
}

func eachLetter(c *cli.Context, s streams, did string, do func(context.Context, queue.Queue, []string) (int, error)) error {
	q, err := openQueue(c, s)
	if err != nil {
		return err
	}
	n, err := do(c.Context, q, c.Args().Slice())
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%s %s\n", count(n, "dead letter"), did)
	return nil
}
