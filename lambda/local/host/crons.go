package host

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"pack/lambda/jobs"
	"pack/manifest"
)

// runCrons submits each cron's request as a durable job whenever its schedule
// says so, until ctx ends. What was due while nothing ran is not made up for.
func runCrons(ctx context.Context, crons []manifest.Cron, client *jobs.Client, log *slog.Logger) {
	var all sync.WaitGroup
	defer all.Wait()
	for _, c := range crons {
		schedule, err := cron.ParseStandard("CRON_TZ=UTC " + c.Schedule)
		if err != nil {
			log.Error("cron cannot be run", "path", c.Path, "schedule", c.Schedule, "error", err)
			continue
		}
		all.Go(func() {
			for {
				due := schedule.Next(time.Now())
				if due.IsZero() {
					return // a date that never comes, as the 30th of February
				}
				timer := time.NewTimer(time.Until(due))
				select {
				case <-timer.C:
				case <-ctx.Done():
					timer.Stop()
					return
				}
				if _, err := client.Submit(ctx, jobs.CronJob(c, due)); err != nil {
					log.Error("cron not begun", "path", c.Path, "error", err)
				}
			}
		})
	}
}
