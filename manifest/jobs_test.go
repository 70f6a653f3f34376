package manifest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/manifest"
)

func TestSchedules(t *testing.T) {
	for schedule, word := range map[string]string{
		"0 5 * * *": "", "*/5 * * * *": "", "0,30 8-18/2 * 1-6 1-5": "", " 0  0 1 * * ": "", "59 23 31 12 *": "", "0 0 * * 0": "", "5/10 * * * *": "",
		"":              "0 fields",
		"* * * *":       "4 fields",
		"* * * * * *":   "6 fields",
		"@daily":        "1 fields",
		"60 * * * *":    "between 0 and 59",
		"* 24 * * *":    "between 0 and 23",
		"* * 0 * *":     "between 1 and 31",
		"* * * 13 *":    "between 1 and 12",
		"* * * * 7":     "between 0 and 6",
		"* * * * MON":   "not names",
		"* * * JAN *":   "not names",
		"*/0 * * * *":   "step",
		"*/61 * * * *":  "step",
		"30-10 * * * *": "backwards",
		"1,,2 * * * *":  "only numbers",
		"* * L * *":     "only numbers",
		"0 0 1 * 1":     "one of them must be *",
	} {
		t.Run(schedule, func(t *testing.T) {
			s := manifest.Settings{Vercel: manifest.VercelSettings{Crons: []manifest.CronSettings{{Path: "/api/cron", Schedule: schedule}}}}
			_, err := manifest.NewPlan(recorded(t, "shop"), s)
			if word == "" {
				must(t, err)
				return
			}
			userError(t, err, "vercel.json: crons[0].schedule", word)
		})
	}
}

func TestPlannedJobsAndCrons(t *testing.T) {
	seven := 7
	s := manifest.Settings{
		Vercel: manifest.VercelSettings{Crons: []manifest.CronSettings{{Path: "/api/hello", Schedule: "0  5 * * *"}}},
		Pack: manifest.PackSettings{
			Crons: []manifest.CronSettings{{Path: "/feed?full=1", Schedule: "*/5 * * * *", JobSettings: manifest.JobSettings{Retries: &seven}}},
			Jobs:  map[string]manifest.JobSettings{"/api/*": {}, "/api/hello": {MaxAge: &seven}},
		},
	}
	plan, err := manifest.NewPlan(recorded(t, "shop"), s)
	must(t, err)
	policy := manifest.JobPolicy{Retries: 3, MaxAge: 86400, Backoff: 10}
	want := []manifest.JobRoute{{Route: "/api/hello", JobPolicy: manifest.JobPolicy{Retries: 3, MaxAge: 7, Backoff: 10}}, {Route: "/api/ping", JobPolicy: policy}}
	if diff := cmp.Diff(want, plan.Deployment.Jobs); diff != "" {
		t.Error(diff)
	}
	crons := []manifest.Cron{
		{Path: "/api/hello", Schedule: "0 5 * * *", JobPolicy: manifest.JobPolicy{MaxAge: 86400, Backoff: 10}},
		{Path: "/feed?full=1", Schedule: "*/5 * * * *", JobPolicy: manifest.JobPolicy{Retries: 7, MaxAge: 86400, Backoff: 10}},
	}
	if diff := cmp.Diff(crons, plan.Deployment.Crons); diff != "" {
		t.Error(diff)
	}
	for name, refused := range map[string]manifest.PackSettings{
		"matches no route": {Jobs: map[string]manifest.JobSettings{"/api/nothing": {}}},
		"no path":          {Crons: []manifest.CronSettings{{Path: "api", Schedule: "* * * * *"}}},
		"there twice":      {Crons: []manifest.CronSettings{{Path: "/a", Schedule: "* * * * *"}, {Path: "/a", Schedule: "*  * * * *"}}},
	} {
		_, err := manifest.NewPlan(recorded(t, "shop"), manifest.Settings{Pack: refused})
		userError(t, err, name)
	}
}
