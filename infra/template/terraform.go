package template

import (
	"fmt"
	"maps"
	"slices"
)

// Terraform is a deployment as Terraform JSON.
type Terraform struct {
	// Files are main.tf.json alone.
	Files []File
	// Functions are those of the region, by name.
	Functions []Placed
	// Parameters are the variables that have no default, by name.
	Parameters []string
	// Warnings are for the owner to read.
	Warnings []string
}

// providerVersion is the oldest provider that has every argument used.
const providerVersion = ">= 5.100.0"

// NewTerraform makes the configuration of one region: the resources that
// NewCloudFormation makes, with three differences that are the provider's.
// Functions publish their versions themselves; the second permission of the
// gateway's URL is given by the AWS CLI; and the CDN keeps no pages, since a
// distribution cannot be told where to read their tags from and so could not be
// told that one has changed.
func NewTerraform(o Options) (*Terraform, error) {
	s, err := newStack(&o, false)
	if err != nil {
		return nil, fmt.Errorf("make Terraform configuration: %w", err)
	}
	t := &terraform{s: s, resources: map[string]map[string]object{}}
	for _, id := range slices.Sorted(maps.Keys(s.resources)) {
		if err := t.translate(id, s.resources[id]); err != nil {
			return nil, fmt.Errorf("make Terraform configuration: %s: %w", id, err)
		}
	}
	body, err := encodeIndented(t.document())
	if err != nil {
		return nil, err
	}
	made := &Terraform{Files: []File{{Name: "main.tf.json", Body: body}}, Functions: s.functions, Warnings: s.warnings}
	for _, name := range s.required() {
		made.Parameters = append(made.Parameters, snake(name))
	}
	return made, nil
}

// terraform translates a stack.
type terraform struct {
	s *stack
	// resources are by type and id.
	resources map[string]map[string]object
}

func (t *terraform) add(kind, id string, arguments object) {
	if t.resources[kind] == nil {
		t.resources[kind] = map[string]object{}
	}
	t.resources[kind][id] = arguments
}

func (t *terraform) document() object {
	variables, outputs := object{}, object{}
	variables[nodeVariable] = object{
		"type": "string", "default": runtimeNode,
		"description": "Runtime of functions with JavaScript; the provider must know it",
	}
	for name, p := range t.s.parameters {
		v := object{"type": "string", "description": p.Description}
		if !p.Required {
			v["default"] = p.Default
		}
		if p.Secret {
			v["sensitive"] = true
		}
		if p.Pattern != "" {
			v["validation"] = object{
				"condition":     fmt.Sprintf("${can(regex(%q, var.%s))}", p.Pattern, snake(name)),
				"error_message": "It must be " + p.Constraint + ".",
			}
		}
		variables[snake(name)] = v
	}
	for name, o := range t.s.outputs {
		outputs[snake(name)] = object{"description": o.Description, "value": t.value(o.Value)}
	}
	providers := list{object{"region": t.s.region}}
	if t.s.resources[idCertificate] != nil {
		providers = append(providers, object{"alias": "certificates", "region": certificateRegion})
	}
	document := object{
		"terraform": object{
			"required_version":   ">= 1.4.0",
			"required_providers": object{"aws": object{"source": "hashicorp/aws", "version": providerVersion}},
		},
		"provider": object{"aws": providers},
		"data":     object{"aws_caller_identity": object{"current": object{}}},
		"variable": variables, "resource": t.resources,
	}
	if len(outputs) > 0 {
		document["output"] = outputs
	}
	return document
}

// translate adds what a resource is in Terraform.
func (t *terraform) translate(id string, r *resource) error {
	p, _ := t.value(r.Properties).(object)
	switch r.Type {
	case "AWS::S3::Bucket":
		t.bucket(id, r.Properties)
	case "AWS::S3::BucketPolicy":
		return t.policy("aws_s3_bucket_policy", id, object{"bucket": p["Bucket"]}, r.Properties["PolicyDocument"])
	case "AWS::DynamoDB::Table":
		t.table(id, p)
	case "AWS::SQS::Queue":
		return t.queue(id, r)
	case "AWS::SQS::QueuePolicy":
		for i, queue := range r.Properties["Queues"].(list) {
			name := id
			if i > 0 {
				name += "Dead"
			}
			if err := t.policy("aws_sqs_queue_policy", name, object{"queue_url": t.value(queue)}, r.Properties["PolicyDocument"]); err != nil {
				return err
			}
		}
	case "AWS::IAM::Role":
		return t.role(id, r.Properties)
	case "AWS::Logs::LogGroup":
		t.add("aws_cloudwatch_log_group", id, object{"name": p["LogGroupName"], "retention_in_days": p["RetentionInDays"]})
	case "AWS::Logs::MetricFilter":
		m := p["MetricTransformations"].(list)[0].(object)
		t.add("aws_cloudwatch_log_metric_filter", id, object{
			"name": id, "log_group_name": p["LogGroupName"], "pattern": p["FilterPattern"],
			"metric_transformation": object{"namespace": m["MetricNamespace"], "name": m["MetricName"], "value": m["MetricValue"]},
		})
	case "AWS::Lambda::Version":
		// Of the function: publish.
	case "AWS::CloudWatch::Alarm":
		t.alarm(id, p)
	case "AWS::CloudWatch::Dashboard":
		t.add("aws_cloudwatch_dashboard", id, object{"dashboard_name": p["DashboardName"], "dashboard_body": p["DashboardBody"]})
	case "AWS::Scheduler::Schedule":
		t.schedule(id, p)
	default:
		if !t.compute(id, r, p) && !t.edge(id, r, p) {
			return fmt.Errorf("there is no translation of %s", r.Type)
		}
	}
	return nil
}

// policy adds a resource with a policy document.
func (t *terraform) policy(kind, id string, arguments object, document any) error {
	text, err := t.text(document)
	arguments["policy"] = text
	t.add(kind, id, arguments)
	return err
}

func (t *terraform) role(id string, p object) error {
	trust, err := t.text(p["AssumeRolePolicyDocument"])
	if err != nil {
		return err
	}
	t.add("aws_iam_role", id, object{"name_prefix": t.s.o.prefix() + "-", "assume_role_policy": trust})
	policy := p["Policies"].(list)[0].(object)
	return t.policy("aws_iam_role_policy", id, object{"name": policy["PolicyName"], "role": "${aws_iam_role." + id + ".id}"}, policy["PolicyDocument"])
}

func (t *terraform) alarm(id string, p object) {
	arguments := object{
		"alarm_name": p["AlarmName"], "alarm_description": p["AlarmDescription"], "namespace": p["Namespace"], "metric_name": p["MetricName"],
		"statistic": p["Statistic"], "period": p["Period"], "evaluation_periods": p["EvaluationPeriods"], "threshold": p["Threshold"],
		"comparison_operator": p["ComparisonOperator"], "treat_missing_data": p["TreatMissingData"],
	}
	if all, ok := p["Dimensions"].(list); ok {
		d := all[0].(object)
		arguments["dimensions"] = object{d["Name"].(string): d["Value"]}
	}
	if actions, ok := p["AlarmActions"]; ok {
		arguments["alarm_actions"], arguments["ok_actions"] = actions, p["OKActions"]
	}
	t.add("aws_cloudwatch_metric_alarm", id, arguments)
}

func (t *terraform) schedule(id string, p object) {
	target := p["Target"].(object)
	retry := target["RetryPolicy"].(object)
	t.add("aws_scheduler_schedule", id, object{
		"name": p["Name"], "description": p["Description"],
		"schedule_expression": p["ScheduleExpression"], "schedule_expression_timezone": p["ScheduleExpressionTimezone"],
		"flexible_time_window": object{"mode": "OFF"},
		"target": object{
			"arn": target["Arn"], "role_arn": target["RoleArn"], "input": target["Input"],
			"retry_policy": object{
				"maximum_event_age_in_seconds": retry["MaximumEventAgeInSeconds"], "maximum_retry_attempts": retry["MaximumRetryAttempts"],
			},
			"dead_letter_config": object{"arn": target["DeadLetterConfig"].(object)["Arn"]},
		},
	})
}
