//go:build unix

package deploy_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"pack/tests/awsstacks"
)

// TestNeverMade: a first deploy that ended between its change set and the stack leaves
// one in REVIEW_IN_PROGRESS. It can be destroyed, and the next deploy uses it.
func TestNeverMade(t *testing.T) {
	c, a := newCloud(t), newApp(t, "home")
	cut := func() {
		t.Helper()
		c.Break(func(_ *http.Request, what string) *awsstacks.Answer {
			if what == "cloudformation ExecuteChangeSet" {
				return expired(what)
			}
			return nil
		})
		_, err := c.target.Deploy(t.Context(), c.options(a.pack1()))
		c.Break(nil)
		if got := c.Status("us-east-1", c.name()); err == nil || got != "REVIEW_IN_PROGRESS" {
			t.Fatalf("it ended with %v, and the stack is in %s", err, got)
		}
		if plan, err := c.target.Plan(t.Context(), a.pack1()); err != nil || len(plan.Regions[0].Changes) < 20 {
			t.Errorf("what is planned: %+v, %v", plan, err)
		}
	}
	cut()
	if found, err := c.target.Found(t.Context(), nil); err != nil || len(found) != 1 {
		t.Errorf("found %v, %v", found, err)
	}
	if _, err := c.target.Destroy(t.Context(), nil, false, 0); err != nil {
		t.Fatal(err)
	}
	if found, err := c.target.Found(t.Context(), nil); err != nil || len(found) != 0 {
		t.Errorf("%v is left, %v", found, err)
	}
	cut()
	one := c.deploy(a.pack1())
	c.serves(one.ID)
}

// TestHalfDeleted: a stack that could not be deleted is told of with the reason. The
// same command again goes on, and so does a deploy, which makes it anew.
func TestHalfDeleted(t *testing.T) {
	c, a := newCloud(t), newApp(t, "home")
	c.deploy(a.pack1())
	half := func() {
		t.Helper()
		c.FailNext(func(string, string) *awsstacks.Failure {
			return &awsstacks.Failure{Resource: "Gateway", Type: "AWS::Lambda::Function", Reason: "the function is being used by CloudFront"}
		})
		_, err := c.target.Destroy(t.Context(), nil, false, 0)
		if err == nil || !strings.Contains(err.Error(), "could not be deleted") || !strings.Contains(err.Error(), "Gateway (AWS::Lambda::Function): the function is being used by CloudFront") {
			t.Errorf("the reason is not told: %v", err)
		}
		if got := c.Status("us-east-1", c.name()); got != "DELETE_FAILED" {
			t.Fatalf("the stack is in %s", got)
		}
		if _, err = c.target.Deploy(t.Context(), c.options(a.pack1())); err == nil || !strings.Contains(err.Error(), "is being used by CloudFront") {
			t.Errorf("a deploy while it cannot be deleted: %v", err)
		}
		c.FailNext(nil)
	}
	half()
	a.routes["home"] = "again"
	again := c.deploy(a.pack1())
	c.serves(again.ID)
	half()
	kept, err := c.target.Destroy(t.Context(), nil, false, 0)
	// Of both stacks: what the first has left was written down before it was deleted.
	if err != nil || len(kept.Buckets) != 4 || len(kept.Tables) != 2 || c.Status("us-east-1", c.name()) != "" {
		t.Errorf("kept %+v, %v; the stack is in %q", kept, err, c.Status("us-east-1", c.name()))
	}
	if _, err := c.target.Destroy(t.Context(), nil, true, 0); err != nil {
		t.Fatal(err)
	}
	if found, err := c.target.Found(t.Context(), nil); err != nil || len(found) != 0 {
		t.Errorf("%v is left, %v", found, err)
	}
}

// TestUpdateFailed: a change that was told to keep what had succeeded is taken back
// before the next one.
func TestUpdateFailed(t *testing.T) {
	c, a := newCloud(t), newApp(t, "home")
	one := c.deploy(a.pack1())
	c.SetStatus("us-east-1", c.name(), "UPDATE_FAILED")
	a.routes["home"] = "two"
	c.Seen()
	two := c.deploy(a.pack1())
	if !slices.Contains(c.Seen(), "cloudformation RollbackStack") {
		t.Error("the stack was changed from UPDATE_FAILED")
	}
	c.serves(two.ID)
	if _, err := c.target.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.serves(one.ID)
}
