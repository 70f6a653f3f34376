package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"pack/lambda/purge"
	"pack/lambda/refresh"
	"pack/lambda/state"
	"pack/manifest"
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
   pack revalidate --path / --path /products/mug apps/shop
   pack revalidate --stage production --tag prices    what is deployed, CDN included`,
		ArgsUsage: "[DIR]",
		Flags: append([]cli.Flag{
			packedFlag(),
			&cli.StringSliceFlag{Name: "tag", Usage: "a `TAG`, more than once for several"},
			&cli.StringSliceFlag{Name: "path", Usage: "a `PATH`, more than once for several"},
			stageFlag(), regionFlag(),
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
			dir, out, err := folders(dir, c.String("out"))
			if err != nil {
				return err
			}
			if c.IsSet("stage") {
				err = interruptible(c.Context, func(ctx context.Context) error {
					return revalidateDeployed(ctx, c, s, dir, tags, paths)
				})
			} else {
				var where state.Settings
				if where, err = stateOf(c, out); err == nil {
					err = revalidate(c.Context, where, tags, paths, c.Bool("stale"))
				}
			}
			if err != nil {
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
	if len(paths) > 0 && queues.Refreshes == nil {
		return &manifest.UserError{What: "paths cannot be refreshed", Why: "what is deployed has no queue: none of its pages is ever rendered anew"}
	}
	sender := &refresh.Sender{Queue: queues.Refreshes}
	for _, path := range paths {
		if err := sender.Send(ctx, refresh.Page{Path: path}); err != nil {
			return err
		}
	}
	return nil
}

// revalidateDeployed is revalidate where an app is deployed. The CDN forgets the pages
// of the tags; those of paths the worker removes from it, when it has new ones.
func revalidateDeployed(ctx context.Context, c *cli.Context, s streams, dir string, tags, paths []string) error {
	where, t, parts, err := deployedState(ctx, c, s, dir)
	if err != nil {
		return err
	}
	if err := revalidate(ctx, where, tags, paths, c.Bool("stale")); err != nil {
		return err
	}
	if parts.Distribution == "" || len(tags) == 0 {
		return nil
	}
	purger := purge.New(purge.Options{CDN: &purge.CloudFront{Config: t.Account.In(t.Home), Distribution: parts.Distribution}})
	purger.Tags(tags...)
	if err := purger.Flush(ctx); err != nil {
		return fmt.Errorf("remove pages from the CDN: %w", err)
	}
	return nil
}
