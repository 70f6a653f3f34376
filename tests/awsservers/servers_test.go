//go:build unix

package awsservers_test

import (
	"bytes"
	"io"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"pack/tests/awsservers"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }

// Every server answers the SDK, and the second time it is asked for it is the same one.
func TestServers(t *testing.T) {
	for name, test := range map[string]struct {
		start func(testing.TB) awsservers.Server
		use   func(*testing.T, awsservers.Server)
	}{
		"S3":             {awsservers.S3, useS3},
		"DynamoDB":       {awsservers.DynamoDB, useDynamoDB},
		"SQS":            {awsservers.SQS, useSQS},
		"S3 of moto":     {awsservers.Moto, useS3},
		"Dynamo of moto": {awsservers.Moto, useDynamoDB},
		"SQS of moto":    {awsservers.Moto, useSQS},
	} {
		t.Run(name, func(t *testing.T) {
			server := test.start(t)
			test.use(t, server)
			if again := test.start(t); again.Endpoint != server.Endpoint {
				t.Errorf("first %s, then %s", server.Endpoint, again.Endpoint)
			}
		})
	}
}

func useS3(t *testing.T, server awsservers.Server) {
	bucket := awsservers.NewBucket(t, server)
	client := s3.NewFromConfig(server.Config, func(o *s3.Options) { o.UsePathStyle = true })
	put := &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("a/b.c"), Body: bytes.NewReader([]byte("body"))}
	if _, err := client.PutObject(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: put.Key})
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if body, err := io.ReadAll(got.Body); err != nil || string(body) != "body" {
		t.Errorf("got %q, %v", body, err)
	}
}

func useDynamoDB(t *testing.T, server awsservers.Server) {
	client := dynamodb.NewFromConfig(server.Config)
	if _, err := client.ListTables(t.Context(), &dynamodb.ListTablesInput{}); err != nil {
		t.Fatal(err)
	}
}

func useSQS(t *testing.T, server awsservers.Server) {
	client := sqs.NewFromConfig(server.Config)
	name := awsservers.NewName()
	made, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: made.QueueUrl, MessageBody: aws.String("body")}); err != nil {
		t.Fatal(err)
	}
	got, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: made.QueueUrl, WaitTimeSeconds: 1})
	if err != nil || len(got.Messages) != 1 || *got.Messages[0].Body != "body" {
		t.Errorf("got %+v, %v", got, err)
	}
}
