package host

import (
	"context"
	"fmt"
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
				if _, err := client.Submit(ctx, CronJob(c, due)); err != nil {
					log.Error("cron not begun", "path", c.Path, "error", err)
				}
			}
		})
	}
}

// CronJob is the job of a cron at the minute when it is due. However many
// schedulers submit it, it is one job.
func CronJob(c manifest.Cron, due time.Time) jobs.Submission {
	s := jobs.CronRequest(c.Path)
	s.Policy, s.Cron = jobs.Policy(c.JobPolicy), c.Schedule
	s.Scope, s.Key = "cron", fmt.Sprintf("%s %s %d", c.Path, c.Schedule, due.Unix())
	return s
}
