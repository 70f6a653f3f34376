//go:build unix

package awsstacks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const nestedType = "AWS::CloudFormation::Stack"

// nestedError: a nested stack could not be changed.
type nestedError struct{ logical, physical, resource string }

func (e *nestedError) Error() string {
	return fmt.Sprintf("Embedded stack %s was not successfully changed: The following resource(s) failed: [%s].", e.physical, e.resource)
}

// nest makes and changes the stacks that a template nests, and removes those that it
// has no more. What the root makes itself is there.
func (s *Stacks) nest(ctx context.Context, found *stack, d *document, values map[string]string) error {
	for _, id := range slices.Sorted(maps.Keys(d.Resources)) {
		r := d.Resources[id]
		if r.Type != nestedType {
			continue
		}
		inner, verb := s.find(found.region, found.physical[id]), "UPDATE"
		if inner == nil {
			verb = "CREATE"
			inner = newStack(fmt.Sprintf("%s-%s-%d", found.name, id, len(s.stacks)), found.region, len(s.stacks))
			s.stacks = append(s.stacks, inner)
			found.physical[id] = inner.id
		}
		inner.token = found.token
		set := &changeSet{parameters: map[string]string{}}
		if set.template = s.object(found.region, fmt.Sprint(s.value(found, d, values, r.Properties["TemplateURL"]))); set.template == "" {
			return fmt.Errorf("%s: S3 error: The specified key does not exist", id)
		}
		given, _ := r.Properties["Parameters"].(map[string]any)
		for name, value := range given {
			set.parameters[name] = fmt.Sprint(s.value(found, d, values, value))
		}
		if s.fail != nil {
			if f := s.fail(inner.name, inner.region); f != nil {
				inner.add(event{logical: f.Resource, physical: f.Resource, kind: f.Type, status: verb + "_FAILED", reason: f.Reason, token: "of the nested stack"})
				return &nestedError{id, inner.id, f.Resource}
			}
		}
		if err := s.carryOut(inner, set, verb); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		inner.status, inner.template, inner.parameters = verb+"_COMPLETE", set.template, set.parameters
	}
	if found.template != "" {
		for id, r := range parse(found.template).Resources {
			if inner := s.find(found.region, found.physical[id]); r.Type == nestedType && d.Resources[id] == nil && inner != nil {
				s.remove(inner)
			}
		}
	}
	return nil
}

func newStack(name, region string, n int) *stack {
	return &stack{
		id: fmt.Sprintf("arn:aws:cloudformation:%s:%s:stack/%s/%d", region, account, name, n), name: name, region: region, status: "REVIEW_IN_PROGRESS",
		parameters: map[string]string{}, outputs: map[string]string{}, physical: map[string]string{}, aliases: map[string]string{}, sets: map[string]*changeSet{},
	}
}

// arnOf is the ARN of something that moto has made.
func arnOf(r *resource, physical, region string) string {
	name := physical[strings.LastIndex(physical, "/")+1:]
	switch r.Type {
	case "AWS::IAM::Role":
		return "arn:aws:iam::" + account + ":role/" + name
	case "AWS::S3::Bucket":
		return "arn:aws:s3:::" + name
	case "AWS::DynamoDB::Table":
		return fmt.Sprintf("arn:aws:dynamodb:%s:%s:table/%s", region, account, name)
	case "AWS::SQS::Queue":
		return fmt.Sprintf("arn:aws:sqs:%s:%s:%s", region, account, name)
	}
	return physical
}
