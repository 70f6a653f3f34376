package main

import (
	"strings"
	"testing"

	"pack/infra/changes"
)

// TestPlanInRed: what a deploy would take away is red on a terminal that has colours,
// and has a mark of its own on one that has none.
func TestPlanInRed(t *testing.T) {
	r := planResult{Regions: []regionPlanView{{Region: "us-east-1", Status: "UPDATE_COMPLETE", Republished: 2, Retired: []string{"old"}, Changes: []changes.Change{
		{Action: changes.Added, Area: "function", Name: "cart", Type: "F", Details: []string{"1024 MB"}},
		{Action: changes.Changed, Area: "function", Name: "home", Type: "F"},
		{Action: changes.Replaced, Area: "state", Name: "Tags", Type: "T", Details: []string{"KeySchema"}},
		{Action: changes.Deleted, Area: "queue", Name: "jobs", Type: "Q"},
	}}}}
	for _, colour := range []bool{true, false} {
		var b strings.Builder
		if err := r.print(&b, style{terminal: true, colour: colour}); err != nil {
			t.Fatal(err)
		}
		for line, red := range map[string]bool{"+   cart (F)": false, "~   home (F)": false, "-/+ Tags (T)": true, "-   jobs (Q)": true} {
			if red && colour {
				line = "\x1b[1;31m" + line + "\x1b[0m"
			}
			if !strings.Contains(b.String(), "\n    "+line+"\n") {
				t.Errorf("with colours: %v, there is no %q in\n%s", colour, line, b.String())
			}
		}
		for _, want := range []string{"2 functions republished as they are", "kept for older deployments: old", "          KeySchema\n", "1 to add, 1 to change, 1 to replace, 1 to delete"} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("there is no %q in\n%s", want, b.String())
			}
		}
	}
}
