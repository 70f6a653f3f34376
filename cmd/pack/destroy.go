package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"pack/manifest"
)

func destroyCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "destroy",
		Usage:     "delete what was deployed",
		UsageText: "pack destroy [options] [DIR]",
		Description: `Deletes the stage's functions, CDN, queues and all else, in every region, also
what a deploy left that got nowhere. It asks for the stage's name. Buckets and
the table of tags stay, with all that is in them, and the key of builds, unless
--data is given; that can be given later.

   pack destroy --stage staging
   pack destroy --stage staging --data --yes`,
		ArgsUsage: "[DIR]",
		Flags: locationFlags(
			&cli.BoolFlag{Name: "data", Usage: "delete pages, jobs, files, tags and the key of builds as well", DisableDefaultText: true},
			&cli.BoolFlag{Name: "yes", Usage: "do not ask", DisableDefaultText: true},
			&cli.BoolFlag{Name: "json", Usage: "print a JSON document (docs/json.md)", DisableDefaultText: true},
		),
		Action: func(c *cli.Context) error {
			return interruptible(c.Context, func(ctx context.Context) error { return destroy(ctx, c, s) })
		},
	}
}

// destroyResult is what `pack destroy --json` prints.
type destroyResult struct {
	Schema  int      `json:"schema"`
	Regions []string `json:"regions"`
	// Data: buckets, tables and parameters were deleted; else they were kept.
	Data       bool     `json:"data"`
	Buckets    []string `json:"buckets"`
	Tables     []string `json:"tables"`
	Parameters []string `json:"parameters"`
}

func destroy(ctx context.Context, c *cli.Context, s streams) error {
	t, err := targetOf(ctx, c, s)
	if err != nil {
		return err
	}
	found, err := t.Found(ctx, t.regions())
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return t.Nothing()
	}
	data := c.Bool("data")
	if !c.Bool("yes") {
		what := "Buckets, the table of tags and the key of builds stay."
		if data {
			what = styleOf(s.err).bad("Pages, jobs, files, tags and the key of builds are deleted too, for good.")
		}
		fmt.Fprintf(s.err, "%s-%s in %s of account %s will be deleted. %s\nType the stage's name, %s: ",
			t.Name, t.Stage, strings.Join(found, ", "), t.Account.ID, what, t.Stage)
		if err := confirmed(ctx, os.Stdin, t.Stage); err != nil {
			return err
		}
	}
	done, err := t.Destroy(ctx, found, data, 0)
	t.progress.end()
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(s.out, destroyResult{jsonSchema, done.Regions, data, append([]string{}, done.Buckets...), append([]string{}, done.Tables...), append([]string{}, done.Parameters...)})
	}
	if !data {
		for _, name := range slices.Concat(done.Buckets, done.Tables, done.Parameters) {
			t.progress.note("kept " + name + "; pack destroy --data deletes it")
		}
	}
	_, err = fmt.Fprintf(s.out, "%s-%s is deleted\n", t.Name, t.Stage)
	return err
}

// confirmed waits for a line that has the name.
func confirmed(ctx context.Context, in io.Reader, name string) error {
	typed := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(in).ReadString('\n') // its end is an answer too
		typed <- strings.TrimSpace(line)
	}()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case line := <-typed:
		if line == name {
			return nil
		}
	}
	return &manifest.UserError{What: "nothing was deleted", Why: "the stage's name was not typed", Err: errors.New("not confirmed"), Hint: "--yes goes without"}
}
