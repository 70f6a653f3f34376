//go:build unix

package deploy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"pack/infra/deploy"
	"pack/infra/release"
	"pack/manifest"
)

// versionsOf lists a function's versions; none where it is gone.
func (c *cloud) versionsOf(region, function string) []string {
	config := c.Config.Copy()
	config.Region = region
	name := manifest.LambdaName(c.name(), function)
	out, err := lambda.NewFromConfig(config).ListVersionsByFunction(c.t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: &name})
	if err != nil {
		return nil
	}
	var all []string
	for _, v := range out.Versions {
		if *v.Version != "$LATEST" {
			all = append(all, *v.Version)
		}
	}
	return all
}

// keysOf lists the keys of the buckets whose names begin with the target's and have
// part in them.
func (c *cloud) keysOf(part string) []string {
	c.t.Helper()
	client := s3.NewFromConfig(c.Config, func(o *s3.Options) { o.UsePathStyle = true })
	buckets, err := client.ListBuckets(c.t.Context(), &s3.ListBucketsInput{})
	if err != nil {
		c.t.Fatal(err)
	}
	var keys []string
	for _, b := range buckets.Buckets {
		if !strings.HasPrefix(*b.Name, c.name()+"-"+part) {
			continue
		}
		out, err := client.ListObjectsV2(c.t.Context(), &s3.ListObjectsV2Input{Bucket: b.Name})
		if err != nil {
			c.t.Fatal(err)
		}
		for _, o := range out.Contents {
			keys = append(keys, aws.ToString(o.Key))
		}
	}
	return keys
}

func having(keys []string, part string) int {
	n := 0
	for _, key := range keys {
		if strings.Contains(key, part) {
			n++
		}
	}
	return n
}

// TestRetention: what no kept release uses goes, and nothing else. A route that the
// app has no more stays for as long as a release can be rolled back to that has it.
func TestRetention(t *testing.T) {
	c, a := newCloud(t), newApp(t, "home", "leaving")
	a.regions["leaving"] = []string{"us-east-1", "eu-west-1"}
	two := func(o *deploy.Options) { o.Keep = release.Keeping{Releases: 2} }
	first := c.deploy(a.pack1(), two)
	if got := c.versionsOf("eu-west-1", "leaving"); len(got) == 0 {
		t.Error("the route is not in its second region")
	}

	delete(a.routes, "leaving")
	a.asset = "body{/*2*/}"
	second := c.deploy(a.pack1(), two)
	if got := c.versionsOf("us-east-1", "leaving"); len(got) == 0 || c.Status("eu-west-1", c.name()) == "" {
		t.Errorf("the route has versions %v, and its second region's stack is %q, while a release has it", got, c.Status("eu-west-1", c.name()))
	}
	if _, err := c.target.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.serves(first.ID)
	if _, err := c.target.Promote(t.Context(), second.ID); err != nil {
		t.Fatal(err)
	}

	a.asset = "body{/*3*/}"
	third := c.deploy(a.pack1(), two)
	if !slices.Equal(third.Dropped, []string{first.ID}) {
		t.Errorf("dropped %v", third.Dropped)
	}
	c.serves(third.ID)
	state, assets := c.keysOf("statebucket"), c.keysOf("assetbucket")
	for id, kept := range map[string]bool{first.ID: false, second.ID: true, third.ID: true} {
		if there := having(state, id) > 0; there != kept {
			t.Errorf("of %s there is %v in the state bucket", id, there)
		}
	}
	if n := having(assets, "/static/"); n != 2 {
		t.Errorf("%d files of the static folder are left: %q", n, assets)
	}
	if c.Status("eu-west-1", c.name()) != "" {
		t.Error("the stack of a region that nothing is in any more is still there")
	}
	// The route leaves the stack with the next deploy.
	a.asset = "body{/*4*/}"
	fourth := c.deploy(a.pack1(), two)
	c.serves(fourth.ID)
	if got := c.versionsOf("us-east-1", "leaving"); len(got) != 0 {
		t.Errorf("the route has versions %v, and no release has it", got)
	}
	// What has not changed is the same version in all of them, the first one's too,
	// which is gone; the gateway has one of each kept release.
	if home, gateway := c.versionsOf("us-east-1", "home"), c.versionsOf("us-east-1", "gateway"); len(home) != 1 || len(gateway) != 2 {
		t.Errorf("home has versions %v, the gateway %v", home, gateway)
	}
	if _, err := c.target.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.serves(third.ID)
}

// TestRotation: a new secret is taken by the gateway before CloudFront shows it.
func TestRotation(t *testing.T) {
	c, a := newCloud(t), newApp(t, "home", "about")
	secrets := func() (string, string) {
		v := c.live("gateway")
		return c.variable("gateway", v, "PACK_ORIGIN_SECRET"), c.variable("gateway", v, "PACK_ORIGIN_SECRET_PREVIOUS")
	}
	first := c.deploy(a.pack1())
	shown, other := secrets()
	if len(shown) < 32 || other != "" {
		t.Fatalf("secrets %q and %q", shown, other)
	}
	a.routes["home"] = "two"
	c.deploy(a.pack1(), func(o *deploy.Options) { o.RotateSecret = true })
	still, coming := secrets()
	if still != shown || len(coming) < 32 {
		t.Errorf("CloudFront shows %q and will show %q", still, coming)
	}
	a.routes["home"] = "three"
	c.deploy(a.pack1())
	now, before := secrets()
	if now != coming || before != shown {
		t.Errorf("CloudFront shows %q, and the gateway takes %q too", now, before)
	}
	if _, err := c.target.Promote(t.Context(), first.ID); err == nil || !strings.Contains(err.Error(), "would turn CloudFront away") {
		t.Errorf("a release that does not know the secret: %v", err)
	}
}
