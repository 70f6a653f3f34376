package release_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pack/infra/release"
	"pack/manifest"
)

// history has releases that were in production at the hours given, 0 for never, the
// newest first; the first one is active.
func history(hours ...int) *manifest.Traffic {
	t := &manifest.Traffic{Schema: manifest.ReleaseSchema, Active: "r0"}
	for i, hour := range hours {
		r := manifest.TrafficRelease{ID: fmt.Sprintf("r%d", i), Created: at(100 - i)}
		if hour > 0 {
			r.Activated = at(hour)
		}
		t.Releases = append(t.Releases, r)
	}
	return t
}

func at(hour int) time.Time { return time.Unix(int64(hour)*3600, 0).UTC() }

func TestFind(t *testing.T) {
	traffic := &manifest.Traffic{Releases: []manifest.TrafficRelease{{ID: "abc"}, {ID: "abd"}, {ID: "ab"}}}
	for id, want := range map[string]string{"abc": "abc", "abd": "abd", "ab": "ab", "a": "", "": "", "x": ""} {
		r, err := release.Find(traffic, id)
		if want == "" != (err != nil) || err == nil && r.ID != want {
			t.Errorf("%q is %+v, %v", id, r, err)
		}
	}
}

// TestRollback goes back through what was in production, past what never was, and never
// comes back to what was left.
func TestRollback(t *testing.T) {
	traffic := history(50, 0, 40, 30)
	for _, want := range []struct{ ended, active string }{{"r0", "r2"}, {"r2", "r3"}} {
		ended, err := release.Rollback(traffic)
		if err != nil || ended != want.ended || traffic.Active != want.active {
			t.Errorf("%s was left for %s, %v; want %+v", ended, traffic.Active, err, want)
		}
	}
	if _, err := release.Rollback(traffic); err == nil || traffic.Active != "r3" {
		t.Errorf("there is nothing further back: %s, %v", traffic.Active, err)
	}
	// What was left can be promoted, and is what a rollback leaves again.
	if err := release.Activate(traffic, "r0", at(60)); err != nil {
		t.Fatal(err)
	}
	if ended, err := release.Rollback(traffic); err != nil || ended != "r0" || traffic.Active != "r3" {
		t.Errorf("%s was left for %s, %v", ended, traffic.Active, err)
	}
	// Of a canary, it is the end alone.
	traffic = history(50, 40)
	traffic.Canary = &manifest.Canary{ID: "r1", Weight: 10}
	if ended, err := release.Rollback(traffic); err != nil || ended != "r1" || traffic.Active != "r0" || traffic.Canary != nil {
		t.Errorf("%s was ended, %+v, %v", ended, traffic, err)
	}
}

func TestTry(t *testing.T) {
	traffic := history(50, 0)
	traffic.Releases[1].Preview = true
	if err := release.Try(traffic, "r1", 10); err != nil || traffic.Canary.ID != "r1" || traffic.Releases[1].Preview || traffic.Active != "r0" {
		t.Errorf("%+v, %v", traffic, err)
	}
	if err := release.Try(traffic, "r0", 10); err == nil {
		t.Error("a part of the visitors was given to who has all")
	}
	if err := release.Activate(traffic, "r1", at(60)); err != nil || traffic.Canary != nil || traffic.Active != "r1" {
		t.Errorf("%+v, %v", traffic, err)
	}
	if err := release.Try(&manifest.Traffic{Releases: traffic.Releases}, "r1", 10); err == nil {
		t.Error("a part was taken of nothing")
	}
}

// TestAddAgain: a release that is deployed once more comes first and stays what it was.
func TestAddAgain(t *testing.T) {
	traffic := history(50, 40)
	release.Add(traffic, manifest.TrafficRelease{ID: "r1", Gateway: "7"})
	r := traffic.Releases[0]
	if len(traffic.Releases) != 2 || r.ID != "r1" || r.Gateway != "7" || r.Preview || !r.Activated.Equal(at(40)) {
		t.Errorf("%+v", traffic)
	}
	release.Add(traffic, manifest.TrafficRelease{ID: "new"})
	if !traffic.Releases[0].Preview || traffic.Releases[0].ID != "new" {
		t.Errorf("%+v", traffic)
	}
}

func TestDrop(t *testing.T) {
	for name, c := range map[string]struct {
		traffic *manifest.Traffic
		keep    release.Keeping
		dropped []string
	}{
		"the newest":              {history(50, 40, 30, 20), release.Keeping{Releases: 3}, []string{"r3"}},
		"the one before":          {history(50, 0, 0, 20), release.Keeping{Releases: 1}, []string{"r1", "r2"}},
		"those that are not old":  {history(50, 40, 30, 20), release.Keeping{Releases: 1, Age: 3*time.Hour + 1}, []string{"r3"}},
		"active, however old":     {&manifest.Traffic{Active: "r2", Releases: history(0, 0, 10).Releases}, release.Keeping{Releases: 1}, []string{"r1"}},
		"a canary":                {&manifest.Traffic{Active: "r0", Canary: &manifest.Canary{ID: "r3", Weight: 1}, Releases: history(50, 40, 0, 0).Releases}, release.Keeping{Releases: 1}, []string{"r2"}},
		"the newest that is none": {history(0), release.Keeping{}, nil},
	} {
		before := len(c.traffic.Releases)
		if got := c.keep.Drop(c.traffic, at(101)); !slices.Equal(got, c.dropped) || len(c.traffic.Releases) != before-len(got) {
			t.Errorf("%s: dropped were %v, want %v; left %+v", name, got, c.dropped, c.traffic.Releases)
		}
	}
}
