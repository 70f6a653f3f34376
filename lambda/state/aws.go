package state

import (
	"cmp"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"pack/lambda/queue"
	"pack/lambda/queue/sqsqueue"
)

// Config is how AWS is reached, by the variables that Lambda sets and the SDKs
// read. endpoint replaces AWS's own; service is as in AWS_ENDPOINT_URL_SQS.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func (s Settings) Config(service, endpoint string) aws.Config {
	config := aws.Config{
		Region: cmp.Or(s.Region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1"),
		Credentials: credentials.NewStaticCredentialsProvider(
			os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")),
	}
	if at := cmp.Or(endpoint, os.Getenv("AWS_ENDPOINT_URL_"+service), os.Getenv("AWS_ENDPOINT_URL")); at != "" {
		config.BaseEndpoint = &at
	}
	return config
}

// SQS returns a client for making queues.
func (s Settings) SQS() *sqs.Client { return sqs.NewFromConfig(s.Config("SQS", s.SQSEndpoint)) }

func openSQS(s Settings, url string) queue.Queue { return sqsqueue.New(s.SQS(), url) }
