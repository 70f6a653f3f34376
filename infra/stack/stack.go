package stack

import (
	"context"
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

// Stack is a stack of a region, which need not be there.
type Stack struct {
	Client *cloudformation.Client
	Name   string
	Region string
	// Tags are given to the stack and to all that is in it. One of the name that has not
	// all of them is somebody else's.
	Tags map[string]string
	// Tell is told what happens; of total changes so many are done, both 0 where
	// nothing is counted. May be nil.
	Tell func(text string, done, total int)
}

// State is what CloudFormation says of a stack.
type State struct {
	ID, Status, Reason string
	Outputs            map[string]string
	// Parameters are those it was applied with; secret ones are asterisks.
	Parameters map[string]string
	tags       map[string]string
}

// State asks; nil where there is no stack. One that is somebody else's is a
// *manifest.UserError: its resources would be taken for ones to be removed.
func (s *Stack) State(ctx context.Context) (*State, error) {
	state, err := s.state(ctx, s.Name)
	if err != nil || state == nil || state.Status == string(types.StackStatusReviewInProgress) {
		return state, err // in review, nothing is in it yet
	}
	for _, key := range slices.Sorted(maps.Keys(s.Tags)) {
		if state.tags[key] != s.Tags[key] {
			return nil, s.foreign(key, state.tags[key])
		}
	}
	return state, nil
}

func (s *Stack) foreign(key, has string) error {
	why := fmt.Sprintf("pack gives its stacks the tag %s, %q here, and this one has none", key, s.Tags[key])
	if has != "" {
		why = fmt.Sprintf("its tag %s is %q, and this app's is %q", key, has, s.Tags[key])
	}
	return &manifest.UserError{
		What: fmt.Sprintf("stack %s in %s belongs to something else", s.Name, s.Region), Why: why,
		Hint: "give the app another name (pack.json: aws.name) or another --stage; one that was made of pack template is taken when it has the tag",
	}
}

// state is State by name or ID; by ID a deleted stack can be asked for as well.
func (s *Stack) state(ctx context.Context, name string) (*State, error) {
	out, err := s.Client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, s.failed("describe", err)
	}
	if len(out.Stacks) == 0 {
		return nil, nil
	}
	found := out.Stacks[0]
	state := &State{
		ID: aws.ToString(found.StackId), Status: string(found.StackStatus), Reason: aws.ToString(found.StackStatusReason),
		Outputs: map[string]string{}, Parameters: map[string]string{}, tags: map[string]string{},
	}
	for _, o := range found.Outputs {
		state.Outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	for _, p := range found.Parameters {
		state.Parameters[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	for _, t := range found.Tags {
		state.tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return state, nil
}

// absent: CloudFormation has no code of its own for a stack that is not there.
func absent(err error) bool {
	return account.Is(err, "ValidationError") && strings.Contains(err.Error(), "does not exist")
}

func (s *Stack) failed(verb string, err error) error {
	return fmt.Errorf("%s stack %s in %s: %w", verb, s.Name, s.Region, err)
}

func (s *Stack) tell(text string, done, total int) {
	if s.Tell != nil {
		s.Tell(text, done, total)
	}
}

// Usable brings the stack into a state that it can be changed from: it waits for
// what is under way, ends a rollback that got stuck, and deletes a stack whose
// creation failed, which never served anybody. Nil where there is no stack then.
func (s *Stack) Usable(ctx context.Context) (*State, error) {
	continued := 0
	for {
		state, err := s.State(ctx)
		if err != nil || state == nil {
			return nil, err
		}
		switch types.StackStatus(state.Status) {
		case types.StackStatusReviewInProgress:
			// A change set was made and never executed.
			return state, nil
		case types.StackStatusRollbackComplete, types.StackStatusRollbackFailed, types.StackStatusCreateFailed, types.StackStatusDeleteFailed:
			s.tell(fmt.Sprintf("removing what is left of stack %s, which could not be created in %s", s.Name, s.Region), 0, 0)
			if err := s.Delete(ctx); err != nil {
				return nil, err
			}
			return nil, nil
		case types.StackStatusUpdateRollbackFailed:
			if continued++; continued > 2 {
				return nil, s.stuck(ctx, state)
			}
			if err := s.continueRollback(ctx, state, continued > 1); err != nil {
				return nil, err
			}
			continue
		case types.StackStatusUpdateFailed:
			if _, err := s.Client.RollbackStack(ctx, &cloudformation.RollbackStackInput{StackName: &s.Name}); err != nil {
				return nil, s.failed("roll back", err)
			}
		}
		if !busy(state.Status) {
			return state, nil
		}
		s.tell(fmt.Sprintf("waiting for stack %s in %s, which is in %s", s.Name, s.Region, state.Status), 0, 0)
		if err := s.proofs(ctx, state.ID); err != nil {
			return nil, err
		}
		if _, err := s.wait(ctx, state.ID, nil); err != nil {
			return nil, err
		}
	}
}

func busy(status string) bool {
	return strings.HasSuffix(status, "_IN_PROGRESS") && status != string(types.StackStatusReviewInProgress)
}

// continueRollback ends a rollback that failed: as it is at first, since what was
// in its way may have gone; then without the resources that cannot be brought back, in
// nested stacks too, which the next change sets right.
func (s *Stack) continueRollback(ctx context.Context, state *State, force bool) error {
	s.tell(fmt.Sprintf("continuing the rollback of stack %s in %s", s.Name, s.Region), 0, 0)
	input := &cloudformation.ContinueUpdateRollbackInput{StackName: &s.Name}
	if force {
		input.ForceRollback = aws.Bool(true)
	}
	if _, err := s.Client.ContinueUpdateRollback(ctx, input); err != nil {
		return s.failed("continue the rollback of", err)
	}
	_, err := s.wait(ctx, state.ID, nil)
	return err
}

func (s *Stack) stuck(ctx context.Context, state *State) error {
	why := state.Reason
	if failure, err := s.failure(ctx, state.ID, ""); err == nil && failure != "" {
		why = failure
	}
	return &manifest.UserError{
		What: fmt.Sprintf("stack %s in %s cannot be rolled back", s.Name, s.Region), Why: why,
		Hint: "put that right in the AWS console (CloudFormation, stack actions, continue update rollback), then deploy again",
	}
}

// Delete deletes the stack and waits until it is gone. What it keeps stays.
func (s *Stack) Delete(ctx context.Context) error {
	state, err := s.State(ctx)
	if err != nil || state == nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		// What is being made need not be waited for, a certificate that nobody proves a
		// domain for least of all.
		if busy(state.Status) && state.Status != string(types.StackStatusDeleteInProgress) && state.Status != string(types.StackStatusCreateInProgress) {
			s.tell(fmt.Sprintf("waiting for stack %s in %s, which is in %s", s.Name, s.Region, state.Status), 0, 0)
			if state, err = s.wait(ctx, state.ID, nil); err != nil {
				return err
			}
		}
		if _, err := s.Client.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &state.ID}); err != nil {
			return s.failed("delete", err)
		}
		s.tell(fmt.Sprintf("deleting stack %s in %s", s.Name, s.Region), 0, 0)
		if state, err = s.wait(ctx, state.ID, nil); err != nil {
			return err
		}
		if state == nil || state.Status == string(types.StackStatusDeleteComplete) {
			return nil
		}
		if attempt == 2 {
			break
		}
	}
	why, err := s.failure(ctx, state.ID, "")
	if err != nil || why == "" {
		why = state.Reason
	}
	return &manifest.UserError{
		What: fmt.Sprintf("stack %s in %s could not be deleted", s.Name, s.Region), Why: why, Hint: "put that right and run the same command again",
	}
}

// How long between two questions, growing: most changes take seconds, CloudFront's
// minutes.
const (
	firstPause   = 300 * time.Millisecond
	longestPause = 5 * time.Second
)

// wait waits for what is under way to end, and tells of the changes that are being
// made. The state is nil where the stack is gone.
func (s *Stack) wait(ctx context.Context, id string, of *operation) (*State, error) {
	pause := firstPause
	for {
		state, err := s.state(ctx, id)
		if err != nil || state == nil || !busy(state.Status) {
			return state, err
		}
		if of != nil {
			if err := of.follow(ctx); err != nil {
				return nil, err
			}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		pause = min(pause*3/2, longestPause)
	}
}

// errNoChange: the change set has no changes.
var errNoChange = errors.New("nothing changes")
