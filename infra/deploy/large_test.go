//go:build unix

package deploy_test

import (
	"fmt"
	"strings"
	"testing"

	"pack/infra/deploy"
	"pack/infra/objects"
	"pack/infra/release"
	"pack/tests/awsstacks"
)

// wide is an app of so many routes.
func wide(t *testing.T, routes int) *app {
	a := newApp(t)
	for i := range routes {
		name := fmt.Sprintf("route-%04d", i)
		a.routes[name] = name
	}
	return a
}

// TestNested deploys more routes than one template holds. What fails in a nested stack
// is told by its reason there; functions stay in the stack that they are in.
func TestNested(t *testing.T) {
	c, a := newCloud(t), wide(t, 100)
	c.FailNext(func(stack, _ string) *awsstacks.Failure {
		if !strings.Contains(stack, "Routes01") {
			return nil
		}
		return &awsstacks.Failure{Resource: "Route0007", Type: "AWS::Lambda::Function", Reason: "the account's storage is full"}
	})
	_, err := c.target.Deploy(t.Context(), c.options(a.pack1()))
	c.FailNext(nil)
	if err == nil || !strings.Contains(err.Error(), "Route0007 (AWS::Lambda::Function): the account's storage is full") {
		t.Errorf("the reason is not told: %v", err)
	}
	p := a.pack1()
	one := c.deploy(p)
	c.serves(one.ID)
	if plan, err := c.target.Plan(t.Context(), p); err != nil || len(plan.Regions[0].Changes) != 0 {
		t.Errorf("nothing has changed, and planned is %+v, %v", plan, err)
	}
	a.routes["route-0042"] = "changed"
	delete(a.routes, "route-0043")
	a.routes["route-9999"] = "new"
	two := c.deploy(a.pack1())
	c.serves(two.ID)
	if got := c.versionsOf("us-east-1", "route-0042"); len(got) != 2 {
		t.Errorf("the route that has changed has versions %v", got)
	}
	// A kept release has it.
	if got := c.versionsOf("us-east-1", "route-0043"); len(got) == 0 {
		t.Error("the route that the app has no more is gone, and one can roll back to it")
	}
	if _, err := c.target.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.serves(one.ID)
	c.destroyed()
	for _, gone := range []string{"gateway", "route-0000", "route-0099", "route-0043", "route-9999"} {
		if got := c.versionsOf("us-east-1", gone); len(got) > 0 {
			t.Errorf("%s is left, with versions %v", gone, got)
		}
	}
}

// TestPublished deploys so many routes that their versions are published by the API:
// the number is the least. Pages are as in other tests, and left out.
func TestPublished(t *testing.T) {
	c, a := newCloud(t), wide(t, 1201)
	p := a.pack1()
	one := c.deploy(p, func(o *deploy.Options) { o.Seed = nil })
	c.serves(one.ID)
	published := 0
	for _, what := range c.Seen() {
		if strings.HasPrefix(what, "lambda POST ") && strings.HasSuffix(what, "/versions") {
			published++
		}
	}
	if published != len(a.routes) {
		t.Errorf("%d versions were published by the API", published)
	}
	parts, err := c.target.Parts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	store := release.Store{Bucket: &objects.Bucket{Client: c.target.Account.Objects("us-east-1"), Name: parts.Bucket, Owner: c.target.Account.ID}}
	kept, err := store.Release(t.Context(), one.ID)
	if err != nil || kept == nil {
		t.Fatalf("there is no release %s: %v", one.ID, err)
	}
	for route := range a.routes {
		if version := kept.Versions["us-east-1"][route]; version == "" || version == "$LATEST" {
			t.Errorf("the release has version %q of %s", version, route)
		}
	}
}
