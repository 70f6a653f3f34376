package manifest_test

import (
	"errors"
	"strings"
	"testing"

	"pack/manifest"
)

func TestRegionThatLacksSomething(t *testing.T) {
	if lacking := manifest.Lacking("me-central-1", true); len(lacking) != 1 || !strings.Contains(lacking[0], "https://docs.aws.amazon.com/") {
		t.Errorf("me-central-1 lacks %v", lacking)
	}
	if lacking := append(manifest.Lacking("me-central-1", false), manifest.Lacking("eu-central-1", true)...); len(lacking) != 0 {
		t.Errorf("routes alone can be there, and all in eu-central-1: %v", lacking)
	}
	b := recorded(t, "shop")
	s := manifest.Settings{DefaultRegion: "us-east-1"}
	s.Pack.Regions = []string{"dxb1", "fra1"}
	var u *manifest.UserError
	if _, err := manifest.NewPlan(b, s); !errors.As(err, &u) || u.Where != "pack.json: regions" || !strings.Contains(u.What, "me-central-1") || u.Hint != manifest.LackingHint {
		t.Errorf("a gateway in me-central-1: %v", err)
	}
	s.AllowRegions = []string{"me-central-1"}
	if _, err := manifest.NewPlan(b, s); err != nil {
		t.Errorf("the owner knows better: %v", err)
	}
	s.AllowRegions, s.Pack.Regions = nil, []string{"fra1", "dxb1"}
	if _, err := manifest.NewPlan(b, s); err != nil {
		t.Errorf("routes beside a gateway elsewhere: %v", err)
	}
}
