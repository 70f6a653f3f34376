// Package awsstate opens the Store and the TagStore of an app in Amazon S3 and
// DynamoDB, or in servers that speak their protocols. It is made for functions: nothing
// is asked of the instance metadata service, and no file is read.
package awsstate

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"pack/s3cache/dynamotags"
	"pack/s3cache/s3store"
)

// Config says where pages and tags are. The zero value with Bucket and Table is what a
// function needs.
type Config struct {
	// Bucket and Table are required: of s3store.Options and dynamotags.Options, as are
	// the next.
	Bucket, Table           string
	ObjectPrefix, TagPrefix string
	BucketOwner, KMSKey     string
	// Region, S3Endpoint and DynamoDBEndpoint default to what the environment says:
	// AWS_REGION or AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_DYNAMODB
	// or AWS_ENDPOINT_URL, else AWS's own.
	// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
	// A bucket is part of the path where there is an endpoint, else of the host.
	Region, S3Endpoint, DynamoDBEndpoint string
	// Credentials default to AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
	// AWS_SESSION_TOKEN, which are read at each request: where Lambda puts them.
	Credentials aws.CredentialsProvider
	// HTTPClient defaults to one of its own with the limits of Timeout.
	HTTPClient aws.HTTPClient
	// Timeout is how long one request may wait for a connection, and then for the
	// answer to begin, before it is made again; 0 means 3 seconds. All of it may take
	// five times as long.
	Timeout time.Duration
	// Streams lifts the limit on all of a request, for objects that are passed on as
	// fast as somebody reads them. Only Client heeds it.
	Streams bool
}

// Open returns the two. It does no I/O: connections are made when they are needed. The
// error says what is missing.
func Open(c Config) (*s3store.Store, *dynamotags.Store, error) {
	config, err := c.shared()
	if err != nil {
		return nil, nil, err
	}
	objects, err := c.objects(config)
	if err != nil {
		return nil, nil, err
	}
	tags, err := c.tags(config)
	if err != nil {
		return nil, nil, err
	}
	return objects, tags, nil
}

// OpenObjects returns the Store alone, for those who keep their tags elsewhere; Table
// is not needed.
func OpenObjects(c Config) (*s3store.Store, error) {
	config, err := c.shared()
	if err != nil {
		return nil, err
	}
	return c.objects(config)
}

// OpenTags returns the TagStore alone, for those who keep their objects elsewhere;
// Bucket is not needed.
func OpenTags(c Config) (*dynamotags.Store, error) {
	config, err := c.shared()
	if err != nil {
		return nil, err
	}
	return c.tags(config)
}

// Client returns a client of S3 for objects that are no Store's; Bucket and Table are
// not needed.
func Client(c Config) (*s3.Client, error) {
	config, err := c.shared()
	if err != nil {
		return nil, err
	}
	if client, ok := config.HTTPClient.(*http.Client); ok && c.Streams && c.HTTPClient == nil {
		client.Timeout = 0
	}
	return c.client(config)
}

func (c Config) client(config aws.Config) (*s3.Client, error) {
	at, err := endpoint(c.S3Endpoint, "AWS_ENDPOINT_URL_S3")
	if err != nil {
		return nil, fmt.Errorf("open S3 store: %w", err)
	}
	return s3.NewFromConfig(config, func(o *s3.Options) {
		if at != "" {
			o.BaseEndpoint, o.UsePathStyle = &at, true
		}
	}), nil
}

func (c Config) objects(config aws.Config) (*s3store.Store, error) {
	client, err := c.client(config)
	if err != nil {
		return nil, err
	}
	return s3store.New(s3store.Options{
		Client: client, Bucket: c.Bucket, Prefix: c.ObjectPrefix, Owner: c.BucketOwner, KMSKey: c.KMSKey,
	})
}

func (c Config) tags(config aws.Config) (*dynamotags.Store, error) {
	at, err := endpoint(c.DynamoDBEndpoint, "AWS_ENDPOINT_URL_DYNAMODB")
	if err != nil {
		return nil, fmt.Errorf("open DynamoDB tags: %w", err)
	}
	client := dynamodb.NewFromConfig(config, func(o *dynamodb.Options) {
		if at != "" {
			o.BaseEndpoint = &at
		}
	})
	return dynamotags.New(dynamotags.Options{Client: client, Table: c.Table, Prefix: c.TagPrefix})
}

// shared returns what the clients have in common.
func (c Config) shared() (aws.Config, error) {
	region := cmp.Or(c.Region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))
	if region == "" {
		return aws.Config{}, errors.New("open state: set AWS_REGION: the region of bucket and table is not known")
	}
	config := aws.Config{Region: region, Credentials: c.Credentials, HTTPClient: c.HTTPClient, Retryer: NewRetryer}
	if config.Credentials == nil {
		config.Credentials = aws.CredentialsProviderFunc(environmentCredentials)
	}
	if config.HTTPClient == nil {
		config.HTTPClient = newClient(cmp.Or(c.Timeout, 3*time.Second))
	}
	return config, nil
}

// endpoint returns the URL of a service, or "" for AWS's own.
func endpoint(configured, variable string) (string, error) {
	at := cmp.Or(configured, os.Getenv(variable), os.Getenv("AWS_ENDPOINT_URL"))
	if at == "" {
		return "", nil
	}
	parsed, err := url.Parse(at)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return "", fmt.Errorf("endpoint %q is no URL of http or https", at)
	}
	return at, nil
}
