package manifest

import (
	"fmt"
	"strconv"
	"strings"
)

// CronSettings is a scheduled request as pack.json and vercel.json have it
// (https://vercel.com/docs/cron-jobs); the job's settings are pack.json's.
type CronSettings struct {
	Path     string `json:"path"`
	Schedule string `json:"schedule"`
	JobSettings
}

// Cron is a GET request to the app that is made on a schedule, as a durable job.
type Cron struct {
	// Path is with its query.
	Path string `json:"path"`
	// Schedule has five fields, in UTC: minute, hour, day of month, month, day
	// of week.
	Schedule string `json:"schedule"`
	JobPolicy
}

func (d *strictJSON) crons(to *[]CronSettings) field {
	return func(data []byte, path string) {
		for i, raw := range d.items(data, path) {
			var c CronSettings
			fields := d.jobFields(&c.JobSettings)
			fields["path"], fields["schedule"] = d.text(&c.Path), d.text(&c.Schedule)
			at := fmt.Sprintf("%s[%d]", path, i)
			d.object(raw, at, fields)
			if c.Path == "" || c.Schedule == "" {
				d.fail(at, "a cron needs a path and a schedule", `write {"path": "/api/cron/digest", "schedule": "0 5 * * *"}`)
			}
			*to = append(*to, c)
		}
	}
}

// vercelCrons passes over keys that it does not know.
func (d *strictJSON) vercelCrons(to *[]CronSettings, data []byte) {
	for i, raw := range d.items(data, "crons") {
		var c CronSettings
		at := fmt.Sprintf("crons[%d]", i)
		for _, e := range d.entries(raw, at) {
			switch e.key {
			case "path":
				d.text(&c.Path)(e.value, at+".path")
			case "schedule":
				d.text(&c.Schedule)(e.value, at+".schedule")
			}
		}
		*to = append(*to, c)
	}
}

// addCrons checks the schedules.
func (p *planner) addCrons() error {
	for _, from := range []struct {
		file  string
		crons []CronSettings
	}{{"vercel.json", p.settings.Vercel.Crons}, {"pack.json", p.settings.Pack.Crons}} {
		for i, c := range from.crons {
			where := fmt.Sprintf("%s: crons[%d]", from.file, i)
			if !strings.HasPrefix(c.Path, "/") || len(c.Path) > 512 || strings.ContainsAny(c.Path, " \t\r\n#") {
				return &UserError{
					What: fmt.Sprintf("%q is no path of the app", c.Path), Where: where + ".path",
					Why: "it must begin with a slash and have 512 characters at most", Hint: `write it as "/api/cron/digest"`,
				}
			}
			if err := checkSchedule(c.Schedule, where+".schedule"); err != nil {
				return err
			}
			cron := Cron{Path: c.Path, Schedule: strings.Join(strings.Fields(c.Schedule), " "), JobPolicy: c.policy(0)}
			for _, other := range p.deployment.Crons {
				if other.Path == cron.Path && other.Schedule == cron.Schedule {
					return &UserError{What: fmt.Sprintf("%s on %q is there twice", cron.Path, cron.Schedule), Where: where, Hint: "remove one of the two"}
				}
			}
			p.deployment.Crons = append(p.deployment.Crons, cron)
		}
	}
	return nil
}

// cronFields are the fields of a schedule and their bounds.
var cronFields = [5]struct {
	name        string
	least, most int
}{{"minute", 0, 59}, {"hour", 0, 23}, {"day of month", 1, 31}, {"month", 1, 12}, {"day of week", 0, 6}}

// checkSchedule checks a schedule by the rules of https://vercel.com/docs/cron-jobs:
// no names, and not both kinds of day.
func checkSchedule(schedule, where string) error {
	wrong := func(why string) error {
		return &UserError{
			What: fmt.Sprintf("%q is no schedule", schedule), Where: where, Why: why,
			Hint: `five fields in UTC: minute, hour, day of month, month, day of week, such as "0 5 * * *" for five in the morning`,
		}
	}
	fields := strings.Fields(schedule)
	if len(fields) != len(cronFields) {
		return wrong(fmt.Sprintf("it has %d fields in place of %d", len(fields), len(cronFields)))
	}
	for i, text := range fields {
		f := cronFields[i]
		for _, item := range strings.Split(text, ",") {
			if why := checkItem(item, f.least, f.most); why != "" {
				return wrong(fmt.Sprintf("the %s %q: %s", f.name, text, why))
			}
		}
	}
	if fields[2] != "*" && fields[4] != "*" {
		return wrong("it names a day of the month and a day of the week; one of them must be *")
	}
	return nil
}

// checkItem checks *, n, n-m, and each with /step, and returns what is wrong.
func checkItem(item string, least, most int) string {
	span, step, stepped := strings.Cut(item, "/")
	if stepped {
		if n, err := strconv.Atoi(step); err != nil || n < 1 || n > most {
			return fmt.Sprintf("the step must be a number of 1 to %d", most)
		}
	}
	if span == "*" {
		return ""
	}
	from, to, ranged := strings.Cut(span, "-")
	if !ranged {
		to = from
	}
	first, err1 := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	switch {
	case err1 != nil || err2 != nil:
		return "only numbers, *, -, / and commas are understood, not names"
	case first < least || last > most:
		return fmt.Sprintf("it must lie between %d and %d", least, most)
	case first > last:
		return "the range runs backwards"
	}
	return ""
}
