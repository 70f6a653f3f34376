//go:build unix

package stack_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pack/infra/stack"
	"pack/manifest"
)

// TestForeign: a stack of the same name that another program, or another app, has made
// is neither changed nor deleted, in whatever state it is.
func TestForeign(t *testing.T) {
	r := newRegion(t)
	for name, tags := range map[string]map[string]string{
		"another program's": {"STAGE": "test"}, "another stage's": {"pack:app": "shop", "pack:stage": "production"},
	} {
		other := *r.stack
		other.Tags = tags
		if _, err := other.Apply(t.Context(), r.change(1)); err != nil {
			t.Fatal(err)
		}
		for _, status := range []string{"CREATE_COMPLETE", "ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"} {
			r.SetStatus("us-east-1", r.stack.Name, status)
			two := r.change(2)
			r.Seen()
			refused := func(did string, err error) {
				t.Helper()
				var user *manifest.UserError
				if !errors.As(err, &user) || !strings.Contains(user.What, "belongs to something else") || !strings.Contains(user.Hint, "aws.name") {
					t.Errorf("%s, %s, %s: %v", name, status, did, err)
				}
			}
			_, err := r.stack.State(t.Context())
			refused("asked for", err)
			_, err = r.stack.Usable(t.Context())
			refused("looked at", err)
			_, err = r.stack.Apply(t.Context(), two)
			refused("changed", err)
			refused("deleted", r.stack.Delete(t.Context()))
			if asked := r.Seen(); slices.ContainsFunc(asked, func(what string) bool { return what != "cloudformation DescribeStacks" }) {
				t.Errorf("%s, %s: asked for was %v", name, status, asked)
			}
		}
		r.SetStatus("us-east-1", r.stack.Name, "CREATE_COMPLETE")
		if err := other.Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// With more tags than pack gives it is pack's.
	tagged := *r.stack
	tagged.Tags = map[string]string{"pack:app": "shop", "pack:stage": "test", "team": "web"}
	if _, err := tagged.Apply(t.Context(), r.change(1)); err != nil {
		t.Fatal(err)
	}
	var state *stack.State
	state, err := r.stack.Apply(t.Context(), r.change(2))
	if err != nil || state.Status != "UPDATE_COMPLETE" {
		t.Errorf("%+v, %v", state, err)
	}
}
