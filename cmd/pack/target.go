package main

import (
	"context"
	"time"

	"github.com/urfave/cli/v2"

	"pack/infra/deploy"
	releases "pack/infra/release"
	"pack/manifest"
)

// target is an app's stage in the account that credentials were found for.
type target struct {
	*deploy.Target
	*location
	progress progress
}

// targetOf finds it by the flags of locationFlags and the argument DIR.
func targetOf(ctx context.Context, c *cli.Context, s streams) (*target, error) {
	dir, err := appDir(c)
	if err != nil {
		return nil, err
	}
	return openTarget(ctx, dir, c, newProgress(s.err))
}

// openTarget finds the stage of the app in dir that the flags of locationFlags name.
func openTarget(ctx context.Context, dir string, c *cli.Context, p progress) (*target, error) {
	l, err := locate(ctx, dir, c.String("stage"), c.String("region"))
	if err != nil {
		return nil, err
	}
	opened, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	t := &target{location: l, progress: p}
	t.Target = &deploy.Target{
		Account: opened, Name: l.name, Stage: l.stage, Home: l.home,
		Progress: deploy.Progress{Step: p.step, Count: p.count, Note: p.note},
	}
	return t, nil
}

// regions are those that the settings name for all routes.
func (t *target) regions() []string { return t.settings.Pack.Regions }

// keeping says which releases stay, by pack.json.
func keeping(s manifest.AWSSettings) releases.Keeping {
	k := releases.Keeping{Releases: s.KeepReleases, Age: time.Duration(s.KeepDays) * 24 * time.Hour}
	if k.Releases == 0 {
		k.Releases = manifest.DefaultKeepReleases
	}
	if k.Age == 0 {
		k.Age = manifest.DefaultKeepDays * 24 * time.Hour
	}
	return k
}
