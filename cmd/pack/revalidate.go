package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"pack/lambda/refresh"
	"pack/lambda/state"
)

func revalidateCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "revalidate",
		Usage:     "refresh an app's cached pages by tag or path",
		UsageText: "pack revalidate [options] [DIR]",
		Description: `A tag is revalidated at once: the next reader of a page that carries it waits
for a new one, or gets the old one while it is made (--stale). A path is
rendered anew by the worker, and readers have the old page until then; an app
that is not running does it when it is started.

   pack revalidate --tag product:mug
   pack revalidate --tag prices --stale
   pack revalidate --path / --path /products/mug apps/shop`,
		ArgsUsage: "[DIR]",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "the `FOLDER` that pack build made (default: .pack in DIR)"},
			&cli.StringSliceFlag{Name: "tag", Usage: "a `TAG`, more than once for several"},
			&cli.StringSliceFlag{Name: "path", Usage: "a `PATH`, more than once for several"},
			&cli.BoolFlag{Name: "stale", Usage: "serve the old pages of a tag until they are refreshed", DisableDefaultText: true},
		}, stateFlags()...),
		Action: func(c *cli.Context) error {
			dir, err := appDir(c)
			if err != nil {
				return err
			}
			tags, paths := c.StringSlice("tag"), c.StringSlice("path")
			if len(tags)+len(paths) == 0 {
				return usageError{errors.New("pack revalidate needs --tag or --path")}
			}
			for _, path := range paths {
				if !strings.HasPrefix(path, "/") {
					return usageError{fmt.Errorf("the path %q does not begin with a slash", path)}
				}
			}
			_, out, err := folders(dir, c.String("out"))
			if err != nil {
				return err
			}
			where, err := stateOf(c, out)
			if err != nil {
				return err
			}
			if err := revalidate(c.Context, where, tags, paths, c.Bool("stale")); err != nil {
				return err
			}
			fmt.Fprintf(s.err, "%s revalidated, %s queued to be refreshed\n", count(len(tags), "tag"), count(len(paths), "path"))
			return nil
		},
	}
}

func revalidate(ctx context.Context, where state.Settings, tags, paths []string, stale bool) error {
	opened, err := state.Open(where)
	if err != nil {
		return err
	}
	if err := opened.RevalidateTags(ctx, tags, stale); err != nil {
		return err
	}
	queues, err := state.OpenQueues(where)
	if err != nil {
		return err
	}
	sender := &refresh.Sender{Queue: queues.Refreshes}
	for _, path := range paths {
		if err := sender.Send(ctx, refresh.Page{Path: path}); err != nil {
			return err
		}
	}
	return nil
}
