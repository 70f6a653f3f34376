package stack

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// Resource is one of a stack or of those nested in it.
type Resource struct {
	// Stack is the logical ID of the nested stack that has it; empty for the root.
	Stack string
	// ID is its logical ID, Physical what AWS calls it.
	ID, Physical, Type, Status string
}

// Resources lists them; none where there is no stack.
func (s *Stack) Resources(ctx context.Context) ([]Resource, error) {
	all, err := s.resources(ctx, s.Name, "")
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if r.Type != nestedType || r.Physical == "" {
			continue
		}
		inner, err := s.resources(ctx, r.Physical, r.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, inner...)
	}
	return all, nil
}

func (s *Stack) resources(ctx context.Context, stack, nested string) ([]Resource, error) {
	var all []Resource
	pages := cloudformation.NewListStackResourcesPaginator(s.Client, &cloudformation.ListStackResourcesInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if absent(err) {
			return nil, nil
		}
		if err != nil {
			return nil, s.failed("list the resources of", err)
		}
		for _, r := range page.StackResourceSummaries {
			all = append(all, Resource{
				Stack: nested, ID: aws.ToString(r.LogicalResourceId), Physical: aws.ToString(r.PhysicalResourceId),
				Type: aws.ToString(r.ResourceType), Status: string(r.ResourceStatus),
			})
		}
	}
	return all, nil
}

// Templates gives the template that was applied last and those nested in it, by the
// nested stack's logical ID, "" for the root; none where there is no stack.
func (s *Stack) Templates(ctx context.Context) (map[string][]byte, error) {
	root, err := s.template(ctx, s.Name)
	if err != nil || root == nil {
		return nil, err
	}
	all := map[string][]byte{"": root}
	resources, err := s.resources(ctx, s.Name, "")
	if err != nil {
		return nil, err
	}
	for _, r := range resources {
		if r.Type != nestedType || r.Physical == "" {
			continue
		}
		if all[r.ID], err = s.template(ctx, r.Physical); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (s *Stack) template(ctx context.Context, stack string) ([]byte, error) {
	out, err := s.Client.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &stack, TemplateStage: types.TemplateStageOriginal})
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, s.failed("read the template of", err)
	}
	return []byte(aws.ToString(out.TemplateBody)), nil
}
