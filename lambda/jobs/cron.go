package jobs

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"pack/manifest"
)

// CronMessage is the body of the message that a scheduler puts into the queue of
// jobs when a cron is due. It carries no policy: the worker knows its crons.
type CronMessage struct {
	Cron *CronDue `json:"cron"`
}

// CronDue says which cron is due.
type CronDue struct {
	// Path and Schedule are the manifest.Cron's.
	Path     string `json:"path"`
	Schedule string `json:"schedule"`
	// Due is the minute that the schedule says, and not that of the message.
	Due time.Time `json:"due"`
}

// CronJob is the job of a cron at the minute when it is due. However many
// schedulers submit it, it is one job.
func CronJob(c manifest.Cron, due time.Time) Submission {
	path, query, _ := strings.Cut(c.Path, "?")
	return Submission{
		Request: Request{Method: http.MethodGet, Path: path, Query: query, Host: "localhost", Cron: true},
		Policy:  Policy(c.JobPolicy), Cron: c.Schedule,
		Scope: "cron", Key: fmt.Sprintf("%s %s %d", c.Path, c.Schedule, due.Unix()),
	}
}
