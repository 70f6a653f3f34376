package main

import (
	"context"
	"os"

	"github.com/urfave/cli/v2"
)

func serveCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "serve",
		Usage:     "run the packed functions on this machine",
		UsageText: "pack serve [options] [DIR]",
		Description: `Builds and packs what has changed, and runs the functions as Lambda would:
one process per instance, one request at a time. The URL is printed once the
app answers.

   pack serve                      the app in this folder, on port 3000
   pack serve --port 0 apps/shop   another folder, on any free port
   pack serve --s3 http://localhost:7070 --bucket shop   pages on another server`,
		ArgsUsage: "[DIR]",
		Flags: append(append(buildFlags(), stateFlags()...),
			&cli.IntFlag{Name: "port", Value: 3000, Usage: "the `PORT` to listen on, 0 for any"},
			&cli.StringFlag{Name: "host", Value: "127.0.0.1", Usage: "the `ADDRESS` to listen on"},
			&cli.StringFlag{Name: "node", Usage: "the Node.js `PROGRAM` (default: node on PATH)"},
			&cli.BoolFlag{Name: "fresh", Usage: "forget the pages and tags of earlier runs", DisableDefaultText: true},
			&cli.BoolFlag{Name: "allow-private-rewrites", Usage: "let external rewrites reach private addresses", DisableDefaultText: true}),
		Action: func(c *cli.Context) error {
			o, err := buildOptionsOf(c, s)
			if err != nil {
				return err
			}
			var made *built
			if err := interruptible(c.Context, func(ctx context.Context) (err error) {
				made, err = ensureBuilt(ctx, o)
				return err
			}); err != nil {
				return err
			}
			defer made.Output.Close()
			if c.Bool("fresh") {
				if err := os.RemoveAll(stateDir(o.out)); err != nil {
					return err
				}
			}
			state, err := stateOf(c, o.out)
			if err != nil {
				return err
			}
			return running{
				output: made.Output, app: o.dir, state: state, host: c.String("host"), port: c.Int("port"),
				node: c.String("node"), allowPrivate: c.Bool("allow-private-rewrites"), stdout: s.out, stderr: s.err,
			}.serve(c.Context)
		},
	}
}
