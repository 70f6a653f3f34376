package doctor

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Place is what the policy of deploying is narrowed to.
type Place struct {
	// Account has twelve digits.
	Account string
	// Prefix is the app's and stage's name, with which the names of what is made
	// begin.
	Prefix string
	// Regions are the stacks', the home region first.
	Regions []string
	// HostedZone is pack.json's cdn.hostedZone, if any.
	HostedZone string
	// WebACL is the ARN of pack.json's cdn.webAcl, if any.
	WebACL string
}

// Policy is an IAM policy.
type Policy struct {
	Version   string
	Statement []Statement
}

// Statement allows actions.
type Statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string]any `json:",omitempty"`
	// Why says why the resource is no narrower; it is no part of the policy.
	Why string `json:"-"`
}

// need is what deploying resources of some types takes.
type need struct {
	sid string
	// types are CloudFormation's; none where it is needed for every deployment.
	types     []string
	actions   []string
	resources func(Place) []string
	condition map[string]map[string]any
	why       string
}

// arn makes a name of every region.
func regional(format string) func(Place) []string {
	return func(p Place) []string {
		var all []string
		for _, region := range p.Regions {
			all = append(all, fill(format, region, p))
		}
		return all
	}
}

// at makes names that do not depend on the region.
func at(formats ...string) func(Place) []string {
	return func(p Place) []string {
		var all []string
		for _, f := range formats {
			all = append(all, fill(f, p.Regions[0], p))
		}
		return all
	}
}

func fill(format, region string, p Place) string {
	return strings.NewReplacer("{region}", region, "{account}", p.Account, "{prefix}", p.Prefix, "{zone}", p.HostedZone).Replace(format)
}

// both joins two.
func both(a, b func(Place) []string) func(Place) []string {
	return func(p Place) []string { return append(a(p), b(p)...) }
}

// each adds a service's prefix to actions.
func each(service string, actions ...string) []string {
	for i, a := range actions {
		actions[i] = service + ":" + a
	}
	return actions
}

// madeID is why a resource can be any of its kind.
const madeID = "AWS makes up the ids, which cannot be known before"

// needs is what is needed, by what is made. Actions are those that pack's own
// commands ask for and those of the resource handlers of CloudFormation, which
// act with the credentials of who deploys
// (https://docs.aws.amazon.com/service-authorization/latest/reference/).
var needs = []need{
	{
		sid: "Stacks",
		actions: each("cloudformation", "CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "CreateStack", "UpdateStack", "DeleteStack",
			"DescribeStacks", "DescribeStackEvents", "DescribeStackResources", "ListStackResources", "GetTemplate", "GetTemplateSummary", "ContinueUpdateRollback", "RollbackStack", "TagResource"),
		resources: both(regional("arn:aws:cloudformation:{region}:{account}:stack/{prefix}/*"), both(
			regional("arn:aws:cloudformation:{region}:{account}:stack/{prefix}-*/*"), at("arn:aws:cloudformation:us-east-1:{account}:stack/{prefix}-certificate/*"))),
	},
	{
		sid: "Buckets",
		actions: each("s3", "CreateBucket", "DeleteBucket", "ListBucket", "ListBucketVersions", "GetBucketLocation", "PutBucketPolicy", "GetBucketPolicy", "DeleteBucketPolicy",
			"PutEncryptionConfiguration", "GetEncryptionConfiguration", "PutLifecycleConfiguration", "GetLifecycleConfiguration", "PutBucketVersioning", "GetBucketVersioning",
			"PutBucketOwnershipControls", "GetBucketOwnershipControls", "PutBucketPublicAccessBlock", "GetBucketPublicAccessBlock", "PutBucketTagging", "GetBucketTagging",
			"GetObject", "PutObject", "DeleteObject", "DeleteObjectVersion", "AbortMultipartUpload"),
		resources: at("arn:aws:s3:::{prefix}-*"),
	},
	{
		sid:       "Secrets",
		actions:   each("ssm", "GetParameter", "PutParameter", "DeleteParameter"),
		resources: at("arn:aws:ssm:{region}:{account}:parameter/pack/{prefix}/build-key", "arn:aws:ssm:{region}:{account}:parameter/pack/{prefix}/origin-secret"),
	},
	{
		sid:   "Functions",
		types: []string{"AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Lambda::Alias", "AWS::Lambda::Url", "AWS::Lambda::Permission"},
		actions: each("lambda", "CreateFunction", "DeleteFunction", "GetFunction", "GetFunctionConfiguration", "UpdateFunctionCode", "UpdateFunctionConfiguration", "PublishVersion", "ListVersionsByFunction",
			"CreateAlias", "UpdateAlias", "DeleteAlias", "GetAlias", "ListAliases", "CreateFunctionUrlConfig", "UpdateFunctionUrlConfig", "DeleteFunctionUrlConfig", "GetFunctionUrlConfig",
			"AddPermission", "RemovePermission", "GetPolicy", "PutFunctionRecursionConfig", "GetFunctionRecursionConfig", "GetRuntimeManagementConfig", "GetFunctionCodeSigningConfig",
			"ListTags", "TagResource", "UntagResource", "InvokeFunction"),
		resources: both(regional("arn:aws:lambda:{region}:{account}:function:{prefix}_*"), regional("arn:aws:lambda:{region}:{account}:function:{prefix}_*:*")),
	},
	{
		sid: "Layers", types: []string{"AWS::Lambda::LayerVersion"},
		actions:   each("lambda", "PublishLayerVersion", "GetLayerVersion", "DeleteLayerVersion"),
		resources: both(regional("arn:aws:lambda:{region}:{account}:layer:{prefix}-*"), regional("arn:aws:lambda:{region}:{account}:layer:{prefix}-*:*")),
	},
	{
		sid: "EventSources", types: []string{"AWS::Lambda::EventSourceMapping"},
		actions:   each("lambda", "CreateEventSourceMapping", "UpdateEventSourceMapping", "DeleteEventSourceMapping", "GetEventSourceMapping"),
		resources: regional("arn:aws:lambda:{region}:{account}:event-source-mapping:*"),
		condition: map[string]map[string]any{"ArnLikeIfExists": {"lambda:FunctionArn": "arn:aws:lambda:*:{account}:function:{prefix}_*"}},
		why:       madeID + "; the condition narrows them to the app's functions",
	},
	{
		sid: "Roles", types: []string{"AWS::IAM::Role"},
		actions: each("iam", "CreateRole", "DeleteRole", "GetRole", "UpdateRole", "UpdateAssumeRolePolicy", "PutRolePolicy", "GetRolePolicy", "DeleteRolePolicy",
			"ListRolePolicies", "ListAttachedRolePolicies", "TagRole", "UntagRole"),
		resources: at("arn:aws:iam::{account}:role/{prefix}-*"),
	},
	{
		sid: "PassRoles", types: []string{"AWS::IAM::Role"},
		actions:   each("iam", "PassRole"),
		resources: at("arn:aws:iam::{account}:role/{prefix}-*"),
		condition: map[string]map[string]any{"StringEquals": {"iam:PassedToService": []string{"lambda.amazonaws.com", "scheduler.amazonaws.com"}}},
	},
	{
		sid: "Logs", types: []string{"AWS::Logs::LogGroup", "AWS::Logs::MetricFilter"},
		actions: each("logs", "CreateLogGroup", "DeleteLogGroup", "PutRetentionPolicy", "DeleteRetentionPolicy", "PutMetricFilter", "DeleteMetricFilter", "DescribeMetricFilters",
			"ListTagsForResource", "TagResource", "UntagResource", "FilterLogEvents"),
		resources: both(regional("arn:aws:logs:{region}:{account}:log-group:/aws/lambda/{prefix}_*"), regional("arn:aws:logs:{region}:{account}:log-group:/aws/lambda/{prefix}_*:*")),
	},
	{
		sid: "FindLogs", types: []string{"AWS::Logs::LogGroup"},
		actions:   each("logs", "DescribeLogGroups"),
		resources: regional("arn:aws:logs:{region}:{account}:log-group:*"),
		why:       "log groups are listed, whatever their names",
	},
	{
		sid: "Tags", types: []string{"AWS::DynamoDB::Table"},
		actions: each("dynamodb", "CreateTable", "UpdateTable", "DeleteTable", "DescribeTable", "DescribeContinuousBackups", "UpdateContinuousBackups", "DescribeTimeToLive", "UpdateTimeToLive",
			"ListTagsOfResource", "TagResource", "UntagResource", "DescribeContributorInsights", "DescribeKinesisStreamingDestination", "GetResourcePolicy"),
		resources: at("arn:aws:dynamodb:{region}:{account}:table/{prefix}-*"),
	},
	{
		sid: "Queues", types: []string{"AWS::SQS::Queue", "AWS::SQS::QueuePolicy"},
		actions:   each("sqs", "CreateQueue", "DeleteQueue", "GetQueueUrl", "GetQueueAttributes", "SetQueueAttributes", "ListQueueTags", "TagQueue", "UntagQueue"),
		resources: at("arn:aws:sqs:{region}:{account}:{prefix}-*"),
	},
	{
		sid: "Schedules", types: []string{"AWS::Scheduler::Schedule"},
		actions:   each("scheduler", "CreateSchedule", "UpdateSchedule", "DeleteSchedule", "GetSchedule"),
		resources: at("arn:aws:scheduler:{region}:{account}:schedule/default/{prefix}-*"),
	},
	{
		sid: "Alarms", types: []string{"AWS::CloudWatch::Alarm"},
		actions:   each("cloudwatch", "PutMetricAlarm", "DeleteAlarms", "DescribeAlarms", "ListTagsForResource", "TagResource", "UntagResource"),
		resources: regional("arn:aws:cloudwatch:{region}:{account}:alarm:{prefix}-*"),
	},
	{
		sid: "Dashboards", types: []string{"AWS::CloudWatch::Dashboard"},
		actions:   each("cloudwatch", "PutDashboard", "GetDashboard", "DeleteDashboards"),
		resources: at("arn:aws:cloudwatch::{account}:dashboard/{prefix}"),
	},
	{
		sid: "Distributions", types: []string{"AWS::CloudFront::Distribution"},
		actions: each("cloudfront", "CreateDistribution", "UpdateDistribution", "DeleteDistribution", "GetDistribution", "GetDistributionConfig", "TagResource", "UntagResource",
			"ListTagsForResource", "CreateInvalidation", "GetInvalidation"),
		resources: at("arn:aws:cloudfront::{account}:distribution/*"), why: madeID,
	},
	{
		sid: "CDNSettings", types: []string{"AWS::CloudFront::CachePolicy", "AWS::CloudFront::OriginAccessControl", "AWS::CloudFront::OriginRequestPolicy", "AWS::CloudFront::ResponseHeadersPolicy"},
		actions: each("cloudfront", "CreateCachePolicy", "UpdateCachePolicy", "DeleteCachePolicy", "GetCachePolicy", "CreateOriginAccessControl", "UpdateOriginAccessControl", "DeleteOriginAccessControl", "GetOriginAccessControl",
			"CreateOriginRequestPolicy", "UpdateOriginRequestPolicy", "DeleteOriginRequestPolicy", "GetOriginRequestPolicy",
			"CreateResponseHeadersPolicy", "UpdateResponseHeadersPolicy", "DeleteResponseHeadersPolicy", "GetResponseHeadersPolicy"),
		resources: at("arn:aws:cloudfront::{account}:cache-policy/*", "arn:aws:cloudfront::{account}:origin-access-control/*",
			"arn:aws:cloudfront::{account}:origin-request-policy/*", "arn:aws:cloudfront::{account}:response-headers-policy/*"),
		why: madeID,
	},
	{
		sid: "CDNFunctions", types: []string{"AWS::CloudFront::Function"},
		actions:   each("cloudfront", "CreateFunction", "UpdateFunction", "DeleteFunction", "DescribeFunction", "GetFunction", "PublishFunction"),
		resources: at("arn:aws:cloudfront::{account}:function/{prefix}-*"),
	},
	{
		sid: "Certificates", types: []string{"AWS::CertificateManager::Certificate"},
		actions:   each("acm", "RequestCertificate", "DeleteCertificate", "DescribeCertificate", "AddTagsToCertificate", "ListTagsForCertificate"),
		resources: at("arn:aws:acm:us-east-1:{account}:certificate/*"), why: madeID,
	},
	{
		sid: "Records", types: []string{"AWS::Route53::RecordSet"},
		actions:   each("route53", "ChangeResourceRecordSets", "ListResourceRecordSets", "GetHostedZone"),
		resources: at("arn:aws:route53:::hostedzone/{zone}"),
	},
	{
		sid: "RecordChanges", types: []string{"AWS::Route53::RecordSet"},
		actions:   each("route53", "GetChange"),
		resources: at("arn:aws:route53:::change/*"), why: madeID,
	},
	{
		sid:       "Quotas",
		actions:   each("servicequotas", "GetServiceQuota", "GetAWSDefaultServiceQuota"),
		resources: at("arn:aws:servicequotas:*:{account}:*"),
		why:       "pack doctor reads quotas of several services and regions, and changes none",
	},
}

// NewPolicy gives what deploying takes that makes resources of these types: no
// action is a pattern, and no resource is every one. sts:GetCallerIdentity, by
// which pack asks whose credentials it has, needs no permission. A type that is
// not known is an error: the policy would lack what it needs.
func NewPolicy(p Place, types []string) (*Policy, error) {
	known := map[string]bool{"AWS::CloudFormation::Stack": true, "AWS::S3::Bucket": true, "AWS::S3::BucketPolicy": true}
	policy := &Policy{Version: "2012-10-17"}
	for _, n := range needs {
		for _, t := range n.types {
			known[t] = true
		}
		if len(n.types) > 0 && !slices.ContainsFunc(n.types, func(t string) bool { return slices.Contains(types, t) }) {
			continue
		}
		s := Statement{Sid: n.sid, Effect: "Allow", Action: slices.Sorted(slices.Values(n.actions)), Resource: n.resources(p), Why: n.why}
		s.Resource = slices.Compact(slices.Sorted(slices.Values(s.Resource)))
		if n.condition != nil {
			s.Condition = map[string]map[string]any{}
			for operator, values := range n.condition {
				s.Condition[operator] = map[string]any{}
				for key, value := range values {
					if text, ok := value.(string); ok {
						value = fill(text, p.Regions[0], p)
					}
					s.Condition[operator][key] = value
				}
			}
		}
		policy.Statement = append(policy.Statement, s)
	}
	if p.WebACL != "" {
		policy.Statement = append(policy.Statement, Statement{Sid: "WebACL", Effect: "Allow", Action: each("wafv2", "GetWebACL"), Resource: []string{p.WebACL}})
	}
	for _, t := range types {
		if !known[t] {
			return nil, fmt.Errorf("no permission is known that making a %s needs", t)
		}
	}
	return policy, nil
}

// maxManaged is how many characters a managed policy may have, white space left
// out.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxManaged = 6144

// Split gives the policy in parts that each fit into a managed policy.
func (p *Policy) Split() ([]*Policy, error) {
	parts := []*Policy{{Version: p.Version}}
	for _, s := range p.Statement {
		last := parts[len(parts)-1]
		last.Statement = append(last.Statement, s)
		text, err := json.Marshal(last)
		if err != nil {
			return nil, err
		}
		if len(text) > maxManaged && len(last.Statement) > 1 {
			last.Statement = last.Statement[:len(last.Statement)-1]
			parts = append(parts, &Policy{Version: p.Version, Statement: []Statement{s}})
		}
	}
	return parts, nil
}

// AllTypes are those that some deployment makes: for a policy before anything is
// packed.
func AllTypes() []string {
	all := map[string]bool{}
	for _, n := range needs {
		for _, t := range n.types {
			all[t] = true
		}
	}
	return slices.SortedFunc(maps.Keys(all), cmp.Compare)
}
