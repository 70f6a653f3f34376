package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"pack/lambda/event"
	"pack/lambda/refresh"
	"pack/manifest"
	"pack/s3cache"
)

// refreshLater has a stale page rendered anew after the viewer has the old one:
// by the worker, through the queue, or, where there is no queue or it takes
// nothing, by this instance, unless another is at it. A render that fails
// leaves the old page where it is. stale is nil where the page has no entry of
// its own yet.
func (g *Gateway) refreshLater(r *http.Request, t target, page *manifest.Page, key s3cache.Key, stale *s3cache.Entry) {
	ctx := context.WithoutCancel(r.Context())
	shown := *r.URL
	shown.RawQuery = ""
	p := refresh.Page{
		Deployment: g.deployment.ID, Key: key.Name, Kind: page.Kind, Partial: page.PartiallyStatic, Absent: stale == nil,
		Function: t.function, Entry: t.entry, Path: trimPart(t.path), URL: origin(r) + shown.RequestURI(),
	}
	p.Address, _, _ = strings.Cut(t.address, "?")
	p.Locale, _ = t.meta["locale"].(string)
	p.DefaultLocale, _ = t.meta["defaultLocale"].(string)
	if stale != nil {
		p.Created = stale.Created
	}
	event.AfterResponse(r.Context(), func() {
		if g.refreshes != nil {
			err := g.send(ctx, p)
			if err == nil {
				return
			}
			slog.Error("refresh not queued, this instance does it", "key", key.Name, "error", err)
		}
		if _, err := g.refresher.Try(ctx, p); err != nil {
			slog.Error("refresh failed, the old page stays", "key", key.Name, "error", err)
		}
	})
}

// sendTime is how long a queue may take before the instance helps itself.
const sendTime = 5 * time.Second

func (g *Gateway) send(ctx context.Context, p refresh.Page) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	return g.refreshes.Send(ctx, p)
}

// newRefresher makes what renders pages of the deployment anew.
func (g *Gateway) newRefresher() *refresh.Refresher {
	return &refresh.Refresher{
		Cache: g.cache, Invoker: g.invoker, Token: g.app.BypassToken,
		Limit: func(function string) time.Duration { return g.maxDuration(function) + leaseGrace },
	}
}
