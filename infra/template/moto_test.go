package template_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"pack/infra/template"
	"pack/tests/awsservers"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }

// unknownToMoto are the types that it passes over.
var unknownToMoto = []string{
	"AWS::Lambda::Alias", "AWS::Lambda::Url", "AWS::S3::BucketPolicy", "AWS::Logs::MetricFilter", "AWS::CloudWatch::Alarm",
	"AWS::CloudWatch::Dashboard", "AWS::Scheduler::Schedule", "AWS::SQS::QueuePolicy",
}

var toAlias = regexp.MustCompile(`"Ref":"([A-Za-z0-9]+)Live"`)

// forMoto writes a template as moto can make it: what refers to an alias refers
// to its function, and no output asks for a function URL.
func forMoto(t *testing.T, body []byte) string {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(body, &document); err != nil {
		t.Fatal(err)
	}
	delete(document["Outputs"].(map[string]any), "GatewayUrl")
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return toAlias.ReplaceAllString(string(text), `"Ref":"$1"`)
}

func emptyZip(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if _, err := w.Create("pack/function.json"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestStack makes the storefront's stack on moto. moto resolves every reference,
// orders the resources and makes buckets, table, queues, functions with their
// versions and roles. It passes over aliases, function URLs, CloudFront, alarms
// and more (unknownToMoto), and does not check what a role may do: those are for
// cfn-lint, AWS's models and a real account to say.
func TestStack(t *testing.T) {
	t.Parallel()
	server := awsservers.Moto(t)
	o := fixtures(t)[0].options
	o.CDN.None = true // moto fakes the distribution without its attributes
	o.Name = strings.ToLower("moto" + awsservers.NewName()[5:11])
	made, err := template.NewCloudFormation(o)
	if err != nil {
		t.Fatal(err)
	}
	bucket := awsservers.NewBucket(t, server)
	objects := s3.NewFromConfig(server.Config, func(o *s3.Options) { o.UsePathStyle = true })
	keys, code := map[string]string{}, emptyZip(t)
	for _, f := range o.Deployment.Functions {
		keys[template.FunctionKey(f.Archive.Digest)] = code
	}
	for _, l := range o.Layers {
		keys[template.LayerKey(l.Digest)] = code
	}
	keys[template.LayerKey(o.DeploymentLayer)] = code
	keys["template.json"] = forMoto(t, made.Files[0].Body)
	for key, body := range keys {
		if _, err := objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)}); err != nil {
			t.Fatal(err)
		}
	}
	client := cloudformation.NewFromConfig(server.Config)
	name := o.Name + "-" + o.Stage
	_, err = client.CreateStack(t.Context(), &cloudformation.CreateStackInput{
		StackName: &name, TemplateURL: aws.String("http://localhost/" + bucket + "/template.json"), // how moto reads its own bucket
		Capabilities: []types.Capability{types.CapabilityCapabilityIam},
		Parameters:   []types.Parameter{{ParameterKey: aws.String("ArtifactBucket"), ParameterValue: &bucket}},
	})
	if err != nil {
		t.Fatal(err)
	}
	described, err := client.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil || described.Stacks[0].StackStatus != types.StackStatusCreateComplete {
		t.Fatalf("%v %+v", err, described)
	}
	outputs := map[string]string{}
	for _, out := range described.Stacks[0].Outputs {
		outputs[*out.OutputKey] = *out.OutputValue
	}
	w, there := parsed(t, made.Files[0].Body), map[string]string{}
	pages := cloudformation.NewListStackResourcesPaginator(client, &cloudformation.ListStackResourcesInput{StackName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.StackResourceSummaries {
			there[*r.LogicalResourceId] = aws.ToString(r.PhysicalResourceId)
		}
	}
	for id, r := range w.Resources {
		if _, ok := there[id]; !ok && !slices.Contains(unknownToMoto, r.Type) {
			t.Errorf("there is no %s (%s)", id, r.Type)
		}
	}
	if _, err := objects.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: aws.String(outputs["StateBucketName"])}); err != nil {
		t.Errorf("bucket of state: %v", err)
	}
	table, err := dynamodb.NewFromConfig(server.Config).DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(outputs["TagTableName"])})
	if err != nil || *table.Table.KeySchema[0].AttributeName != template.TagKey {
		t.Errorf("table of tags: %v", err)
	}
	queue, err := sqs.NewFromConfig(server.Config).GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: aws.String(outputs["RefreshQueueUrl"]), AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll},
	})
	if err != nil || queue.Attributes["FifoQueue"] != "true" || queue.Attributes["VisibilityTimeout"] != "1812" ||
		!strings.Contains(queue.Attributes["RedrivePolicy"], "-refresh-dead.fifo") {
		t.Errorf("queue of refreshes: %v %v", err, queue)
	}
}
