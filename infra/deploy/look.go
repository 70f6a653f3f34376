package deploy

import (
	"context"

	"pack/infra/release"
	"pack/infra/stack"
	"pack/infra/template"
	"pack/manifest"
)

// look reads what there is: who is in production, and what the stacks of the regions
// have. home is nil where nothing is.
func (t *Target) look(ctx context.Context, home *stack.State, regions []string) (manifest.Traffic, map[string]*template.Before, error) {
	traffic := manifest.Traffic{Schema: manifest.ReleaseSchema, Releases: []manifest.TrafficRelease{}}
	needed := map[string]map[string]bool{}
	if home != nil && home.Outputs[template.OutputState] != "" {
		store := t.store(home)
		var err error
		if traffic, _, err = store.Traffic(ctx); err != nil {
			return traffic, nil, err
		}
		if needed, err = t.needed(ctx, store, &traffic); err != nil {
			return traffic, nil, err
		}
	}
	all := map[string]*template.Before{}
	for _, region := range regions {
		templates, err := t.applied(ctx, region)
		if err != nil {
			return traffic, nil, err
		}
		if all[region], err = template.NewBefore(templates, func(name string) bool { return needed[region][name] }); err != nil {
			return traffic, nil, err
		}
	}
	return traffic, all, nil
}

// ours refuses stacks that have the names of this app's and are somebody else's.
func (t *Target) ours(ctx context.Context, regions []string) error {
	for _, region := range regions {
		if _, err := t.stack(region).State(ctx); err != nil {
			return err
		}
	}
	return nil
}

// applied gives the templates that a region's stack was made of; none where it was
// not.
func (t *Target) applied(ctx context.Context, region string) (map[string][]byte, error) {
	s := t.stack(region)
	state, err := s.State(ctx)
	if err != nil || state == nil || state.Status == reviewed {
		return nil, err
	}
	return s.Templates(ctx)
}

// reviewed is the status of a stack that has a change set and nothing else.
const reviewed = "REVIEW_IN_PROGRESS"

// needed gives the functions that kept releases have, by region and name on AWS.
func (t *Target) needed(ctx context.Context, store release.Store, traffic *manifest.Traffic) (map[string]map[string]bool, error) {
	all := map[string]map[string]bool{}
	for _, kept := range traffic.Releases {
		r, err := store.Release(ctx, kept.ID)
		if err != nil {
			return nil, err
		}
		if r == nil {
			continue
		}
		for region, versions := range r.Versions {
			if all[region] == nil {
				all[region] = map[string]bool{}
			}
			for function := range versions {
				all[region][manifest.LambdaName(t.prefix(), function)] = true
			}
		}
	}
	return all, nil
}
