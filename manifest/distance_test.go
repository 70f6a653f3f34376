package manifest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNearestRegions: every region that functions can be in has a place, and
// is asked before those that are farther away.
func TestNearestRegions(t *testing.T) {
	for _, region := range awsRegions {
		if _, ok := places[region]; !ok {
			t.Errorf("%s has no place", region)
		}
	}
	for from, want := range map[string][]string{
		"eu-central-1": {"eu-central-1", "eu-west-1", "us-east-1", "us-west-2", "ap-southeast-2"},
		"us-west-1":    {"us-west-2", "us-east-1", "eu-west-1", "eu-central-1", "ap-southeast-2"},
		"sa-east-1":    {"us-east-1", "eu-west-1", "eu-central-1", "us-west-2", "ap-southeast-2"},
		"nowhere-1":    {"ap-southeast-2", "eu-central-1", "eu-west-1", "us-east-1", "us-west-2"},
	} {
		among := []string{"us-west-2", "eu-west-1", "ap-southeast-2", "eu-central-1", "us-east-1"}
		if diff := cmp.Diff(want, NearestRegions(from, among)); diff != "" {
			t.Errorf("from %s: %s", from, diff)
		}
		if among[0] != "us-west-2" {
			t.Error("the argument was sorted")
		}
	}
}
