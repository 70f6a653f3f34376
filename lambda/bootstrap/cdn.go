package main

import (
	"context"
	"log/slog"

	"pack/lambda/function"
	"pack/lambda/platform"
	"pack/lambda/purge"
	"pack/lambda/state"
	"pack/lambda/worker"
)

// cdn is what the environment says of the CDN in front of the gateway: nothing,
// where there is none (docs/cdn.md).
type cdn struct {
	// tagHeader is the response header of an object's tags; "" sends none.
	tagHeader string
	purger    *purge.Purger
}

func readCDN(env func(string) string) cdn {
	c := cdn{tagHeader: env("PACK_CDN_TAG_HEADER")}
	if id := env("PACK_CDN_DISTRIBUTION"); id != "" {
		config := state.Settings{}.Config("CLOUDFRONT", "")
		c.purger = purge.New(purge.Options{CDN: &purge.CloudFront{Config: config, Distribution: id}})
	}
	return c
}

// observe gives what the gateway calls when it has revalidated tags; nil
// without a CDN to purge.
func (c cdn) observe() func(ctx context.Context, tags []string) {
	if c.purger == nil {
		return nil
	}
	return c.purger.Observe
}

// afterEvents has the worker purge what it has rendered anew: pages are collected
// while it works and sent before it answers.
func (c cdn) afterEvents(w *worker.Worker) func(ctx context.Context, event []byte) ([]byte, error) {
	if c.purger == nil {
		return w.Handle
	}
	w.Refresher.Replaced = c.purger.Tags
	return func(ctx context.Context, event []byte) ([]byte, error) {
		answer, err := w.Handle(ctx, event)
		if failed := c.purger.Flush(ctx); failed != nil {
			slog.Error("cdn not purged", "error", failed)
		}
		return answer, err
	}
}

// follow has a route function purge what the app revalidates: tags are
// collected while it runs and sent when its own work is done.
func (c cdn) follow(p *platform.Platform, o *function.Options) {
	if c.purger == nil {
		return
	}
	p.OnRevalidate = func(tags []string) { c.purger.Tags(tags...) }
	o.Afterwards = c.purger.Flush
}
