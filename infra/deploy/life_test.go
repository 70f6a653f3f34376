//go:build unix

package deploy_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"pack/infra/deploy"
	"pack/manifest"
)

// versions are those of a release's functions.
func (c *cloud) versions(id string) map[string]string {
	c.t.Helper()
	out, err := s3.NewFromConfig(c.Config, func(o *s3.Options) { o.UsePathStyle = true }).GetObject(c.t.Context(), &s3.GetObjectInput{
		Bucket: aws.String(c.state()), Key: aws.String(manifest.ReleaseKey(id)),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	defer out.Body.Close()
	var r manifest.Release
	if err := json.NewDecoder(out.Body).Decode(&r); err != nil {
		c.t.Fatal(err)
	}
	return r.Versions["us-east-1"]
}

// state is the bucket of state.
func (c *cloud) state() string {
	c.t.Helper()
	parts, err := c.target.Parts(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return parts.Bucket
}

// puts are the objects that were uploaded, without their buckets.
func puts(seen []string, folder string) []string {
	var keys []string
	for _, what := range seen {
		path, ok := strings.CutPrefix(what, "s3 PUT /")
		if _, key, _ := strings.Cut(path, "/"); ok && strings.HasPrefix(key, folder) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func TestLife(t *testing.T) {
	c, a := newCloud(t), newApp(t, "home", "about", "cart")
	first := a.pack1()
	plan, err := c.target.Plan(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if r := plan.Regions[0]; r.Status != "" || len(r.Changes) < 20 || plan.Assets.Files != 2 || plan.Pages != 3 || plan.FloorUSD <= 0 {
		t.Errorf("plan of the first deploy: %+v", plan)
	}
	if wrote := slices.DeleteFunc(c.Seen(), func(what string) bool { return reads(what) }); len(wrote) > 0 {
		t.Errorf("planning wrote %q", wrote)
	}

	// There are no visitors that a part could be taken of, which is said at once.
	tried := c.options(first)
	tried.Weight = 10
	if _, err := c.target.Deploy(t.Context(), tried); err == nil || !strings.Contains(err.Error(), "without --weight first") {
		t.Errorf("a canary of nothing: %v", err)
	}
	if asked := c.Seen(); slices.Contains(asked, "cloudformation CreateChangeSet") || len(puts(asked, "functions/")) > 0 {
		t.Errorf("for a canary of nothing it asked for %q", asked)
	}

	one := c.deploy(first)
	if !one.Active || one.URL != "https://d111111abcdef8.cloudfront.net" {
		t.Errorf("%+v", one)
	}
	c.serves(one.ID)
	if got := c.variable("gateway", c.live("gateway"), "PACK_CDN_DISTRIBUTION"); got != "EDFDVBD6EXAMPLE" {
		t.Errorf("the gateway knows its CDN as %q", got)
	}
	uploaded := puts(c.Seen(), "functions/")
	if len(uploaded) != 6 {
		t.Errorf("uploaded %q", uploaded)
	}

	// The same again does not change anything.
	again := c.deploy(first)
	if again.ID != one.ID || again.Files != 0 {
		t.Errorf("the same again is %+v", again)
	}
	c.serves(one.ID)

	// One line in one route: its archive, and the Deployment.
	a.routes["about"] = "about, changed"
	second := a.pack1()
	plan, err = c.target.Plan(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	var changed []string
	for _, each := range plan.Regions[0].Changes {
		changed = append(changed, string(each.Action)+" "+strings.TrimPrefix(each.Name, c.name()+"_")+": "+strings.Join(each.Details, ", "))
	}
	if want := []string{"change about: code"}; !slices.Equal(changed, want) || plan.Regions[0].Republished != 2 || plan.Assets.Files != 0 {
		t.Errorf("plan of one change: %q, %+v", changed, plan)
	}
	c.Seen()
	two := c.deploy(second)
	c.serves(two.ID)
	uploads := c.Seen()
	if got, layers := puts(uploads, "functions/"), puts(uploads, "layers/"); len(got) != 1 || len(layers) != 1 {
		t.Errorf("one change uploads %q and %q", got, layers)
	}
	// A version of the route, of gateway and worker: the others are those that there were.
	before, after := c.versions(one.ID), c.versions(two.ID)
	for function, version := range after {
		if changed := slices.Contains([]string{"about", "gateway", "worker"}, function); (before[function] != version) != changed {
			t.Errorf("%s had version %s and has %s", function, before[function], version)
		}
	}
	if n := len(c.Invalidations()); n < 2 {
		t.Errorf("the CDN was told %d times", n)
	}

	// A preview: production stays.
	a.routes["about"] = "about, to be looked at"
	three := c.deploy(a.pack1(), func(o *deploy.Options) { o.Preview = true })
	if three.Active || three.URL != "https://d111111abcdef8.cloudfront.net/?dpl="+three.ID {
		t.Errorf("%+v", three)
	}
	c.serves(two.ID)
	if _, err := c.target.Promote(t.Context(), three.ID[:8]); err != nil {
		t.Fatal(err)
	}
	c.serves(three.ID)
	for _, want := range []string{two.ID, one.ID} {
		if _, err := c.target.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.serves(want)
	}
	if _, err := c.target.Rollback(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing to roll back to") {
		t.Errorf("rolling back further: %v", err)
	}

	// A canary: production stays, until it is promoted.
	a.routes["about"] = "about, tried"
	purged := len(c.Invalidations())
	four := c.deploy(a.pack1(), func(o *deploy.Options) { o.Weight = 10 })
	if len(c.Invalidations()) == purged {
		t.Error("the CDN keeps pages that hide the canary from visitors")
	}
	c.serves(one.ID)
	now, err := c.target.Deployments(t.Context())
	if err != nil || now.Traffic.Canary == nil || *now.Traffic.Canary != (manifest.Canary{ID: four.ID, Weight: 10}) {
		t.Errorf("canary is %+v, %v", now.Traffic.Canary, err)
	}
	if _, err := c.target.Promote(t.Context(), four.ID); err != nil {
		t.Fatal(err)
	}
	c.serves(four.ID)

	// Settings of AWS make another release of the same deployment.
	a.layer = "a newer program"
	five := c.deploy(a.pack1())
	if five.ID == four.ID || !strings.HasPrefix(five.ID, four.ID+"-") {
		t.Errorf("another layer made release %s", five.ID)
	}
	if got := c.variable("gateway", c.live("gateway"), "PACK_RELEASE"); got != five.ID {
		t.Errorf("the gateway takes itself for %q", got)
	}
	c.destroyed()
}

func reads(what string) bool {
	service, rest, _ := strings.Cut(what, " ")
	if service == "cloudformation" {
		return strings.HasPrefix(rest, "Describe") || strings.HasPrefix(rest, "List") || strings.HasPrefix(rest, "Get")
	}
	return strings.HasPrefix(rest, "GET") || strings.HasPrefix(rest, "HEAD") || service == "ssm" || service == "sts"
}

// destroyed destroys everything, data last.
func (c *cloud) destroyed() {
	c.t.Helper()
	found, err := c.target.Found(c.t.Context(), nil)
	if err != nil || len(found) == 0 {
		c.t.Fatalf("found %v, %v", found, err)
	}
	key := c.target.BuildKey()
	if _, err := key.Save(c.t.Context(), manifest.NewBuildKey()); err != nil {
		c.t.Fatal(err)
	}
	kept, err := c.target.Destroy(c.t.Context(), nil, false, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	if len(kept.Buckets) != 2 || len(kept.Tables) != 1 || c.Status(c.target.Home, c.name()) != "" {
		c.t.Errorf("kept %+v; the stack is %q", kept, c.Status(c.target.Home, c.name()))
	}
	if there, err := key.Exists(c.t.Context()); err != nil || !there || !slices.Equal(kept.Parameters, []string{key.Name}) {
		c.t.Errorf("the key of builds is there: %v, %v; kept %q", there, err, kept.Parameters)
	}
	objects := s3.NewFromConfig(c.Config, func(o *s3.Options) { o.UsePathStyle = true })
	for _, bucket := range kept.Buckets {
		if _, err := objects.HeadBucket(c.t.Context(), &s3.HeadBucketInput{Bucket: &bucket}); err != nil {
			c.t.Errorf("bucket %s was to stay: %v", bucket, err)
		}
	}
	if _, err := c.target.Destroy(c.t.Context(), nil, true, 0); err != nil {
		c.t.Fatal(err)
	}
	for _, bucket := range kept.Buckets {
		if _, err := objects.HeadBucket(c.t.Context(), &s3.HeadBucketInput{Bucket: &bucket}); err == nil {
			c.t.Errorf("bucket %s is still there", bucket)
		}
	}
	if there, err := key.Exists(c.t.Context()); err != nil || there {
		c.t.Errorf("the key of builds is still there: %v, %v", there, err)
	}
	if found, err := c.target.Found(c.t.Context(), nil); err != nil || len(found) != 0 {
		c.t.Errorf("%v is left, %v", found, err)
	}
}
