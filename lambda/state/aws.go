package state

import (
	"cmp"
	"context"
	"errors"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"pack/lambda/queue"
	"pack/lambda/queue/sqsqueue"
)

// region is AWS's, where the SDKs read it; servers of other makers take any.
func (s Settings) region() string {
	return cmp.Or(s.Region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1")
}

// Config is how a service is reached, by the variables that Lambda sets and the
// SDKs read; service is as in AWS_ENDPOINT_URL_SQS. endpoint goes before them.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func (s Settings) Config(service, endpoint string) aws.Config {
	config := aws.Config{Region: s.region(), Credentials: aws.CredentialsProviderFunc(credentials)}
	if at := cmp.Or(endpoint, os.Getenv("AWS_ENDPOINT_URL_"+service), os.Getenv("AWS_ENDPOINT_URL")); at != "" {
		config.BaseEndpoint = &at
	}
	return config
}

// SQS returns a client of the queues' service.
func (s Settings) SQS() *sqs.Client { return sqs.NewFromConfig(s.Config("SQS", s.SQSEndpoint)) }

// credentials are read at each request: Lambda puts them there.
func credentials(context.Context) (aws.Credentials, error) {
	c := aws.Credentials{
		AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: os.Getenv("AWS_SESSION_TOKEN"), Source: "environment",
	}
	if !c.HasKeys() {
		return c, errors.New("read credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	return c, nil
}

func openSQS(s Settings, url string) queue.Queue { return sqsqueue.New(s.SQS(), url) }
