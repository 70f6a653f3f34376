package state

import (
	"cmp"
	"context"
	"errors"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"pack/lambda/bucket"
	"pack/lambda/queue"
	"pack/lambda/queue/sqsqueue"
	"pack/s3cache"
	"pack/s3cache/awsstate"
	"pack/s3cache/s3store"
)

// region is AWS's, where the SDKs read it; servers of other makers take any.
func (s Settings) region() string {
	return cmp.Or(s.Region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1")
}

// Config is how a service is reached, by the variables that Lambda sets and the
// SDKs read; service is as in AWS_ENDPOINT_URL_SQS. endpoint goes before them.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func (s Settings) Config(service, endpoint string) aws.Config {
	config := aws.Config{Region: s.region(), Credentials: s.Credentials}
	if config.Credentials == nil {
		config.Credentials = aws.CredentialsProviderFunc(credentials)
	}
	if at := cmp.Or(endpoint, os.Getenv("AWS_ENDPOINT_URL_"+service), os.Getenv("AWS_ENDPOINT_URL")); at != "" {
		config.BaseEndpoint = &at
	}
	return config
}

// SQS returns a client of the queues' service.
func (s Settings) SQS() *sqs.Client {
	config := s.Config("SQS", s.SQSEndpoint)
	config.Retryer = awsstate.NewRetryer
	return sqs.NewFromConfig(config)
}

// openBucket opens the bucket of state for both kinds of objects in it, which
// share connections.
func (s Settings) openBucket() (s3cache.Store, *bucket.Bucket, error) {
	client, err := awsstate.Client(s.stores())
	if err != nil {
		return nil, nil, err
	}
	objects, err := s3store.New(s3store.Options{Client: client, Bucket: s.Bucket})
	return objects, bucket.New(client, s.Bucket), err
}

// OpenFiles opens a bucket whose objects are passed on as they come, however
// long that takes.
func (s Settings) OpenFiles(name string) (*bucket.Bucket, error) {
	config := s.stores()
	config.Streams = true
	client, err := awsstate.Client(config)
	if err != nil {
		return nil, err
	}
	return bucket.New(client, name), nil
}

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
