package changes

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"pack/infra/template"
)

// Action is what happens to a resource.
type Action string

const (
	Added    Action = "add"
	Changed  Action = "change"
	Replaced Action = "replace"
	Deleted  Action = "delete"
)

// Change is one resource that does not stay as it is.
type Change struct {
	Action Action `json:"action"`
	// Area is function, iam, state, queue, schedule, cdn, alarm or other.
	Area string `json:"area"`
	// Name is what people call it, Type AWS's, ID the logical one.
	Name string `json:"name"`
	Type string `json:"type"`
	ID   string `json:"id"`
	// Details say what differs.
	Details []string `json:"details"`
}

// Lost reports whether the resource that is there now goes.
func (c Change) Lost() bool { return c.Action == Replaced || c.Action == Deleted }

// Comparison is what differs.
type Comparison struct {
	Changes []Change
	// Republished functions get another version, and nothing of them changes but
	// what they know of the deployment: gateway and worker.
	Republished int
}

// byEveryDeploy are types whose resources are made anew by every deploy, and kept or
// needed by nobody.
var byEveryDeploy = []string{"AWS::Lambda::Version", "AWS::Lambda::LayerVersion", "AWS::CloudFormation::Stack"}

// Compare compares templates, each with those nested in it by their logical ids, ""
// for the root. before has none where there is no stack yet.
func Compare(before, after map[string][]byte) (Comparison, error) {
	var c Comparison
	old, err := template.Flatten(before)
	if err != nil {
		return c, err
	}
	next, err := template.Flatten(after)
	if err != nil {
		return c, err
	}
	ids := slices.Sorted(maps.Keys(old))
	for id := range next {
		if _, there := old[id]; !there {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		was, had := old[id]
		is, has := next[id]
		kind := cmp.Or(is.Type, was.Type)
		if slices.Contains(byEveryDeploy, kind) {
			continue
		}
		change := Change{ID: id, Type: kind, Area: areaOf(kind), Details: []string{}}
		switch {
		case !had:
			change.Action, change.Name = Added, nameOf(id, is)
			change.Details = contents(is)
		case !has:
			change.Action, change.Name = Deleted, nameOf(id, was)
			if was.Kept {
				change.Details = []string{"leaves the stack and stays in the account"}
			}
		default:
			change.Action, change.Name, change.Details = Changed, nameOf(id, is), differences(was, is)
			if len(change.Details) == 0 {
				if is.Type == functionType && !reflect.DeepEqual(was.Properties, is.Properties) {
					c.Republished++
				}
				continue
			}
			if replaces(was, is) {
				change.Action = Replaced
			}
		}
		c.Changes = append(c.Changes, change)
	}
	slices.SortFunc(c.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(order(a.Area), order(b.Area)), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return c, nil
}

const (
	functionType = "AWS::Lambda::Function"
	roleType     = "AWS::IAM::Role"
)

// areas are in the order in which they are told.
var areas = []string{"function", "iam", "state", "queue", "schedule", "cdn", "alarm", "other"}

func order(area string) int { return slices.Index(areas, area) }

func areaOf(kind string) string {
	service := strings.Split(kind, "::")[1]
	switch {
	case kind == functionType:
		return "function"
	case kind == "AWS::Lambda::Permission", service == "IAM":
		return "iam"
	case service == "S3", service == "DynamoDB":
		return "state"
	case service == "SQS", kind == "AWS::Lambda::EventSourceMapping":
		return "queue"
	case service == "Scheduler":
		return "schedule"
	case service == "CloudFront", service == "CertificateManager", service == "Route53":
		return "cdn"
	case service == "CloudWatch":
		return "alarm"
	}
	return "other"
}

// nameOf is a resource's own name, or its logical id.
func nameOf(id string, r template.Resource) string {
	for _, property := range []string{"FunctionName", "QueueName", "LogGroupName", "AlarmName", "DashboardName", "Name"} {
		if name, ok := r.Properties[property].(string); ok {
			return name
		}
	}
	return id
}

// fixed are the properties that cannot be changed: a resource with another value is
// another resource. They are createOnlyProperties of AWS's resource schemas, and those
// of conditionalCreateOnlyProperties that replace whatever else there is. Types that
// every deploy makes anew are left out.
// https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
var fixed = map[string][]string{
	functionType:                           {"FunctionName", "PackageType", "TenancyConfig"},
	"AWS::Lambda::Alias":                   {"FunctionName", "Name"},
	"AWS::Lambda::Url":                     {"Qualifier", "TargetFunctionArn"},
	"AWS::Lambda::EventSourceMapping":      {"EventSourceArn", "SelfManagedEventSource", "StartingPosition", "StartingPositionTimestamp"},
	"AWS::Lambda::Permission":              {"Action", "EventSourceToken", "FunctionName", "FunctionUrlAuthType", "InvokedViaFunctionUrl", "Principal", "PrincipalOrgID", "SourceAccount", "SourceArn"},
	roleType:                               {"Path", "RoleName"},
	"AWS::Logs::LogGroup":                  {"LogGroupName"},
	"AWS::Logs::MetricFilter":              {"FilterName", "LogGroupName"},
	"AWS::S3::Bucket":                      {"BucketName", "BucketNamePrefix", "BucketNamespace"},
	"AWS::S3::BucketPolicy":                {"Bucket"},
	"AWS::DynamoDB::Table":                 {"ImportSourceSpecification", "KeySchema", "TableName"},
	"AWS::SQS::Queue":                      {"FifoQueue", "QueueName"},
	"AWS::Scheduler::Schedule":             {"Name"},
	"AWS::CertificateManager::Certificate": {"CertificateAuthorityArn", "DomainName", "DomainValidationOptions", "KeyAlgorithm", "SubjectAlternativeNames", "ValidationMethod"},
	"AWS::Route53::RecordSet":              {"HostedZoneId", "HostedZoneName", "Name"},
	"AWS::CloudFront::Function":            {"Name"},
	"AWS::CloudWatch::Alarm":               {"AlarmName"},
	"AWS::CloudWatch::Dashboard":           {"DashboardName"},
}

func replaces(was, is template.Resource) bool {
	return was.Type != is.Type || slices.ContainsFunc(fixed[is.Type], func(property string) bool {
		return !reflect.DeepEqual(was.Properties[property], is.Properties[property])
	})
}

// differences say what differs; nothing for what differs by every deploy.
func differences(was, is template.Resource) []string {
	switch {
	case was.Type != is.Type:
		return []string{fmt.Sprintf("%s becomes %s", was.Type, is.Type)}
	case is.Type == functionType:
		return ofFunction(was.Properties, is.Properties)
	case is.Type == roleType:
		return ofStatements(statements(was), statements(is))
	}
	var all []string
	for _, property := range properties(was.Properties, is.Properties) {
		if !reflect.DeepEqual(was.Properties[property], is.Properties[property]) && !onlyVersion(is.Type, property) {
			all = append(all, property)
		}
	}
	return all
}

// onlyVersion: an alias names the version that a deploy publishes.
func onlyVersion(kind, property string) bool {
	return kind == "AWS::Lambda::Alias" && property == "FunctionVersion"
}

func properties(a, b map[string]any) []string {
	names := map[string]bool{}
	for name := range a {
		names[name] = true
	}
	for name := range b {
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}
