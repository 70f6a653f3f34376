package template

import (
	"fmt"
	"regexp"
	"strings"
)

// terraformTypes are Terraform's names of resource types, and what Ref and the
// attributes of CloudFormation are called there.
var terraformTypes = map[string]struct {
	name       string
	ref        string
	attributes map[string]string
}{
	"AWS::S3::Bucket":                      {"aws_s3_bucket", "id", map[string]string{"Arn": "arn", "RegionalDomainName": "bucket_regional_domain_name"}},
	"AWS::S3::BucketPolicy":                {"aws_s3_bucket_policy", "id", nil},
	"AWS::DynamoDB::Table":                 {"aws_dynamodb_table", "name", nil},
	"AWS::SQS::Queue":                      {"aws_sqs_queue", "url", map[string]string{"Arn": "arn", "QueueName": "name"}},
	"AWS::SQS::QueuePolicy":                {"aws_sqs_queue_policy", "id", nil},
	"AWS::IAM::Role":                       {"aws_iam_role", "id", map[string]string{"Arn": "arn"}},
	"AWS::Logs::LogGroup":                  {"aws_cloudwatch_log_group", "name", map[string]string{"Arn": "arn"}},
	"AWS::Logs::MetricFilter":              {"aws_cloudwatch_log_metric_filter", "id", nil},
	"AWS::Lambda::Function":                {"aws_lambda_function", "function_name", map[string]string{"Arn": "arn"}},
	"AWS::Lambda::LayerVersion":            {"aws_lambda_layer_version", "arn", nil},
	"AWS::Lambda::Alias":                   {"aws_lambda_alias", "arn", nil},
	"AWS::Lambda::Url":                     {"aws_lambda_function_url", "id", map[string]string{"FunctionUrl": "function_url"}},
	"AWS::Lambda::Permission":              {"aws_lambda_permission", "id", nil},
	"AWS::Lambda::EventSourceMapping":      {"aws_lambda_event_source_mapping", "id", nil},
	"AWS::Scheduler::Schedule":             {"aws_scheduler_schedule", "id", nil},
	"AWS::CloudWatch::Alarm":               {"aws_cloudwatch_metric_alarm", "id", nil},
	"AWS::CloudWatch::Dashboard":           {"aws_cloudwatch_dashboard", "id", nil},
	"AWS::CloudFront::Distribution":        {"aws_cloudfront_distribution", "id", map[string]string{"DomainName": "domain_name"}},
	"AWS::CloudFront::CachePolicy":         {"aws_cloudfront_cache_policy", "id", nil},
	"AWS::CloudFront::Function":            {"aws_cloudfront_function", "id", map[string]string{"FunctionARN": "arn"}},
	"AWS::CloudFront::OriginAccessControl": {"aws_cloudfront_origin_access_control", "id", map[string]string{"Id": "id"}},
	"AWS::CertificateManager::Certificate": {"aws_acm_certificate", "arn", nil},
	"AWS::Route53::RecordSet":              {"aws_route53_record", "id", nil},
}

// value translates a value: references become Terraform's expressions.
func (t *terraform) value(value any) any {
	switch v := value.(type) {
	case string:
		return escaped(v)
	case list:
		out := make(list, len(v))
		for i, member := range v {
			out[i] = t.value(member)
		}
		return out
	case object:
		if expression, ok := t.expression(v); ok {
			return "${" + expression + "}" + t.streams(v)
		}
		if parts, ok := v[keyJoin].(list); ok {
			var b strings.Builder
			for _, part := range parts[1].(list) {
				fmt.Fprint(&b, t.value(part))
			}
			return b.String()
		}
		out := make(object, len(v))
		for name, member := range v {
			out[name] = t.value(member)
		}
		return out
	}
	return value
}

// text is a translated value as the text of a JSON document, as policies are
// given: ARNs and names need no escapes.
func (t *terraform) text(value any) (string, error) { return encodeCompact(t.value(value)) }

// escaped keeps text from being taken for an expression.
func escaped(text string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(text)
}

// expression translates an intrinsic function that is one expression.
func (t *terraform) expression(v object) (string, bool) {
	if id, ok := v[keyRef].(string); ok {
		return t.reference(id, ""), true
	}
	if parts, ok := v[keyAttribute].(list); ok {
		return t.reference(parts[0].(string), parts[1].(string)), true
	}
	if parts, ok := v[keyIf].(list); ok {
		set, _ := t.expression(parts[1].(object))
		unset, _ := t.expression(parts[2].(object))
		return fmt.Sprintf(`var.%s != "" ? %s : %s`, snake(parameterOf(parts[0].(string))), set, unset), true
	}
	if parts, ok := v[keySelect].(list); ok {
		split := parts[1].(object)[keySplit].(list)
		inner, _ := t.expression(split[1].(object))
		return fmt.Sprintf(`split(%q, %s)[%d]`, split[0], inner, parts[0]), true
	}
	return "", false
}

func (t *terraform) reference(id, attribute string) string {
	if id == accountID {
		return "data.aws_caller_identity.current.account_id"
	}
	if _, ok := t.s.parameters[id]; ok {
		return "var." + snake(id)
	}
	r := t.s.resources[id]
	if r.Type == "AWS::Lambda::Version" {
		// A function publishes its versions itself.
		return "aws_lambda_function." + t.functionOf(r) + ".version"
	}
	if id == idCertificate && t.s.o.CDN.HostedZone != "" {
		return "aws_acm_certificate_validation." + id + ".certificate_arn"
	}
	kind := terraformTypes[r.Type]
	address := kind.name + "." + id + "."
	if attribute == "" {
		return address + kind.ref
	}
	return address + kind.attributes[attribute]
}

// streams is what CloudFormation's ARN of a log group has at its end, which
// stands for its streams, and Terraform's has not.
func (t *terraform) streams(v object) string {
	parts, ok := v[keyAttribute].(list)
	if r := t.s.resources[fmt.Sprint(append(parts, "")[0])]; ok && r != nil && r.Type == "AWS::Logs::LogGroup" {
		return ":*"
	}
	return ""
}

// functionOf is the function that a version or an alias is of.
func (t *terraform) functionOf(r *resource) string {
	return r.Properties["FunctionName"].(object)[keyRef].(string)
}

var words = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// snake is the name of a parameter as Terraform writes names.
func snake(name string) string { return strings.ToLower(words.ReplaceAllString(name, "${1}_${2}")) }
