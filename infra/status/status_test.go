package status_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"pack/infra/status"
	"pack/manifest"
	"pack/tests/awsservers"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }

// moto stands for an account.
type moto struct{ awsservers.Server }

func (m moto) In(region string) aws.Config {
	c := m.Config.Copy()
	c.Region = region
	return c
}

func (m moto) Objects(region string) *s3.Client {
	return s3.NewFromConfig(m.In(region), func(o *s3.Options) { o.UsePathStyle = true })
}

// deployed is a stack with the queues and the alarm of an app.
const deployed = `{"AWSTemplateFormatVersion":"2010-09-09","Parameters":{"Prefix":{"Type":"String"}},"Resources":{
 "StateBucket":{"Type":"AWS::S3::Bucket"},
 "Jobs":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":{"Fn::Sub":"${Prefix}-jobs"}}},
 "JobsDead":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":{"Fn::Sub":"${Prefix}-jobs-dead"}}}},
 "Outputs":{"StateBucketName":{"Value":{"Ref":"StateBucket"}},"GatewayUrl":{"Value":"https://closed.lambda-url.example/"},"DistributionDomain":{"Value":"d1.cloudfront.example"}}}`

func TestLook(t *testing.T) {
	account, ctx := moto{awsservers.Moto(t)}, context.Background()
	prefix := awsservers.NewName()[:14]
	target := status.Target{Account: account, Prefix: prefix, Regions: []string{"us-east-1", "eu-west-1"}}
	before, err := status.Look(ctx, target)
	if err != nil || len(before.Stacks) != 2 || before.Stacks[0].Status != "" || before.Stacks[0].Sound() || before.URL != "" {
		t.Fatalf("before anything is deployed: %+v, %v", before, err)
	}

	stacks := cloudformation.NewFromConfig(account.In("us-east-1"))
	must(t)(stacks.CreateStack(ctx, &cloudformation.CreateStackInput{
		StackName: &prefix, TemplateBody: aws.String(deployed),
		Parameters: []cftypes.Parameter{{ParameterKey: aws.String("Prefix"), ParameterValue: &prefix}},
	}))
	found, err := stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	var bucket string
	for _, o := range found.Stacks[0].Outputs {
		if *o.OutputKey == "StateBucketName" {
			bucket = *o.OutputValue
		}
	}
	queues := sqs.NewFromConfig(account.In("us-east-1"))
	for name, n := range map[string]int{prefix + "-jobs": 3, prefix + "-jobs-dead": 1} {
		url, err := queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
		if err != nil {
			t.Fatal(err)
		}
		for range n {
			must(t)(queues.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url.QueueUrl, MessageBody: aws.String("m")}))
		}
	}
	alarms := cloudwatch.NewFromConfig(account.In("us-east-1"))
	for _, name := range []string{prefix + "-Age", prefix + "-Dead", prefix + "other-Dead", prefix + "-eu-Dead"} {
		must(t)(alarms.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
			AlarmName: &name, AlarmDescription: aws.String("what is wrong"), Namespace: aws.String("n"), MetricName: aws.String("m"),
			ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold, EvaluationPeriods: aws.Int32(1), Period: aws.Int32(60),
			Threshold: aws.Float64(1), Statistic: cwtypes.StatisticSum,
		}))
	}
	must(t)(alarms.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String(prefix + "-Dead"), StateValue: cwtypes.StateValueAlarm, StateReason: aws.String("1 > 0"),
	}))
	created := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	traffic, err := json.Marshal(manifest.Traffic{
		Schema: manifest.ReleaseSchema, Active: "b", Canary: &manifest.Canary{ID: "c", Weight: 10},
		Releases: []manifest.TrafficRelease{{ID: "c", Created: created}, {ID: "b", Created: created.Add(-time.Hour)}, {ID: "a"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	must(t)(account.Objects("us-east-1").PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(manifest.TrafficKey), Body: bytes.NewReader(traffic)}))

	s, err := status.Look(ctx, target)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Stacks) != 2 || !s.Stacks[0].Sound() || s.Stacks[0].Changed.IsZero() || s.Stacks[1].Status != "" || s.URL != "https://d1.cloudfront.example" {
		t.Errorf("stacks %+v at %s", s.Stacks, s.URL)
	}
	if s.Active == nil || s.Active.ID != "b" || s.Canary == nil || s.Canary.Weight != 10 || s.Kept != 3 {
		t.Errorf("active %+v, canary %+v of %d", s.Active, s.Canary, s.Kept)
	}
	if len(s.Queues) != 2 || s.Queues[0].Waiting != 3 || s.Queues[0].Dead || s.Queues[1].Waiting != 1 || !s.Queues[1].Dead {
		t.Errorf("queues %+v", s.Queues)
	}
	if len(s.Alarms) != 2 || s.Alarms[0].State != "ALARM" || s.Alarms[0].Name != prefix+"-Dead" || s.Alarms[0].Description == "" {
		t.Errorf("alarms %+v", s.Alarms)
	}
}

func must(t *testing.T) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}
