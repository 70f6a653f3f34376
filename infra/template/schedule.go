package template

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"pack/manifest"
)

const idScheduleRole = "ScheduleRole"

// cronFields are the fields of a schedule, in the order of its words.
var cronFields = [5]struct {
	name        string
	least, most int
}{{"minute", 0, 59}, {"hour", 0, 23}, {"day of month", 1, 31}, {"month", 1, 12}, {"day of week", 0, 6}}

// expressions translates a five-field schedule into EventBridge Scheduler's,
// which have a year, count the days of the week from 1 (Sunday), and know either
// days of the month or of the week: where both are given, either counts, as cron
// has it, so that there are two schedules.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
func expressions(schedule string) ([]string, error) {
	words := strings.Fields(schedule)
	if len(words) != len(cronFields) {
		return nil, fmt.Errorf("schedule %q has %d fields in place of %d", schedule, len(words), len(cronFields))
	}
	for i, f := range cronFields {
		shift := 0
		if f.name == "day of week" {
			shift = 1
		}
		var err error
		if words[i], err = cronField(words[i], f.least, f.most, shift); err != nil {
			return nil, fmt.Errorf("schedule %q: %s: %w", schedule, f.name, err)
		}
	}
	expression := func(day, weekday string) string {
		return fmt.Sprintf("cron(%s %s %s %s %s *)", words[0], words[1], day, words[3], weekday)
	}
	switch day, weekday := words[2], words[4]; {
	case weekday == "*":
		return []string{expression(day, "?")}, nil
	case day == "*":
		return []string{expression("?", weekday)}, nil
	default:
		return []string{expression(day, "?"), expression("?", weekday)}, nil
	}
}

// cronField writes one field. Steps are written out: what they begin from is
// not the same everywhere.
func cronField(text string, least, most, shift int) (string, error) {
	var items []string
	for _, item := range strings.Split(text, ",") {
		span, by, stepped := strings.Cut(item, "/")
		first, last := least, most
		if span != "*" {
			from, to, ranged := strings.Cut(span, "-")
			var err error
			if first, err = strconv.Atoi(from); err != nil {
				return "", fmt.Errorf("%q is no number", from)
			}
			switch {
			case ranged:
				if last, err = strconv.Atoi(to); err != nil {
					return "", fmt.Errorf("%q is no number", to)
				}
			case !stepped:
				last = first
			}
		}
		step := 1
		if stepped {
			var err error
			if step, err = strconv.Atoi(by); err != nil || step < 1 {
				return "", fmt.Errorf("%q is no step", by)
			}
		}
		switch {
		case first < least || last > most || first > last:
			return "", fmt.Errorf("%q does not lie between %d and %d", item, least, most)
		case first == least && last == most && step == 1:
			return "*", nil
		case step == 1 && first != last:
			items = append(items, fmt.Sprintf("%d-%d", first+shift, last+shift))
		default:
			for n := first; n <= last; n += step {
				items = append(items, strconv.Itoa(n+shift))
			}
		}
	}
	return strings.Join(items, ","), nil
}

// scheduledTime is what the scheduler puts in place of it: when a schedule was
// due, as 2026-03-22T18:59:43Z.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
const scheduledTime = "<aws.scheduler.scheduled-time>"

// cronMessage is the body that the worker takes (jobs.CronMessage).
type cronMessage struct {
	Cron struct {
		Path     string `json:"path"`
		Schedule string `json:"schedule"`
		Due      string `json:"due"`
	} `json:"cron"`
}

// addSchedules makes the crons, which put jobs into the queue.
func (s *stack) addSchedules() error {
	if !s.atHome || len(s.d.Crons) == 0 {
		return nil
	}
	if s.worker() == nil {
		return &manifest.UserError{What: "crons need a function", Where: "crons", Why: "the app has no route that could answer", Hint: "remove the crons"}
	}
	s.add(idScheduleRole, &resource{Type: "AWS::IAM::Role", Properties: object{
		"AssumeRolePolicyDocument": policyDocument(object{
			"Effect": "Allow", "Principal": object{"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole",
			"Condition": object{"StringEquals": object{"aws:SourceAccount": ref(accountID)}},
		}),
		"Policies": list{object{"PolicyName": "send", "PolicyDocument": policyDocument(
			allow([]string{"sqs:SendMessage"}, attribute(idJobs, "Arn"), attribute(idJobsDead, "Arn")),
		)}},
	}})
	for _, c := range s.d.Crons {
		all, err := expressions(c.Schedule)
		if err != nil {
			return &manifest.UserError{What: "a cron cannot be scheduled on AWS", Where: "crons: " + c.Path, Err: err}
		}
		var message cronMessage
		message.Cron.Path, message.Cron.Schedule, message.Cron.Due = c.Path, c.Schedule, scheduledTime
		input, err := encodeCompact(message)
		if err != nil {
			return err
		}
		for _, expression := range all {
			key := digest(c.Path + " " + c.Schedule + " " + expression)[:10]
			s.add("Schedule"+strings.ToUpper(key), &resource{Type: "AWS::Scheduler::Schedule", Properties: object{
				"Name":               s.o.prefix() + "-" + key,
				"Description":        abridged(c.Path+" at "+c.Schedule, 512),
				"ScheduleExpression": expression, "ScheduleExpressionTimezone": "UTC",
				"FlexibleTimeWindow": object{"Mode": "OFF"},
				"Target": object{
					"Arn": attribute(idJobs, "Arn"), "RoleArn": attribute(idScheduleRole, "Arn"), "Input": input,
					// A cron that is an hour late is nobody's wish.
					"RetryPolicy":      object{"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 10},
					"DeadLetterConfig": object{"Arn": attribute(idJobsDead, "Arn")},
				},
			}})
		}
	}
	return nil
}

func abridged(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-3], "") + "..."
}

// encodeCompact writes JSON on one line, as it is.
func encodeCompact(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}
