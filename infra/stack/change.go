package stack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"pack/infra/account"
	"pack/manifest"
)

// Change is what a stack is to become.
type Change struct {
	// TemplateURL is where the template is in S3.
	TemplateURL string
	Parameters  map[string]string
	// Description of the change set.
	Description string
}

// changeSetPrefix begins the names of change sets: "pack-" and a random text.
const changeSetPrefix = "pack-"

// Apply makes the stack, or changes it, and waits until that is done. The error of a
// change that CloudFormation took back is a *manifest.UserError with the reason of
// the resource that failed. Where nothing changes, nothing happens. When ctx ends,
// CloudFormation goes on by itself; the next Apply waits for it.
func (s *Stack) Apply(ctx context.Context, c Change) (*State, error) {
	for attempt := 1; ; attempt++ {
		before, err := s.Usable(ctx)
		if err != nil {
			return nil, err
		}
		after, err := s.apply(ctx, c, before)
		switch {
		case errors.Is(err, errNoChange):
			return before, nil
		case attempt < 3 && account.Is(err, "ValidationError", "InsufficientCapabilitiesException", "InvalidChangeSetStatus") && strings.Contains(err.Error(), "_IN_PROGRESS"):
			continue // somebody else began to change it meanwhile
		}
		return after, err
	}
}

func (s *Stack) apply(ctx context.Context, c Change, before *State) (*State, error) {
	id, stackID, err := s.changeSet(ctx, c, before)
	if err != nil {
		return nil, err
	}
	of := &operation{stack: s, id: stackID, token: changeSetPrefix + strings.ToLower(rand.Text())}
	if of.total, err = s.changes(ctx, id); err != nil {
		return nil, err
	}
	_, err = s.Client.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{ChangeSetName: &id, ClientRequestToken: &of.token})
	if err != nil {
		return nil, s.failed("execute the change set of", err)
	}
	after, err := s.wait(ctx, stackID, of)
	if err != nil {
		return nil, err
	}
	if after != nil && (after.Status == string(types.StackStatusCreateComplete) || after.Status == string(types.StackStatusUpdateComplete)) {
		return after, of.follow(ctx)
	}
	why, err := s.failure(ctx, stackID, of.token)
	if err != nil {
		return nil, err
	}
	status := "GONE"
	if after != nil {
		status = after.Status
		if why == "" {
			why = after.Reason
		}
	}
	return nil, &manifest.UserError{
		What: fmt.Sprintf("stack %s in %s could not be changed (%s)", s.Name, s.Region, status), Why: why,
		Hint: "nothing that visitors see has changed; put that right and deploy again",
	}
}

// changeSet makes a change set and waits for CloudFormation to have worked it out.
func (s *Stack) changeSet(ctx context.Context, c Change, before *State) (id, stackID string, err error) {
	kind := types.ChangeSetTypeUpdate
	if before == nil || before.Status == string(types.StackStatusReviewInProgress) {
		kind = types.ChangeSetTypeCreate
	}
	input := &cloudformation.CreateChangeSetInput{
		StackName: &s.Name, ChangeSetName: aws.String(changeSetPrefix + strings.ToLower(rand.Text())), ChangeSetType: kind,
		TemplateURL: &c.TemplateURL, Description: &c.Description,
		Capabilities: []types.Capability{types.CapabilityCapabilityIam},
	}
	for _, name := range slices.Sorted(maps.Keys(c.Parameters)) {
		input.Parameters = append(input.Parameters, types.Parameter{ParameterKey: &name, ParameterValue: aws.String(c.Parameters[name])})
	}
	for _, key := range slices.Sorted(maps.Keys(s.Tags)) {
		input.Tags = append(input.Tags, types.Tag{Key: &key, Value: aws.String(s.Tags[key])})
	}
	out, err := s.Client.CreateChangeSet(ctx, input)
	if err != nil {
		return "", "", s.failed("make a change set for", err)
	}
	id, stackID = aws.ToString(out.Id), aws.ToString(out.StackId)
	for pause := firstPause; ; pause = min(pause*3/2, longestPause) {
		set, err := s.Client.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{ChangeSetName: &id})
		if err != nil {
			return "", "", s.failed("describe the change set of", err)
		}
		switch set.Status {
		case types.ChangeSetStatusCreateComplete:
			return id, stackID, nil
		case types.ChangeSetStatusFailed:
			reason := aws.ToString(set.StatusReason)
			if _, err := s.Client.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{ChangeSetName: &id}); err != nil {
				return "", "", s.failed("delete the change set of", err)
			}
			if strings.Contains(reason, "didn't contain changes") || strings.Contains(reason, "No updates are to be performed") {
				return "", "", errNoChange
			}
			return "", "", &manifest.UserError{What: fmt.Sprintf("CloudFormation refuses the template of stack %s in %s", s.Name, s.Region), Why: reason}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return "", "", context.Cause(ctx)
		}
	}
}

// changes counts what a change set changes.
func (s *Stack) changes(ctx context.Context, id string) (int, error) {
	total := 0
	pages := cloudformation.NewDescribeChangeSetPaginator(s.Client, &cloudformation.DescribeChangeSetInput{ChangeSetName: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, s.failed("describe the change set of", err)
		}
		total += len(page.Changes)
	}
	return total, nil
}
