package awsstate_test

import (
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"pack/s3cache"
	"pack/s3cache/awsstate"
	"pack/s3cache/dynamotags"
	"pack/tests/awsservers"
)

func TestMain(m *testing.M) {
	if os.Getenv(contenderVariable) != "" {
		os.Exit(contend())
	}
	os.Exit(awsservers.Run(m))
}

// services is a bucket and a table, each with a way to it that can be broken.
type services struct {
	objects, tags *awsservers.Faults
	config        awsstate.Config
}

func newServices(t *testing.T) services {
	t.Helper()
	s3, dynamo := awsservers.S3(t), awsservers.DynamoDB(t)
	s := services{objects: awsservers.NewFaults(t, s3), tags: awsservers.NewFaults(t, dynamo)}
	s.config = awsstate.Config{
		Bucket: awsservers.NewBucket(t, s3), Table: awsservers.NewName(), TagPrefix: "shop#", ObjectPrefix: "pages/",
		Region: awsservers.Region, S3Endpoint: s.objects.Endpoint, DynamoDBEndpoint: s.tags.Endpoint,
		Credentials: s3.Config.Credentials, Timeout: time.Second,
	}
	client := dynamodb.NewFromConfig(dynamo.Config)
	if _, err := client.CreateTable(t.Context(), dynamotags.Table(s.config.Table)); err != nil {
		t.Fatal(err)
	}
	waiter := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = 5 * time.Millisecond })
	if err := waiter.Wait(t.Context(), &dynamodb.DescribeTableInput{TableName: &s.config.Table}, time.Minute); err != nil {
		t.Fatal(err)
	}
	return s
}

// cache opens a cache as one instance of a function would.
func (s services) cache(t testing.TB, o s3cache.Options) *s3cache.Cache {
	t.Helper()
	store, tags, err := awsstate.Open(s.config)
	if err != nil {
		t.Fatal(err)
	}
	o.Store, o.Tags, o.AtOnce = store, tags, true
	if o.Prefix == "" {
		o.Prefix = "dpl_1"
	}
	return s3cache.New(o)
}

func page(body string, created int64) *s3cache.Entry {
	return &s3cache.Entry{
		Kind: s3cache.KindAppPage, Created: created, Tags: []string{"posts", "_N_T_/blog"},
		Parts: []s3cache.Part{{Name: s3cache.PartHTML, Body: []byte(body)}},
	}
}

func now() int64 { return time.Now().UnixMilli() }

func lookup(t *testing.T, cache *s3cache.Cache, key s3cache.Key, body string, want s3cache.State) {
	t.Helper()
	entry, state, err := cache.Lookup(t.Context(), key, nil)
	if err != nil || state != want {
		t.Fatalf("%s, want %s; error %v", state, want, err)
	}
	if entry != nil && string(entry.Part(s3cache.PartHTML).Body) != body {
		t.Fatalf("looked up %+v, want %q", entry, body)
	}
}

func store(t *testing.T, cache *s3cache.Cache, key s3cache.Key, entry *s3cache.Entry) {
	t.Helper()
	if stored, err := cache.Store(t.Context(), key, entry); err != nil || !stored {
		t.Fatalf("stored: %v, %v", stored, err)
	}
}
