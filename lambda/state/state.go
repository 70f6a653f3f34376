// Package state opens what keeps the state of packed apps: the page store, the
// tags and the queues, each in a folder of this machine or with AWS. Functions
// and the command line open them alike.
package state

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"

	"pack/lambda/bucket"
	"pack/lambda/jobs"
	"pack/lambda/queue"
	"pack/lambda/queue/directory"
	"pack/s3cache"
	"pack/s3cache/awsstate"
)

// Settings say where each part is. What names no service is in Dir.
type Settings struct {
	// Dir is a folder of this machine; needed for the parts that are there.
	Dir string
	// Bucket is an S3 bucket, TagTable a DynamoDB table.
	Bucket, TagTable string
	// BucketOwner is the id of the account that must own the bucket, KMSKey what
	// encrypts its objects; both may be empty (s3store.Options).
	BucketOwner, KMSKey string
	// RefreshQueue is the URL of an SQS FIFO queue, JobQueue of a standard one.
	RefreshQueue, JobQueue string
	// Region and the endpoints are the SDK's own choice when empty; endpoints
	// are those of servers that speak AWS's protocols.
	Region                                    string
	S3Endpoint, DynamoDBEndpoint, SQSEndpoint string
	// Credentials are for all of them; nil means those of the environment.
	Credentials aws.CredentialsProvider
}

// Environment is what a function needs to open the same parts, besides the
// credentials.
func (s Settings) Environment() map[string]string {
	env := make(map[string]string)
	for name, value := range map[string]string{
		"PACK_STATE_DIR": s.Dir, "PACK_BUCKET": s.Bucket, "PACK_BUCKET_OWNER": s.BucketOwner, "PACK_BUCKET_KEY": s.KMSKey, "PACK_TAG_TABLE": s.TagTable,
		"PACK_REFRESH_QUEUE_URL": s.RefreshQueue, "PACK_JOB_QUEUE_URL": s.JobQueue,
		"AWS_REGION": s.Region, "AWS_ENDPOINT_URL_S3": s.S3Endpoint,
		"AWS_ENDPOINT_URL_DYNAMODB": s.DynamoDBEndpoint, "AWS_ENDPOINT_URL_SQS": s.SQSEndpoint,
	} {
		if value != "" {
			env[name] = value
		}
	}
	return env
}

// State is where pages and tags are kept.
type State struct {
	Objects s3cache.Store
	Tags    s3cache.TagStore
	// Bucket has the plain objects beside those of Objects; nil without one.
	Bucket *bucket.Bucket
	// remote: they are asked over a network.
	remote bool
}

// Queues are nil where there are none: stale pages are refreshed by the
// instance that found them then, and no jobs are taken.
type Queues struct {
	// Refreshes is a FIFO queue, Jobs a standard one.
	Refreshes, Jobs queue.Queue
}

// How often a message is received before it becomes a dead letter. Of refreshes
// see package worker; a job counts its attempts itself, so that a message only
// fails with the worker or its store.
const (
	RefreshReceives = 30
	JobReceives     = 20
)

// Open opens the page store and the tags. It may make folders, and does no
// other I/O.
func Open(s Settings) (*State, error) {
	if s.Dir == "" && (s.Bucket == "" || s.TagTable == "") {
		return nil, errors.New("open page store: there is no folder of state, and no bucket or table")
	}
	state := &State{remote: s.Bucket != "" || s.TagTable != ""}
	var err error
	if s.Bucket != "" {
		state.Objects, state.Bucket, err = s.openBucket()
	} else {
		state.Objects, err = s3cache.OpenDirectory(filepath.Join(s.Dir, "pages"))
	}
	if err != nil {
		return nil, err
	}
	if s.TagTable != "" {
		state.Tags, err = awsstate.OpenTags(s.stores())
	} else {
		state.Tags, err = s3cache.OpenTagDirectory(filepath.Join(s.Dir, "tags"))
	}
	return state, err
}

// OpenJobs opens the store of durable jobs: the bucket, or a folder of their
// own, so that looking through them is no matter of how many pages there are.
func OpenJobs(s Settings) (*jobs.Store, error) {
	if s.Bucket != "" {
		objects, err := awsstate.OpenObjects(s.stores())
		return &jobs.Store{Objects: objects}, err
	}
	objects, err := s3cache.OpenDirectory(filepath.Join(s.Dir, "jobs"))
	return &jobs.Store{Objects: objects}, err
}

func (s Settings) stores() awsstate.Config {
	return awsstate.Config{
		Bucket: s.Bucket, Table: s.TagTable, BucketOwner: s.BucketOwner, KMSKey: s.KMSKey, Region: s.region(),
		S3Endpoint: s.S3Endpoint, DynamoDBEndpoint: s.DynamoDBEndpoint, Credentials: s.Credentials,
	}
}

// OpenQueues opens the queues that there are. It may make folders, and does no
// other I/O.
func OpenQueues(s Settings) (*Queues, error) {
	queues := &Queues{}
	for _, q := range []struct {
		url, name string
		options   directory.Options
		to        *queue.Queue
	}{
		{s.RefreshQueue, "refresh", directory.Options{FIFO: true, MaxReceives: RefreshReceives}, &queues.Refreshes},
		{s.JobQueue, "jobs", directory.Options{MaxReceives: JobReceives}, &queues.Jobs},
	} {
		if q.url != "" {
			*q.to = openSQS(s, q.url)
			continue
		}
		if s.Dir == "" {
			continue
		}
		opened, err := directory.Open(filepath.Join(s.Dir, "queues", q.name), q.options)
		if err != nil {
			return nil, err
		}
		*q.to = opened
	}
	return queues, nil
}

// Cache returns a cache of a deployment's pages. data is below which its data
// cache is kept, "" for beside them (manifest.App.DataPrefix); memory as in
// s3cache.Options.MemoryBytes.
func (state *State) Cache(deployment, data string, memory int64) *s3cache.Cache {
	return s3cache.New(s3cache.Options{Store: state.Objects, Tags: state.Tags, Prefix: deployment, DataPrefix: data, MemoryBytes: memory, AtOnce: state.remote})
}

// RevalidateTags makes whatever carries one of the tags expire now, or stale.
func (state *State) RevalidateTags(ctx context.Context, tags []string, stale bool) error {
	var durations *s3cache.Durations
	if stale {
		durations = &s3cache.Durations{}
	}
	// Tags are every deployment's.
	return state.Cache("", "", -1).RevalidateTags(ctx, tags, durations)
}
