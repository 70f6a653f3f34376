package doctor

import "strings"

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

// everything is for actions that AWS allows on no resource in particular.
func everything(Place) []string { return []string{"*"} }

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

// Why a resource can be any of its kind, or is every one.
const (
	madeID     = "AWS makes up the ids, which cannot be known before"
	noResource = "AWS takes no resource for it, since it makes one"
)

// needs is what is needed, by what is made. Actions are those that pack's own
// commands ask for (those that work on tags and queues too: pack revalidate --stage) and those of the resource handlers of CloudFormation, which
// act with the credentials of who deploys. Handlers read all of what they have made,
// also what pack leaves as it is by default.
// https://docs.aws.amazon.com/service-authorization/latest/reference/
var needs = []need{
	{
		sid: "Stacks",
		actions: each("cloudformation", "CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "CreateStack", "UpdateStack", "DeleteStack",
			"DescribeStacks", "DescribeStackEvents", "ListStackResources", "GetTemplate", "GetStackPolicy", "ContinueUpdateRollback", "RollbackStack", "TagResource"),
		resources: both(regional("arn:aws:cloudformation:{region}:{account}:stack/{prefix}/*"), both(
			regional("arn:aws:cloudformation:{region}:{account}:stack/{prefix}-*/*"), at("arn:aws:cloudformation:us-east-1:{account}:stack/{prefix}-certificate/*"))),
	},
	{
		sid: "Buckets",
		actions: each("s3", "CreateBucket", "DeleteBucket", "ListBucket", "ListBucketVersions", "GetBucketAcl", "PutBucketPolicy", "GetBucketPolicy", "DeleteBucketPolicy",
			"PutEncryptionConfiguration", "GetEncryptionConfiguration", "PutLifecycleConfiguration", "GetLifecycleConfiguration", "PutBucketVersioning", "GetBucketVersioning",
			"PutBucketOwnershipControls", "GetBucketOwnershipControls", "PutBucketPublicAccessBlock", "GetBucketPublicAccessBlock", "PutBucketTagging", "GetBucketTagging",
			"GetAccelerateConfiguration", "GetAnalyticsConfiguration", "GetBucketCORS", "GetBucketLogging", "GetBucketMetadataTableConfiguration", "GetBucketNotification",
			"GetBucketObjectLockConfiguration", "GetBucketWebsite", "GetIntelligentTieringConfiguration", "GetInventoryConfiguration", "GetMetricsConfiguration", "GetReplicationConfiguration"),
		resources: at("arn:aws:s3:::{prefix}-*"),
	},
	{
		sid:       "Objects",
		actions:   each("s3", "GetObject", "PutObject", "DeleteObject", "DeleteObjectVersion"),
		resources: at("arn:aws:s3:::{prefix}-*/*"),
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
			"CreateAlias", "UpdateAlias", "DeleteAlias", "GetAlias", "CreateFunctionUrlConfig", "UpdateFunctionUrlConfig", "DeleteFunctionUrlConfig", "GetFunctionUrlConfig",
			"AddPermission", "RemovePermission", "GetPolicy", "PutFunctionRecursionConfig", "GetFunctionRecursionConfig", "GetRuntimeManagementConfig", "GetFunctionCodeSigningConfig", "GetProvisionedConcurrencyConfig", "GetFunctionScalingConfig",
			"ListTags", "TagResource", "UntagResource"),
		resources: both(regional("arn:aws:lambda:{region}:{account}:function:{prefix}_*"), regional("arn:aws:lambda:{region}:{account}:function:{prefix}_*:*")),
	},
	{
		sid: "Layers", types: []string{"AWS::Lambda::LayerVersion"},
		actions:   each("lambda", "PublishLayerVersion", "GetLayerVersion", "DeleteLayerVersion"),
		resources: both(regional("arn:aws:lambda:{region}:{account}:layer:{prefix}-*"), regional("arn:aws:lambda:{region}:{account}:layer:{prefix}-*:*")),
	},
	{
		sid: "MakeEventSources", types: []string{"AWS::Lambda::EventSourceMapping"},
		actions:   each("lambda", "CreateEventSourceMapping"),
		resources: everything, why: noResource + "; the condition narrows it to the app's functions",
		condition: map[string]map[string]any{"ArnLike": {"lambda:FunctionArn": "arn:aws:lambda:*:{account}:function:{prefix}_*"}},
	},
	{
		sid: "EventSources", types: []string{"AWS::Lambda::EventSourceMapping"},
		actions:   each("lambda", "UpdateEventSourceMapping", "DeleteEventSourceMapping", "GetEventSourceMapping", "ListTags", "TagResource", "UntagResource"),
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
			"GetDataProtectionPolicy", "ListTagsForResource", "TagResource", "UntagResource", "FilterLogEvents"),
		resources: both(regional("arn:aws:logs:{region}:{account}:log-group:/aws/lambda/{prefix}_*"), regional("arn:aws:logs:{region}:{account}:log-group:/aws/lambda/{prefix}_*:*")),
	},
	{
		sid: "FindLogs", types: []string{"AWS::Logs::LogGroup"},
		actions:   each("logs", "DescribeLogGroups"),
		resources: everything,
		why:       "log groups are listed, whatever their names",
	},
	{
		sid: "Tags", types: []string{"AWS::DynamoDB::Table"},
		actions: each("dynamodb", "CreateTable", "UpdateTable", "DeleteTable", "DescribeTable", "DescribeContinuousBackups", "UpdateContinuousBackups", "DescribeTimeToLive", "UpdateTimeToLive",
			"ListTagsOfResource", "TagResource", "UntagResource", "DescribeContributorInsights", "DescribeKinesisStreamingDestination", "GetResourcePolicy",
			"BatchGetItem", "UpdateItem"),
		resources: at("arn:aws:dynamodb:{region}:{account}:table/{prefix}-*"),
	},
	{
		sid: "Queues", types: []string{"AWS::SQS::Queue", "AWS::SQS::QueuePolicy"},
		actions: each("sqs", "CreateQueue", "DeleteQueue", "GetQueueUrl", "GetQueueAttributes", "SetQueueAttributes", "ListQueueTags", "TagQueue", "UntagQueue",
			"SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"),
		resources: at("arn:aws:sqs:{region}:{account}:{prefix}-*"),
	},
	{
		sid: "Schedules", types: []string{"AWS::Scheduler::Schedule"},
		actions:   each("scheduler", "CreateSchedule", "UpdateSchedule", "DeleteSchedule", "GetSchedule"),
		resources: at("arn:aws:scheduler:{region}:{account}:schedule/default/{prefix}-*"),
	},
	{
		sid: "Alarms", types: []string{"AWS::CloudWatch::Alarm"},
		actions:   each("cloudwatch", "PutMetricAlarm", "DeleteAlarms", "ListTagsForResource", "TagResource", "UntagResource"),
		resources: regional("arn:aws:cloudwatch:{region}:{account}:alarm:{prefix}-*"),
	},
	{
		sid: "FindAlarms", types: []string{"AWS::CloudWatch::Alarm"},
		actions:   each("cloudwatch", "DescribeAlarms"),
		resources: regional("arn:aws:cloudwatch:{region}:{account}:alarm:*"),
		why:       "alarms are listed, whatever their names",
	},
	{
		sid: "Dashboards", types: []string{"AWS::CloudWatch::Dashboard"},
		actions:   each("cloudwatch", "PutDashboard", "GetDashboard", "DeleteDashboards", "ListTagsForResource", "TagResource", "UntagResource"),
		resources: at("arn:aws:cloudwatch::{account}:dashboard/{prefix}-{region}"),
	},
	{
		sid: "MakeDistributions", types: []string{"AWS::CloudFront::Distribution"},
		actions: each("cloudfront", "CreateDistribution"), resources: everything, why: noResource,
	},
	{
		sid: "Distributions", types: []string{"AWS::CloudFront::Distribution"},
		actions: each("cloudfront", "UpdateDistribution", "DeleteDistribution", "GetDistribution", "GetDistributionConfig", "TagResource", "UntagResource",
			"ListTagsForResource", "CreateInvalidation"),
		resources: at("arn:aws:cloudfront::{account}:distribution/*"), why: madeID,
	},
	{
		sid: "MakeCDNSettings", types: []string{"AWS::CloudFront::CachePolicy", "AWS::CloudFront::OriginAccessControl"},
		actions: each("cloudfront", "CreateCachePolicy", "CreateOriginAccessControl"), resources: everything, why: noResource,
	},
	{
		sid: "CDNSettings", types: []string{"AWS::CloudFront::CachePolicy", "AWS::CloudFront::OriginAccessControl"},
		actions:   each("cloudfront", "UpdateCachePolicy", "DeleteCachePolicy", "GetCachePolicy", "UpdateOriginAccessControl", "DeleteOriginAccessControl", "GetOriginAccessControl"),
		resources: at("arn:aws:cloudfront::{account}:cache-policy/*", "arn:aws:cloudfront::{account}:origin-access-control/*"), why: madeID,
	},
	{
		sid: "MakeCDNFunctions", types: []string{"AWS::CloudFront::Function"},
		actions: each("cloudfront", "CreateFunction"), resources: everything, why: noResource,
	},
	{
		sid: "CDNFunctions", types: []string{"AWS::CloudFront::Function"},
		actions:   each("cloudfront", "UpdateFunction", "DeleteFunction", "DescribeFunction", "GetFunction", "PublishFunction", "ListTagsForResource", "TagResource", "UntagResource"),
		resources: at("arn:aws:cloudfront::{account}:function/{prefix}-*"),
	},
	{
		sid: "MakeCertificates", types: []string{"AWS::CertificateManager::Certificate"},
		actions: each("acm", "RequestCertificate"), resources: everything, why: noResource,
	},
	{
		sid: "Certificates", types: []string{"AWS::CertificateManager::Certificate"},
		actions:   each("acm", "DeleteCertificate", "DescribeCertificate", "AddTagsToCertificate", "ListTagsForCertificate"),
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
		actions:   each("servicequotas", "GetServiceQuota"),
		resources: at("arn:aws:servicequotas:*:{account}:*"),
		why:       "pack doctor reads quotas of several services and regions, and changes none",
	},
	{
		sid:     "DefaultQuotas",
		actions: each("servicequotas", "GetAWSDefaultServiceQuota"), resources: everything,
		why: "they are AWS's, and no account's",
	},
}
