package stack

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// operation is a change that is being made.
type operation struct {
	stack     *Stack
	id, token string
	total     int
	done      map[string]bool
	// last is the newest event that was looked at.
	last string
}

// follow tells how many resources are done, and which was the last.
func (o *operation) follow(ctx context.Context) error {
	if o.done == nil {
		o.done = map[string]bool{}
	}
	newest, failed := "", ""
	var proofs []string // what DNS must say before a certificate is issued
	err := o.stack.events(ctx, o.id, func(e types.StackEvent) bool {
		id := aws.ToString(e.EventId)
		if newest == "" {
			newest = id
		}
		if id == o.last || aws.ToString(e.ClientRequestToken) != o.token {
			return false
		}
		resource := aws.ToString(e.LogicalResourceId)
		switch {
		case proof(e):
			proofs = append(proofs, said(e))
		case aws.ToString(e.PhysicalResourceId) == o.id:
		case strings.HasSuffix(string(e.ResourceStatus), "_COMPLETE"):
			o.done[resource] = true
		case strings.HasSuffix(string(e.ResourceStatus), "_FAILED"):
			failed = said(e)
		}
		return true
	})
	if err != nil {
		return err
	}
	o.last = newest
	for _, text := range append(proofs, failed) {
		if text != "" {
			o.stack.tell(text, 0, 0)
		}
	}
	o.stack.tell(fmt.Sprintf("changing stack %s in %s", o.stack.Name, o.stack.Region), min(len(o.done), o.total), o.total)
	return nil
}

// proof: it says what DNS must say before a certificate is issued.
func proof(e types.StackEvent) bool {
	return aws.ToString(e.ResourceType) == certificateType && strings.Contains(aws.ToString(e.ResourceStatusReason), "CNAME")
}

// proofs tells what a change that somebody else has begun waits for.
func (s *Stack) proofs(ctx context.Context, id string) error {
	return s.events(ctx, id, func(e types.StackEvent) bool {
		if proof(e) {
			s.tell(said(e), 0, 0)
		}
		return aws.ToString(e.PhysicalResourceId) != id || aws.ToString(e.ResourceStatusReason) != "User Initiated"
	})
}

// failure finds the resource whose failure began it all, in nested stacks too, and
// says why it failed; "" where none did. token is of the operation; "" of any.
func (s *Stack) failure(ctx context.Context, id, token string) (string, error) {
	var first *types.StackEvent
	err := s.events(ctx, id, func(e types.StackEvent) bool {
		if token != "" && aws.ToString(e.ClientRequestToken) != token {
			return false
		}
		if strings.HasSuffix(string(e.ResourceStatus), "_FAILED") && aws.ToString(e.PhysicalResourceId) != id && !cancelled(e) {
			first = &e
		}
		// The beginning of the operation.
		return !(aws.ToString(e.PhysicalResourceId) == id && aws.ToString(e.ResourceStatusReason) == "User Initiated" && first != nil)
	})
	if err != nil || first == nil {
		return "", err
	}
	if aws.ToString(first.ResourceType) == nestedType && aws.ToString(first.PhysicalResourceId) != "" {
		if inner, err := s.failure(ctx, aws.ToString(first.PhysicalResourceId), ""); err == nil && inner != "" {
			return inner, nil
		}
	}
	return said(*first), nil
}

const (
	nestedType = "AWS::CloudFormation::Stack"
	// certificateType is made when its domains are proved, which the reason of an event
	// says how to do.
	certificateType = "AWS::CertificateManager::Certificate"
)

// cancelled: it failed because another one had.
func cancelled(e types.StackEvent) bool {
	reason := strings.ToLower(aws.ToString(e.ResourceStatusReason))
	return strings.HasPrefix(reason, "resource creation cancelled") || strings.HasPrefix(reason, "resource update cancelled")
}

func said(e types.StackEvent) string {
	return fmt.Sprintf("%s (%s): %s", aws.ToString(e.LogicalResourceId), aws.ToString(e.ResourceType), aws.ToString(e.ResourceStatusReason))
}

// events calls f with a stack's events, newest first, until it returns false.
func (s *Stack) events(ctx context.Context, id string, f func(types.StackEvent) bool) error {
	pages := cloudformation.NewDescribeStackEventsPaginator(s.Client, &cloudformation.DescribeStackEventsInput{StackName: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if absent(err) {
			return nil
		}
		if err != nil {
			return s.failed("read the events of", err)
		}
		for _, e := range page.StackEvents {
			if !f(e) {
				return nil
			}
		}
	}
	return nil
}
