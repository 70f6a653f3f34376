// Package logs reads the logs of a deployed app's functions from CloudWatch Logs
// and makes lines for people of them.
package logs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"pack/infra/awsjson"
	"pack/manifest"
)

// Reader reads the logs of one app and stage in one region.
type Reader struct {
	// Config is the account's in Region.
	Config aws.Config
	Region string
	// Prefix begins the names of the app's functions, as manifest.LambdaName has
	// it.
	Prefix string
	// Functions are the deployment's names of those that are read; none means all.
	Functions []string
}

// group is a log group and the function that writes to it.
type group struct{ name, function string }

// folder is where Lambda's log groups are.
const folder = "/aws/lambda/"

// groups finds the log groups. Route functions of an app with very many routes
// share one, "routes".
func (r *Reader) groups(ctx context.Context) ([]group, error) {
	begin := folder + manifest.LambdaName(r.Prefix, "")
	var all []group
	input := map[string]any{"logGroupNamePrefix": begin}
	for more := true; more; {
		var page struct {
			LogGroups []struct{ LogGroupName string }
			NextToken string
		}
		if err := r.call(ctx, "DescribeLogGroups", input, &page); err != nil {
			return nil, fmt.Errorf("list log groups in %s: %w", r.Region, err)
		}
		for _, g := range page.LogGroups {
			all = append(all, group{g.LogGroupName, strings.TrimPrefix(g.LogGroupName, begin)})
		}
		input["nextToken"], more = page.NextToken, page.NextToken != ""
	}
	if len(r.Functions) == 0 {
		return all, nil
	}
	var wanted []group
	for _, g := range all {
		if slices.Contains(r.Functions, g.function) || g.function == sharedGroup && !r.haveOwn(all) {
			wanted = append(wanted, g)
		}
	}
	return wanted, nil
}

// sharedGroup is what the group of all route functions is called after.
const sharedGroup = "routes"

// haveOwn: the functions that are asked for have groups of their own.
func (r *Reader) haveOwn(all []group) bool {
	return slices.ContainsFunc(all, func(g group) bool { return slices.Contains(r.Functions, g.function) })
}

// Any reports whether there is a log group to be read.
func (r *Reader) Any(ctx context.Context) (bool, error) {
	groups, err := r.groups(ctx)
	return len(groups) > 0, err
}

// Read gives what was logged since a time, oldest first.
func (r *Reader) Read(ctx context.Context, since time.Time) ([]Line, error) {
	groups, err := r.groups(ctx)
	if err != nil {
		return nil, err
	}
	var lines []Line
	for _, g := range groups {
		found, err := r.read(ctx, g, since, nil)
		if err != nil {
			return nil, err
		}
		lines = append(lines, found...)
	}
	Sort(lines)
	return lines, nil
}

// Sort puts lines of several functions or regions into the order of time.
func Sort(lines []Line) {
	slices.SortStableFunc(lines, func(a, b Line) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Function, b.Function))
	})
}

// read gives a group's lines since a time; seen, when not nil, holds the events
// that were given already, and gets the others.
func (r *Reader) read(ctx context.Context, g group, since time.Time, seen map[string]time.Time) ([]Line, error) {
	var lines []Line
	input := map[string]any{"logGroupName": g.name, "startTime": since.UnixMilli()}
	for more := true; more; {
		var page struct {
			Events []struct {
				EventID   string
				Timestamp int64
				Message   string
			}
			NextToken string
		}
		err := r.call(ctx, "FilterLogEvents", input, &page)
		var refused smithy.APIError
		if errors.As(err, &refused) && refused.ErrorCode() == "ResourceNotFoundException" {
			return lines, nil // the group is gone
		}
		if err != nil {
			return nil, fmt.Errorf("read log %s in %s: %w", g.name, r.Region, err)
		}
		for _, e := range page.Events {
			at := time.UnixMilli(e.Timestamp)
			if seen != nil {
				id := g.name + e.EventID
				if _, ok := seen[id]; ok {
					continue
				}
				seen[id] = at
			}
			l := Parse(e.Message, at)
			l.Region, l.Function = r.Region, g.function
			lines = append(lines, l)
		}
		input["nextToken"], more = page.NextToken, page.NextToken != ""
	}
	return lines, nil
}

// call asks CloudWatch Logs.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
func (r *Reader) call(ctx context.Context, operation string, input, output any) error {
	logs := awsjson.Service{Config: r.Config, ID: "CloudWatch Logs", Name: "logs", Target: "Logs_20140328"}
	return logs.Call(ctx, operation, input, output)
}

// How often is looked for new lines, and how late a line may come: CloudWatch
// Logs shows what is written within seconds, and not in order.
const (
	defaultPause = 2 * time.Second
	lateness     = time.Minute
	regroup      = time.Minute
)

// Follow gives to show what was logged since a time, and what is logged from now
// on until the context ends, whose error it returns. pause is the time between two
// looks, 2 s when 0; at most five groups are asked in a second, which is what
// CloudWatch Logs' quota leaves for others in every region.
func (r *Reader) Follow(ctx context.Context, since time.Time, pause time.Duration, show func([]Line) error) error {
	if pause == 0 {
		pause = defaultPause
	}
	seen := map[string]time.Time{}
	var groups []group
	var looked time.Time
	for {
		if time.Since(looked) > regroup {
			var err error
			if groups, err = r.groups(ctx); err != nil {
				return err
			}
			looked = time.Now()
		}
		began := time.Now()
		var lines []Line
		for _, g := range groups {
			found, err := r.read(ctx, g, since, seen)
			if err != nil {
				return err
			}
			lines = append(lines, found...)
		}
		Sort(lines)
		if len(lines) > 0 {
			if err := show(lines); err != nil {
				return err
			}
		}
		if from := began.Add(-lateness); from.After(since) {
			since = from
			for id, at := range seen {
				if at.Before(since) {
					delete(seen, id)
				}
			}
		}
		wait := max(pause, time.Duration(len(groups))*time.Second/5)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}
