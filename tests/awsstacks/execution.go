//go:build unix

package awsstacks

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func (s *Stacks) in(region string) aws.Config {
	c := s.moto.Config.Copy()
	c.Region = region
	// What fails at moto fails: a second attempt would find it half done.
	c.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return c
}

// object reads what an address as https://BUCKET.s3.REGION.amazonaws.com/KEY names.
func (s *Stacks) object(region, address string) string {
	host, key, _ := strings.Cut(strings.TrimPrefix(address, "https://"), "/")
	bucket, _, _ := strings.Cut(host, ".s3.")
	client := s3.NewFromConfig(s.in(region), func(o *s3.Options) { o.UsePathStyle = true })
	out, err := client.GetObject(context.Background(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return ""
	}
	defer out.Body.Close()
	text, _ := io.ReadAll(out.Body)
	return string(text)
}

// execute begins what a change set says, and ends it later.
func (s *Stacks) execute(found *stack, set *changeSet, token string) {
	verb := map[string]string{"CREATE": "CREATE", "UPDATE": "UPDATE"}[set.kind]
	found.status, found.token = verb+"_IN_PROGRESS", token
	found.add(event{logical: found.name, physical: found.id, kind: "AWS::CloudFormation::Stack", status: found.status, reason: "User Initiated", token: token})
	if verb == "CREATE" {
		found.tags = set.tags // which a stack that could not be made has too
	}
	for _, id := range set.changes {
		// CloudFormation tells here alone how a certificate's domain is proved.
		if r := parse(set.template).Resources[id]; r != nil && r.Type == "AWS::CertificateManager::Certificate" {
			found.add(event{logical: id, kind: r.Type, status: "CREATE_IN_PROGRESS", token: token, reason: fmt.Sprintf(
				"Content of DNS Record is: {Name: _0a1b.%v.,Type: CNAME,Value: _2c3d.acm-validations.aws.}", r.Properties["DomainName"])})
		}
	}
	hold, fail := s.hold, s.fail
	s.background.Go(func() {
		if hold != nil {
			<-hold
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if found.status != verb+"_IN_PROGRESS" {
			return // deleted meanwhile
		}
		var failure *Failure
		physical := ""
		if fail != nil {
			failure = fail(found.name, found.region)
		}
		if failure == nil {
			if err := s.carryOut(found, set, verb); err != nil {
				failure = &Failure{Resource: "Stack", Type: nestedType, Reason: err.Error()}
				var inner *nestedError
				if errors.As(err, &inner) {
					failure.Resource, physical = inner.logical, inner.physical
				}
			}
		}
		if failure != nil && verb == "UPDATE" {
			if err := s.takeBack(found, set); err != nil {
				failure.Status = "UPDATE_ROLLBACK_FAILED"
			}
		}
		if failure != nil {
			found.add(event{logical: failure.Resource, physical: cmp.Or(physical, failure.Resource), kind: failure.Type, status: verb + "_FAILED", reason: failure.Reason, token: token})
			found.add(event{logical: "Another", kind: failure.Type, status: verb + "_FAILED", reason: "Resource update cancelled", token: token})
			if found.status = failure.Status; found.status == "" {
				found.status = map[string]string{"CREATE": "ROLLBACK_COMPLETE", "UPDATE": "UPDATE_ROLLBACK_COMPLETE"}[verb]
			}
			return
		}
		for _, id := range set.changes {
			found.add(event{logical: id, physical: found.physical[id], status: verb + "_COMPLETE", token: token})
		}
		found.status = verb + "_COMPLETE"
		found.template, found.parameters, found.tags = set.template, set.parameters, set.tags
	})
}

func (found *stack) add(e event) {
	e.id, e.at = fmt.Sprintf("e%d", len(found.events)), time.Now()
	found.events = append(found.events, e)
}

// notMotos are types that moto passes over or fakes; what is theirs to do is done
// here, or not looked at by anybody.
var notMotos = []string{
	"AWS::Lambda::Alias", "AWS::Lambda::Url", "AWS::Lambda::Version", "AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping",
	"AWS::Lambda::LayerVersion", // which moto cannot update functions with
	"AWS::S3::BucketPolicy", "AWS::Logs::MetricFilter", "AWS::Scheduler::Schedule", "AWS::SQS::QueuePolicy", "AWS::CloudFormation::Stack",
}

func motos(kind string) bool {
	return !slices.Contains(notMotos, kind) && !strings.HasPrefix(kind, "AWS::CloudFront::") && !strings.HasPrefix(kind, "AWS::CloudWatch::") &&
		!strings.HasPrefix(kind, "AWS::CertificateManager::") && !strings.HasPrefix(kind, "AWS::Route53::")
}

// carryOut has moto make what it can of a template, and does the rest.
func (s *Stacks) carryOut(found *stack, set *changeSet, verb string) error {
	ctx := context.Background()
	d := parse(set.template)
	values := map[string]string{}
	for name, p := range d.Parameters {
		if p.Default != nil {
			values[name] = *p.Default
		}
	}
	maps.Copy(values, set.parameters)
	var whole map[string]any
	if err := json.Unmarshal([]byte(set.template), &whole); err != nil {
		return err
	}
	resources := whole["Resources"].(map[string]any)
	for id, r := range d.Resources {
		if !motos(r.Type) {
			delete(resources, id)
			if r.Type == "AWS::Lambda::LayerVersion" && found.physical[id] == "" {
				arn, err := s.layer(ctx, found.region, r, values)
				if err != nil {
					return fmt.Errorf("%s: %w", id, err)
				}
				found.physical[id] = arn
			}
			if found.physical[id] == "" && r.Type != nestedType {
				found.physical[id] = invented(id, r, found.region)
			}
			continue
		}
		if r.DeletionPolicy != "" {
			resources[id].(map[string]any)["DeletionPolicy"] = "Retain" // the one that moto knows
		}
		delete(resources[id].(map[string]any), "DependsOn")
	}
	// What is left may refer to what is not moto's.
	whole["Resources"] = substituted(whole["Resources"], func(id, attribute string) (any, bool) {
		if r := d.Resources[id]; r != nil && !motos(r.Type) {
			return found.physical[id], true
		}
		return nil, false
	})
	delete(whole, "Outputs")
	text, err := json.Marshal(whole)
	if err != nil {
		return err
	}
	if err := s.make(ctx, found, string(text), values, verb); err != nil {
		return err
	}
	if err := s.nest(ctx, found, &d, values); err != nil {
		return err
	}
	if err := s.publish(ctx, found, &d, values); err != nil {
		return err
	}
	for name, o := range d.Outputs {
		found.outputs[name] = fmt.Sprint(s.value(found, &d, values, o.Value))
	}
	for name := range found.outputs {
		if _, there := d.Outputs[name]; !there {
			delete(found.outputs, name)
		}
	}
	return nil
}

// make has moto make or change the stack.
func (s *Stacks) make(ctx context.Context, found *stack, template string, values map[string]string, verb string) error {
	client := cloudformation.NewFromConfig(s.in(found.region))
	var parameters []types.Parameter
	for name, value := range values {
		parameters = append(parameters, types.Parameter{ParameterKey: aws.String(name), ParameterValue: aws.String(value)})
	}
	var err error
	if verb == "CREATE" {
		_, err = client.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: &found.name, TemplateBody: &template, Parameters: parameters})
	} else {
		_, err = client.UpdateStack(ctx, &cloudformation.UpdateStackInput{StackName: &found.name, TemplateBody: &template, Parameters: parameters})
		if err != nil && strings.Contains(err.Error(), "No updates are to be performed") {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	pages := cloudformation.NewListStackResourcesPaginator(client, &cloudformation.ListStackResourcesInput{StackName: &found.name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, r := range page.StackResourceSummaries {
			found.physical[aws.ToString(r.LogicalResourceId)] = aws.ToString(r.PhysicalResourceId)
		}
	}
	return nil
}

// layer publishes a version of a layer.
func (s *Stacks) layer(ctx context.Context, region string, r *resource, values map[string]string) (string, error) {
	content := r.Properties["Content"].(map[string]any)
	out, err := lambda.NewFromConfig(s.in(region)).PublishLayerVersion(ctx, &lambda.PublishLayerVersionInput{
		LayerName: aws.String(r.Properties["LayerName"].(string)),
		Content:   &lambdatypes.LayerVersionContentInput{S3Bucket: aws.String(values["ArtifactBucket"]), S3Key: aws.String(content["S3Key"].(string))},
	})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.LayerVersionArn), nil
}

// invented is what something of AWS's might be called.
func invented(id string, r *resource, region string) string {
	switch r.Type {
	case "AWS::CloudFront::Distribution":
		return "EDFDVBD6EXAMPLE"
	case "AWS::Lambda::Url":
		return "https://abcdefghijklmnopqrstuvwxyz.lambda-url." + region + ".on.aws/"
	case "AWS::CertificateManager::Certificate":
		return "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
	}
	return strings.ToLower(id)
}

// value works out a value of a template, as far as they occur in outputs and aliases.
func (s *Stacks) value(found *stack, d *document, values map[string]string, v any) any {
	o, ok := v.(map[string]any)
	if !ok {
		return v
	}
	if id, ok := o["Ref"].(string); ok {
		if value, ok := values[id]; ok {
			return value
		}
		return found.physical[id]
	}
	if parts, ok := o["Fn::GetAtt"].([]any); ok {
		physical := found.physical[parts[0].(string)]
		switch parts[1] {
		case "Version":
			return physical[strings.LastIndex(physical, ":")+1:]
		case "DomainName":
			return "d111111abcdef8.cloudfront.net"
		case "Arn":
			return arnOf(d.Resources[parts[0].(string)], physical, found.region)
		}
		return physical
	}
	if parts, ok := o["Fn::Join"].([]any); ok {
		var texts []string
		for _, part := range parts[1].([]any) {
			texts = append(texts, fmt.Sprint(s.value(found, d, values, part)))
		}
		return strings.Join(texts, parts[0].(string))
	}
	if parts, ok := o["Fn::If"].([]any); ok {
		if values[strings.TrimPrefix(parts[0].(string), "Has")] != "" {
			return s.value(found, d, values, parts[1])
		}
		return s.value(found, d, values, parts[2])
	}
	return fmt.Sprint(v)
}

// substituted replaces references.
func substituted(v any, by func(id, attribute string) (any, bool)) any {
	switch v := v.(type) {
	case map[string]any:
		if id, ok := v["Ref"].(string); ok {
			if value, ok := by(id, ""); ok {
				return value
			}
		}
		if parts, ok := v["Fn::GetAtt"].([]any); ok {
			if value, ok := by(parts[0].(string), parts[1].(string)); ok {
				return value
			}
		}
		out := map[string]any{}
		for key, member := range v {
			out[key] = substituted(member, by)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, member := range v {
			out[i] = substituted(member, by)
		}
		return out
	}
	return v
}

// remove deletes a stack.
func (s *Stacks) remove(found *stack) {
	if found.status == "DELETE_COMPLETE" {
		return
	}
	if s.fail != nil {
		if f := s.fail(found.name, found.region); f != nil {
			found.add(event{logical: f.Resource, physical: f.Resource, kind: f.Type, status: "DELETE_FAILED", reason: f.Reason})
			found.status, found.reason = "DELETE_FAILED", "The following resource(s) failed to delete: ["+f.Resource+"]."
			return
		}
	}
	if found.status == "REVIEW_IN_PROGRESS" {
		found.status = "DELETE_COMPLETE" // moto has none
		return
	}
	for _, id := range found.physical {
		if inner := s.find(found.region, id); inner != nil && id == inner.id {
			s.remove(inner)
		}
	}
	_, err := cloudformation.NewFromConfig(s.in(found.region)).DeleteStack(context.Background(), &cloudformation.DeleteStackInput{StackName: &found.name})
	s.forget(found)
	found.status = "DELETE_COMPLETE"
	if err != nil {
		found.status, found.reason = "DELETE_FAILED", err.Error()
	}
}
