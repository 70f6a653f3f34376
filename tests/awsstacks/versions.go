//go:build unix

package awsstacks

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// publish makes the versions that are new, and points aliases to them.
func (s *Stacks) publish(ctx context.Context, found *stack, d *document, values map[string]string) error {
	client := lambda.NewFromConfig(s.in(found.region))
	before := map[string]bool{}
	if found.template != "" {
		for id := range parse(found.template).Resources {
			before[id] = true
		}
	}
	for id, r := range d.Resources {
		if r.Type != "AWS::Lambda::Version" || before[id] {
			continue
		}
		function := fmt.Sprint(s.value(found, d, values, r.Properties["FunctionName"]))
		key := found.region + " " + function
		now, err := contents(ctx, client, function)
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		if last, ok := s.published[key]; ok && last.contents == now {
			// In CloudFormation's words: Lambda makes no second version of the same.
			return fmt.Errorf("%s: A version for this Lambda function exists ( %s ). Modify the function to create a new version", id, last.number)
		}
		out, err := client.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: &function})
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		if s.published == nil {
			s.published = map[string]version{}
		}
		s.published[key] = version{number: aws.ToString(out.Version), contents: now}
		found.physical[id] = fmt.Sprintf("arn:aws:lambda:%s:123456789012:function:%s:%s", found.region, function, aws.ToString(out.Version))
	}
	return s.point(ctx, found, d, values, func(id, version string) string { found.aliases[id] = version; return version })
}

// point changes the aliases that are to have another version than CloudFormation has given
// them, which is all that it looks at, to the one that to gives.
func (s *Stacks) point(ctx context.Context, found *stack, d *document, values map[string]string, to func(id, version string) string) error {
	client := lambda.NewFromConfig(s.in(found.region))
	for id, r := range d.Resources {
		if r.Type != "AWS::Lambda::Alias" {
			continue
		}
		function := fmt.Sprint(s.value(found, d, values, r.Properties["FunctionName"]))
		version, name := fmt.Sprint(s.value(found, d, values, r.Properties["FunctionVersion"])), r.Properties["Name"].(string)
		if found.aliases[id] == version {
			continue
		}
		created := found.aliases[id] == ""
		if version = to(id, version); version == "" {
			continue
		}
		_, err := client.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: &function, Name: &name, FunctionVersion: &version})
		if err != nil && created {
			_, err = client.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: &function, Name: &name, FunctionVersion: &version})
		}
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		found.physical[id] = fmt.Sprintf("arn:aws:lambda:%s:123456789012:function:%s:%s", found.region, function, name)
	}
	return nil
}

// takeBack is what a rollback does to the aliases that a failed change had changed: they
// get the versions that CloudFormation had given them before.
func (s *Stacks) takeBack(found *stack, set *changeSet) error {
	d := parse(set.template)
	return s.point(context.Background(), found, &d, set.parameters, func(id, _ string) string { return found.aliases[id] })
}

// version is what was published last of a function.
type version struct{ number, contents string }

// contents are what of a function is part of a version.
func contents(ctx context.Context, client *lambda.Client, function string) (string, error) {
	out, err := client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &function})
	if err != nil {
		return "", err
	}
	var layers []string
	for _, l := range out.Layers {
		layers = append(layers, aws.ToString(l.Arn))
	}
	var variables map[string]string
	if out.Environment != nil {
		variables = out.Environment.Variables
	}
	text, err := json.Marshal([]any{
		out.CodeSha256, layers, variables, out.MemorySize, out.Timeout, out.Runtime, out.Architectures, out.Role, out.Description, out.Handler,
	})
	return string(text), err
}

// forget drops what was published of a stack that goes.
func (s *Stacks) forget(found *stack) {
	maps.DeleteFunc(s.published, func(key string, _ version) bool {
		return strings.HasPrefix(key, found.region+" "+found.name+"_")
	})
}

// listVersions leaves out those that were deleted.
func (s *Stacks) listVersions(w http.ResponseWriter, r *http.Request, region string) {
	name := functionOf(r)
	out, err := lambda.NewFromConfig(s.in(region)).ListVersionsByFunction(r.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: &name})
	if err != nil {
		s.proxy.ServeHTTP(w, r)
		return
	}
	type version struct{ FunctionArn, Version string }
	answer := struct{ Versions []version }{}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range out.Versions {
		if !slices.Contains(s.deleted, region+" "+name+":"+aws.ToString(v.Version)) {
			answer.Versions = append(answer.Versions, version{aws.ToString(v.FunctionArn), aws.ToString(v.Version)})
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}
