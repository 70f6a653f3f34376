package template_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pack/infra/template"
)

// templatesOf are a stack's as CloudFormation would give them back.
func templatesOf(c *template.CloudFormation) map[string][]byte {
	all := map[string][]byte{"": c.Files[0].Body}
	for _, f := range c.Files[1:] {
		if f.Key != "" {
			all[template.StackOf(f)] = f.Body
		}
	}
	return all
}

// TestBefore: what is somewhere stays there when routes come and go, also when they
// become too many for one template; a function that is needed stays with its role,
// and leaves when it is not.
func TestBefore(t *testing.T) {
	places := func(c *template.CloudFormation) map[string]string {
		all := map[string]string{}
		for _, f := range c.Functions {
			all[f.Name] = f.Stack
		}
		return all
	}
	var was map[string][]byte
	known := map[string]string{}
	for _, routes := range []int{60, 150, 140, 400, 90} {
		o := many(routes)
		before, err := template.NewBefore(was, func(name string) bool { return strings.Contains(name, "route-0139-") })
		if err != nil {
			t.Fatal(err)
		}
		o.Before = before
		c, err := template.NewCloudFormation(o)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range c.Files {
			w := parsed(t, f.Body)
			w.check(t, f.Name)
			if len(w.Resources) > 500 {
				t.Errorf("%d routes: %s has %d resources", routes, f.Name, len(w.Resources))
			}
		}
		now := places(c)
		for name, stack := range now {
			if old, ok := known[name]; ok && old != stack {
				t.Fatalf("%d routes: %s moves from %q to %q", routes, name, old, stack)
			}
		}
		maps.Copy(known, now)
		was = templatesOf(c)
		all, err := template.Flatten(was)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for id, r := range all {
			if r.Type == "AWS::Lambda::Function" {
				names = append(names, r.Properties["FunctionName"].(string))
				if role := all[id+"Role"]; role.Type == "" && routes != 400 {
					t.Errorf("%d routes: %s has lost its role", routes, id)
				}
			}
		}
		kept := slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, "route-0139-") })
		if want := routes > 60; kept != want || len(names) > routes+3 {
			t.Errorf("%d routes: %d functions, route 139 among them: %v", routes, len(names), kept)
		}
	}
}
