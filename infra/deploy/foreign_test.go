//go:build unix

package deploy_test

import (
	"strings"
	"testing"
)

// TestForeignStack: where another app's stack has the name, every command says so, and
// makes nothing, changes nothing and deletes nothing.
func TestForeignStack(t *testing.T) {
	c, a := newCloud(t), newApp(t, "home")
	// An app A in the stage eu-b has the names of an app A-eu in the stage b.
	c.target.Stage = "eu-b"
	one := c.deploy(a.pack1())
	target := *c.target
	target.Name, target.Stage = target.Name+"-eu", "b"
	c.Seen()
	for did, f := range map[string]func() error{
		"deploy":      func() error { _, err := target.Deploy(t.Context(), c.options(a.pack1())); return err },
		"plan":        func() error { _, err := target.Plan(t.Context(), a.pack1()); return err },
		"rollback":    func() error { _, err := target.Rollback(t.Context()); return err },
		"promote":     func() error { _, err := target.Promote(t.Context(), one.ID); return err },
		"deployments": func() error { _, err := target.Deployments(t.Context()); return err },
		"found":       func() error { _, err := target.Found(t.Context(), nil); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), "belongs to something else") {
			t.Errorf("%s: %v", did, err)
		}
	}
	for _, what := range c.Seen() {
		if what != "cloudformation DescribeStacks" && !strings.HasPrefix(what, "s3 HEAD") && !strings.HasPrefix(what, "s3 GET") {
			t.Errorf("it was asked for %s", what)
		}
	}
	if _, err := target.Destroy(t.Context(), nil, true, 0); err == nil || !strings.Contains(err.Error(), "belongs to something else") {
		t.Errorf("destroy: %v", err)
	}
	c.serves(one.ID)
}
