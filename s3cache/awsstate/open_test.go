package awsstate_test

import (
	"strings"
	"testing"

	"pack/s3cache"
	"pack/s3cache/awsstate"
	"pack/tests/awsservers"
)

// variables are all that Open reads.
var variables = []string{
	"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_DYNAMODB",
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
}

func environment(t *testing.T, set map[string]string) {
	for _, name := range variables {
		t.Setenv(name, set[name])
	}
}

// The environment says where the services are and who asks, as in any program of AWS's.
func TestOpenFromEnvironment(t *testing.T) {
	s := newServices(t)
	s.config.Region, s.config.S3Endpoint, s.config.DynamoDBEndpoint, s.config.Credentials = "", "", "", nil
	for name, endpoints := range map[string]map[string]string{
		"one each": {"AWS_ENDPOINT_URL_S3": s.objects.Endpoint, "AWS_ENDPOINT_URL_DYNAMODB": s.tags.Endpoint, "AWS_REGION": awsservers.Region},
		"and before the other": {
			"AWS_ENDPOINT_URL": s.tags.Endpoint, "AWS_ENDPOINT_URL_S3": s.objects.Endpoint, "AWS_DEFAULT_REGION": awsservers.Region,
		},
	} {
		t.Run(name, func(t *testing.T) {
			endpoints["AWS_ACCESS_KEY_ID"], endpoints["AWS_SECRET_ACCESS_KEY"] = awsservers.AccessKey, awsservers.SecretKey
			environment(t, endpoints)
			cache, key := s.cache(t, s3cache.Options{}), s3cache.PageKey(name)
			lookup(t, cache, key, "", s3cache.Missing)
			store(t, cache, key, page("one", now()))
			lookup(t, cache, key, "one", s3cache.Fresh)
			if got := strings.Join(s.requests(), " "); got != "BatchGetItem GET GET GetItem GetItem PUT" {
				t.Errorf("the requests are %s", got)
			}
		})
	}
}

func TestOpenWrongly(t *testing.T) {
	whole := awsstate.Config{Bucket: "b", Table: "t", Region: "eu-west-1"}
	for name, test := range map[string]struct {
		change func(*awsstate.Config)
		want   string
	}{
		"no region":     {func(c *awsstate.Config) { c.Region = "" }, "AWS_REGION"},
		"no bucket":     {func(c *awsstate.Config) { c.Bucket = "" }, "a bucket"},
		"no table":      {func(c *awsstate.Config) { c.Table = "" }, "a table"},
		"no URL":        {func(c *awsstate.Config) { c.S3Endpoint = "localhost:9000" }, `"localhost:9000"`},
		"another's URL": {func(c *awsstate.Config) { c.DynamoDBEndpoint = "ftp://x" }, `"ftp://x"`},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, nil)
			if _, _, err := awsstate.Open(whole); err != nil {
				t.Fatalf("what is whole: %v", err)
			}
			broken := whole
			test.change(&broken)
			if _, _, err := awsstate.Open(broken); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %s", err, test.want)
			}
		})
	}
}

// Without credentials nothing is asked of anyone, and the error names the variables.
func TestNoCredentials(t *testing.T) {
	s := newServices(t)
	environment(t, nil)
	s.config.Credentials = nil
	objects, tags, err := awsstate.Open(s.config)
	if err != nil {
		t.Fatal(err)
	}
	_, get := objects.Get(t.Context(), "k", "")
	_, read := tags.Read(t.Context(), []string{"a"})
	for _, err := range []error{get, read} {
		if err == nil || !strings.Contains(err.Error(), "AWS_ACCESS_KEY_ID") {
			t.Errorf("error %v", err)
		}
	}
	if got := s.requests(); len(got) > 0 {
		t.Errorf("asked: %q", got)
	}
}
