// Package status looks at a deployed app: its stacks, releases, queues and
// alarms. It changes nothing.
package status

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"pack/infra/template"
	"pack/manifest"
)

// Account is how the services of a region are reached (account.Account).
type Account interface {
	In(region string) aws.Config
	Objects(region string) *s3.Client
}

// Target is what is looked at.
type Target struct {
	Account Account
	// Prefix is the app's and stage's name, which is the stacks' as well.
	Prefix string
	// Regions are the stacks', the home region first.
	Regions []string
}

// Status is what was found. Lists are never nil.
type Status struct {
	Stacks []Stack `json:"stacks"`
	// URL is the app's address; empty before it is deployed.
	URL string `json:"url"`
	// Active is the release in production, Canary the one that is tried; nil for
	// none.
	Active *Release `json:"active"`
	Canary *Release `json:"canary"`
	// Kept is how many releases can be gone back to, the active one included.
	Kept   int     `json:"kept"`
	Queues []Queue `json:"queues"`
	Alarms []Alarm `json:"alarms"`
}

// Stack is a stack of CloudFormation.
type Stack struct {
	Region string `json:"region"`
	Name   string `json:"name"`
	// Status is CloudFormation's word; empty when there is no such stack.
	Status string `json:"status"`
	// Reason is why, where CloudFormation says so.
	Reason string `json:"reason,omitempty"`
	// Changed is when it was made or changed last; the zero time without a stack.
	Changed time.Time `json:"changed,omitzero"`
}

// Sound: the stack is there, and its last operation came to its end.
func (s Stack) Sound() bool {
	switch s.Status {
	case "CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_ROLLBACK_COMPLETE":
		return true
	}
	return false
}

// Release is a release of the app.
type Release struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	// Weight is how many of a hundred new visitors it takes; of a canary only.
	Weight int `json:"weight,omitempty"`
}

// Alarm is an alarm of CloudWatch.
type Alarm struct {
	Region string `json:"region"`
	Name   string `json:"name"`
	// State is OK, ALARM or INSUFFICIENT_DATA.
	State string    `json:"state"`
	Since time.Time `json:"since"`
	// Description says what is wrong when it goes off, Reason what was measured.
	Description string `json:"description"`
	Reason      string `json:"reason"`
}

// Look finds everything. A stack that is not there is not an error.
func Look(ctx context.Context, t Target) (*Status, error) {
	s := &Status{Stacks: []Stack{}, Queues: []Queue{}, Alarms: []Alarm{}}
	var outputs map[string]string
	for i, region := range t.Regions {
		found, values, err := t.stack(ctx, region)
		if err != nil {
			return nil, err
		}
		s.Stacks = append(s.Stacks, found)
		if i == 0 {
			outputs = values
		}
		if found.Status == "" {
			continue
		}
		if err := t.alarms(ctx, region, s); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(s.Alarms, func(a, b Alarm) int {
		return cmp.Or(cmp.Compare(urgency(a.State), urgency(b.State)), cmp.Compare(a.Name, b.Name))
	})
	s.URL = template.Address(outputs)
	if outputs == nil {
		return s, nil
	}
	if err := t.queues(ctx, s); err != nil {
		return nil, err
	}
	return s, t.releases(ctx, outputs[template.OutputState], s)
}

func urgency(state string) int {
	return slices.Index([]string{"ALARM", "INSUFFICIENT_DATA", "OK"}, state)
}

func (t Target) stack(ctx context.Context, region string) (Stack, map[string]string, error) {
	s := Stack{Region: region, Name: t.Prefix}
	out, err := cloudformation.NewFromConfig(t.Account.In(region)).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &t.Prefix})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "does not exist") {
		return s, nil, nil
	}
	if err != nil {
		return s, nil, fmt.Errorf("look at stack %s in %s: %w", t.Prefix, region, err)
	}
	if len(out.Stacks) == 0 {
		return s, nil, nil
	}
	found := out.Stacks[0]
	s.Status, s.Reason = string(found.StackStatus), aws.ToString(found.StackStatusReason)
	s.Changed = aws.ToTime(cmp.Or(found.LastUpdatedTime, found.CreationTime)).UTC()
	values := map[string]string{}
	for _, o := range found.Outputs {
		values[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return s, values, nil
}

// alarms are those that the template names after the app. The client is of a
// version that speaks CloudWatch's query protocol: newer ones speak a binary one
// that the server of the tests does not know.
func (t Target) alarms(ctx context.Context, region string, s *Status) error {
	pages := cloudwatch.NewDescribeAlarmsPaginator(cloudwatch.NewFromConfig(t.Account.In(region)), &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String(t.Prefix + "-"),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("look at alarms in %s: %w", region, err)
		}
		for _, a := range page.MetricAlarms {
			if strings.Contains(strings.TrimPrefix(aws.ToString(a.AlarmName), t.Prefix+"-"), "-") {
				continue // of a stage whose name begins like this one's
			}
			s.Alarms = append(s.Alarms, Alarm{
				Region: region, Name: aws.ToString(a.AlarmName), State: string(a.StateValue), Since: aws.ToTime(a.StateUpdatedTimestamp).UTC(),
				Description: aws.ToString(a.AlarmDescription), Reason: aws.ToString(a.StateReason),
			})
		}
	}
	return nil
}

// releases reads manifest.Traffic; a bucket without it has no release yet.
func (t Target) releases(ctx context.Context, bucket string, s *Status) error {
	if bucket == "" {
		return nil
	}
	out, err := t.Account.Objects(t.Regions[0]).GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String(manifest.TrafficKey)})
	var none *s3types.NoSuchKey
	if errors.As(err, &none) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read which releases there are: %w", err)
	}
	defer out.Body.Close()
	var traffic manifest.Traffic
	if err := json.NewDecoder(out.Body).Decode(&traffic); err != nil {
		return fmt.Errorf("read which releases there are: %w", err)
	}
	if traffic.Schema > manifest.ReleaseSchema {
		return &manifest.UserError{What: "a newer pack has deployed this app", Where: "s3://" + bucket + "/" + manifest.TrafficKey, Hint: "use that version of pack"}
	}
	s.Kept = len(traffic.Releases)
	for _, r := range traffic.Releases {
		release := Release{ID: r.ID, Created: r.Created}
		if r.ID == traffic.Active {
			s.Active = &release
		}
		if c := traffic.Canary; c != nil && c.ID == r.ID {
			tried := release
			tried.Weight = c.Weight
			s.Canary = &tried
		}
	}
	return nil
}
