// Command pack turns a Next.js app's own build into AWS Lambda functions, one
// per route, and runs the same functions on this machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

func main() {
	// A short-lived program with a heap of some ten megabytes: collecting it
	// less often saves a tenth of the time that packing takes.
	debug.SetGCPercent(400)
	os.Exit(run(context.Background(), os.Args, streams{out: os.Stdout, err: os.Stderr}))
}

// streams are where a command writes: its result to out, all else to err.
type streams struct{ out, err io.Writer }

// run runs one command line and gives the exit status: 0 done, 1 failed, 2 used
// wrongly, 130 interrupted, 143 terminated.
func run(ctx context.Context, args []string, s streams) int {
	app := &cli.App{
		Name:            "pack",
		Usage:           "run a Next.js app on your own AWS account, one function per route",
		UsageText:       "pack COMMAND [options] [DIR]",
		Version:         currentVersion().Version,
		HideHelpCommand: true,
		Writer:          s.out,
		ErrWriter:       s.err,
		ExitErrHandler:  func(*cli.Context, error) {}, // run alone decides how pack ends.
		// Values of headers have commas.
		DisableSliceFlagSeparator: true,
		Commands: []*cli.Command{
			buildCommand(s),
			serveCommand(s),
			inspectCommand(s),
			planCommand(s),
			deployCommand(s),
			deploymentsCommand(s),
			promoteCommand(s),
			rollbackCommand(s),
			destroyCommand(s),
			templateCommand(s),
			jobsCommand(s),
			cronsCommand(s),
			queueCommand(s),
			revalidateCommand(s),
			webhooksCommand(s),
			logsCommand(s),
			statusCommand(s),
			doctorCommand(s),
			versionCommand(s),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usageError{fmt.Errorf("there is no command %q", c.Args().First())}
			}
			return usageError{errors.New("which command?")}
		},
		OnUsageError: wrongUsage,
	}
	for _, c := range app.Commands {
		c.OnUsageError = wrongUsage
		c.HideHelpCommand = true
		for _, sub := range c.Subcommands {
			sub.OnUsageError = wrongUsage
			sub.HideHelpCommand = true
		}
	}
	err := app.RunContext(ctx, flagsFirst(app, args))
	return report(s, err)
}

// wrongUsage keeps urfave from printing, and from exiting by itself.
func wrongUsage(_ *cli.Context, err error, _ bool) error { return usageError{err} }

// appDir gives the one argument of a command, the app's folder; the current
// one when it is not given.
func appDir(c *cli.Context) (string, error) {
	switch c.NArg() {
	case 0:
		return ".", nil
	case 1:
		return c.Args().First(), nil
	}
	return "", usageError{fmt.Errorf("one folder at a time: %q is too much", c.Args().Get(1))}
}
