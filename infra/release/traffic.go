package release

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pack/manifest"
)

// Find gives a kept release by its ID, or by a beginning of it that no other has.
func Find(t *manifest.Traffic, id string) (*manifest.TrafficRelease, error) {
	var found []*manifest.TrafficRelease
	for i := range t.Releases {
		r := &t.Releases[i]
		if r.ID == id {
			return r, nil
		}
		if id != "" && strings.HasPrefix(r.ID, id) {
			found = append(found, r)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	e := &manifest.UserError{What: fmt.Sprintf("no deployment %q is kept", id), Hint: "pack deployments lists those that are"}
	if len(found) > 1 {
		e.What, e.Hint = fmt.Sprintf("%d deployments begin with %q", len(found), id), "give more of the id"
	}
	return nil, e
}

// Add puts a release first, or keeps the one that is there, as a preview.
func Add(t *manifest.Traffic, r manifest.TrafficRelease) {
	i := slices.IndexFunc(t.Releases, func(have manifest.TrafficRelease) bool { return have.ID == r.ID })
	if i >= 0 {
		r.Activated, r.Preview = t.Releases[i].Activated, t.Releases[i].Preview
		t.Releases = slices.Delete(t.Releases, i, i+1)
	} else {
		r.Preview = true
	}
	t.Releases = slices.Insert(t.Releases, 0, r)
}

// Activate takes a release into production, and ends the canary.
func Activate(t *manifest.Traffic, id string, now time.Time) error {
	r, err := Find(t, id)
	if err != nil {
		return err
	}
	if t.Active != r.ID {
		r.Activated = now
	}
	r.Preview, t.Active, t.Canary = false, r.ID, nil
	return nil
}

// Divisible refuses to try a release beside nothing.
func Divisible(t *manifest.Traffic) error {
	if t.Active != "" {
		return nil
	}
	return &manifest.UserError{What: "there is nothing in production that a part could be taken of", Hint: "deploy without --weight first"}
}

// Try gives a release a part of the new visitors.
func Try(t *manifest.Traffic, id string, weight int) error {
	if err := Divisible(t); err != nil {
		return err
	}
	r, err := Find(t, id)
	if err != nil {
		return err
	}
	if t.Active == r.ID {
		return &manifest.UserError{What: fmt.Sprintf("deployment %s is in production", r.ID), Why: "it has all visitors"}
	}
	r.Preview, t.Canary = false, &manifest.Canary{ID: r.ID, Weight: weight}
	return nil
}

// Rollback ends the canary where there is one. Else it takes the release into
// production that was there before, and sees to it that no rollback comes back to
// the one that is left. ended says which that was.
func Rollback(t *manifest.Traffic) (ended string, err error) {
	if t.Canary != nil {
		ended, t.Canary = t.Canary.ID, nil
		return ended, nil
	}
	var active, before *manifest.TrafficRelease
	for i := range t.Releases {
		if t.Releases[i].ID == t.Active {
			active = &t.Releases[i]
		}
	}
	for i := range t.Releases {
		r := &t.Releases[i]
		if active == nil || r == active || r.Activated.IsZero() || !r.Activated.Before(active.Activated) {
			continue
		}
		if before == nil || r.Activated.After(before.Activated) {
			before = r
		}
	}
	if before == nil {
		return "", &manifest.UserError{What: "there is nothing to roll back to", Why: "no kept deployment was in production before", Hint: "pack deployments lists what pack promote can take"}
	}
	ended, active.Activated, t.Active = active.ID, time.Time{}, before.ID
	return ended, nil
}

// Keeping says which releases stay: so many of the newest, and those that are not
// older than Age.
type Keeping struct {
	Releases int
	Age      time.Duration
}

// Drop takes the releases out that are not kept, and returns their IDs. The active
// one, the one before it, the canary and the newest always stay.
func (k Keeping) Drop(t *manifest.Traffic, now time.Time) []string {
	kept := map[string]bool{t.Active: true}
	if t.Canary != nil {
		kept[t.Canary.ID] = true
	}
	copied := *t
	copied.Releases, copied.Canary = slices.Clone(t.Releases), nil
	if _, err := Rollback(&copied); err == nil {
		kept[copied.Active] = true
	}
	var dropped []string
	n := 0
	t.Releases = slices.DeleteFunc(t.Releases, func(r manifest.TrafficRelease) bool {
		n++
		if n == 1 || n <= k.Releases || kept[r.ID] || now.Sub(r.Created) < k.Age {
			return false
		}
		dropped = append(dropped, r.ID)
		return true
	})
	return dropped
}
