package doctor_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pack/infra/doctor"
	"pack/tests/cloudformation"
)

// read decodes a file of testdata.
func read(t *testing.T, name string, to any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func policyOfAll(t *testing.T) *doctor.Policy {
	t.Helper()
	policy, err := doctor.NewPolicy(shop, doctor.AllTypes())
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

// TestPolicyAgainstIAM: every action is one of AWS's, and is allowed on what AWS's
// service authorization reference says that it takes: on "*" where it takes nothing,
// for IAM grants it on no other; on a resource of a kind that it takes otherwise.
func TestPolicyAgainstIAM(t *testing.T) {
	t.Parallel()
	policy := policyOfAll(t)
	known := reference(t, policy)
	for _, s := range policy.Statement {
		for _, action := range s.Action {
			about := known[action]
			switch {
			case about == nil:
				t.Errorf("%s: AWS has no action %s", s.Sid, action)
			case len(about.Resources) == 0 && !slices.Equal(s.Resource, []string{"*"}):
				t.Errorf("%s: %s takes no resource, so that it is refused; allowed is %q", s.Sid, action, s.Resource)
			case len(about.Resources) > 0 && slices.Contains(s.Resource, "*"):
				t.Errorf("%s: %s can be narrowed to %q", s.Sid, action, about.Resources)
			case len(about.Resources) > 0 && !slices.ContainsFunc(s.Resource, func(r string) bool {
				return slices.ContainsFunc(about.Resources, func(form string) bool { return fits(r, form) })
			}):
				t.Errorf("%s: %s takes %q, and is allowed on %q", s.Sid, action, about.Resources, s.Resource)
			}
			for operator, keys := range s.Condition {
				for key := range keys {
					if about != nil && !strings.HasSuffix(operator, "IfExists") && !slices.Contains(about.Keys, key) {
						t.Errorf("%s: with %s there is no %s, so that it is refused", s.Sid, action, key)
					}
				}
			}
		}
	}
}

// action is what AWS says of one.
type action struct {
	// Resources are ARNs with placeholders, Keys those of conditions.
	Resources, Keys []string
}

func reference(t *testing.T, policy *doctor.Policy) map[string]*action {
	t.Helper()
	dir := cloudformation.Install(t, "iam")
	var all []string
	for _, s := range policy.Statement {
		all = append(all, s.Action...)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	ask := exec.CommandContext(t.Context(), "node", filepath.Join(dir, "actions.mjs"))
	ask.Stdin, ask.Stderr = bytes.NewReader(text), os.Stderr
	out, err := ask.Output()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]*action{}
	if err := json.Unmarshal(out, &known); err != nil {
		t.Fatal(err)
	}
	return known
}

var placeholder = regexp.MustCompile(`\$\{\w+\}`)

// fits reports whether some ARN of a form matches a policy's resource: both are texts
// with stars. Parts of an ARN are compared each with its own.
func fits(resource, form string) bool {
	a, b := strings.SplitN(resource, ":", 6), strings.SplitN(placeholder.ReplaceAllString(form, "*"), ":", 6)
	if len(a) != 6 || len(b) != 6 {
		return false
	}
	for i := range a {
		if !meet(a[i], b[i]) {
			return false
		}
	}
	return true
}

// meet reports whether there is a text that both patterns match.
func meet(a, b string) bool {
	switch {
	case a == "" && b == "":
		return true
	case strings.HasPrefix(a, "*"):
		return meet(a[1:], b) || b != "" && meet(a, b[1:])
	case strings.HasPrefix(b, "*"):
		return meet(b, a)
	}
	return a != "" && b != "" && a[0] == b[0] && meet(a[1:], b[1:])
}

// notDone are actions that AWS's schemas name for handlers, for properties that no
// template of pack's has; as regular expressions, with that property.
var notDone = map[string]string{
	`(ec2|elasticfilesystem):.*`: "VpcConfig, FileSystemConfigs",
	`kms:.*`:                     "keys of the account's own",
	`codedeploy:.*`:              "an update policy with CodeDeploy",
	`kinesis:.*|dynamodb:(Enable|Disable|Update)KinesisStreamingDestination`:     "KinesisStreamSpecification",
	`s3tables:.*|s3:(Create|Delete|Update)BucketMetadata.*`:                      "MetadataConfiguration",
	`firehose:.*|s3:REST.PUT.OBJECT|logs:(CreateLogDelivery|.*ResourcePolic.*)`:  "deliveries of a data protection policy",
	`logs:(Put|Delete)DataProtectionPolicy`:                                      "DataProtectionPolicy",
	`logs:(Associate|Disassociate)KmsKey`:                                        "KmsKeyId",
	`logs:(CreateLogStream|DescribeLogStreams|PutLogEvents)|dynamodb:.*Import.*`: "ImportSourceSpecification",
	`s3:GetObject(Metadata|Version)`:                                             "ImportSourceSpecification, S3ObjectVersion",
	`dynamodb:UpdateContributorInsights`:                                         "ContributorInsightsSpecification",
	`dynamodb:(Put|Delete)ResourcePolicy`:                                        "ResourcePolicy",
	`iam:CreateServiceLinkedRole`:                                                "replicas and autoscaling of a table",
	`iam:(Attach|Detach)RolePolicy`:                                              "ManagedPolicyArns",
	`iam:(Put|Delete)RolePermissionsBoundary`:                                    "PermissionsBoundary",
	`iam:UpdateRoleDescription`:                                                  "Description; iam:UpdateRole has taken its place",
	`lambda:(Put|Delete)FunctionConcurrency`:                                     "ReservedConcurrentExecutions",
	`lambda:(Put|Delete)ProvisionedConcurrencyConfig`:                            "ProvisionedConcurrencyConfig",
	`lambda:PutFunctionScalingConfig`:                                            "FunctionScalingConfig",
	`lambda:PutRuntimeManagementConfig`:                                          "RuntimeManagementConfig, RuntimePolicy",
	`lambda:((Put|Delete)Function|Get)CodeSigningConfig`:                         "CodeSigningConfigArn",
	`s3:(Put|Delete)(Bucket)?(Analytics|Inventory|Metrics|Accelerate|Replication|IntelligentTiering)(Configuration)?`:                         "what is called so",
	`s3:(Put|Delete)Bucket(CORS|Cors|Website|Logging|Notification|Acl|ObjectLockConfiguration)|s3:PutObjectLockConfiguration|s3:PutObjectAcl`: "what is called so",
	`s3:DeleteBucket(Encryption|Lifecycle)`:                       "settings that templates always have",
	`cloudfront:.*(ConnectionGroup|VpcOrigin|WithStagingConfig)`:  "distributions of tenants, private origins, staging",
	`cloudfront:CreateDistributionWithTags`:                       "none: IAM has no such action, and asks for CreateDistribution and TagResource",
	`cloudformation:(UpdateTerminationProtection|SetStackPolicy)`: "EnableTerminationProtection, StackPolicyBody",
}

// undocumented are actions of resource handlers that AWS publishes no schema with
// handlers of, or that no handler names; with who says that they are needed.
var undocumented = map[string]string{
	"acm:RequestCertificate": "AWS::CertificateManager::Certificate", "acm:DeleteCertificate": "AWS::CertificateManager::Certificate",
	"acm:DescribeCertificate": "AWS::CertificateManager::Certificate", "acm:AddTagsToCertificate": "AWS::CertificateManager::Certificate, with tags",
	"acm:ListTagsForCertificate":       "AWS::CertificateManager::Certificate, with tags",
	"route53:ChangeResourceRecordSets": "AWS::Route53::RecordSet", "route53:ListResourceRecordSets": "AWS::Route53::RecordSet",
	"route53:GetHostedZone": "AWS::Route53::RecordSet", "route53:GetChange": "AWS::Route53::RecordSet",
	"sqs:DeleteMessage": "pack queue and pack jobs, where messages were given up", "sqs:ChangeMessageVisibility": "pack queue, of what it has only looked at",
	"wafv2:GetWebACL":            "CloudFront asks for it where a distribution has a web ACL",
	"cloudformation:TagResource": "IAM asks for it where stacks are made with tags",
}

// TestPolicyIsWhatIsNeeded: the policy allows all that the handlers of the resources
// ask for by AWS's schemas (testdata/handlers.json: what handlers create, read, update
// and delete by, read in 2026-11) and all that pack's commands ask for themselves
// (testdata/asked.json, which the tests of those commands keep), and nothing else.
func TestPolicyIsWhatIsNeeded(t *testing.T) {
	var handlers, asked map[string][]string
	read(t, "handlers.json", &handlers)
	read(t, "asked.json", &asked)
	allowed := map[string]bool{}
	for _, s := range policyOfAll(t).Statement {
		for _, a := range s.Action {
			allowed[a] = true
		}
	}
	needed, unused := map[string]bool{}, maps.Clone(notDone)
	for _, kind := range slices.Sorted(maps.Keys(handlers)) {
		for _, a := range handlers[kind] {
			left := false
			for pattern := range notDone {
				if regexp.MustCompile("^(" + pattern + ")$").MatchString(a) {
					left = true
					delete(unused, pattern)
				}
			}
			switch {
			case left && allowed[a] && !slices.Contains(asked["infra/deploy"], a):
				t.Errorf("%s is allowed for %s, and no template needs it", a, kind)
			case !left && !allowed[a]:
				t.Errorf("%s is not allowed, and making a %s asks for it", a, kind)
			case !left:
				needed[a] = true
			}
		}
	}
	for pattern := range unused {
		t.Errorf("no handler asks for %s", pattern)
	}
	for where, actions := range asked {
		for _, a := range actions {
			needed[a] = true
			if !allowed[a] {
				t.Errorf("%s is not allowed, and %s asks for it", a, where)
			}
		}
	}
	for a := range allowed {
		if _, told := undocumented[a]; told == needed[a] {
			t.Errorf("%s is allowed; something asks for it: %v, there is a reason besides: %v", a, needed[a], told)
		}
	}
	for _, kind := range doctor.AllTypes() {
		if _, known := handlers[kind]; !known && kind != "AWS::CertificateManager::Certificate" && kind != "AWS::Route53::RecordSet" {
			t.Errorf("nobody has looked what making a %s asks for", kind)
		}
	}
}
