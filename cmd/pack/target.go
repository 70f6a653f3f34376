package main

import (
	"context"
	"time"

	"github.com/urfave/cli/v2"

	"pack/infra/account"
	"pack/infra/deploy"
	releases "pack/infra/release"
	"pack/manifest"
)

// targetFlags are those of every command that works on a deployed app.
func targetFlags(more ...cli.Flag) []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "stage", Value: "production", Usage: "`NAME` of what is deployed; begins names, after the app's"},
		regionFlag(),
	}, more...)
}

func regionFlag() cli.Flag {
	return &cli.StringFlag{Name: "region", Usage: "the `REGION` of gateway and state, in place of pack.json's"}
}

// target is an app's stage in the account that credentials were found for.
type target struct {
	*deploy.Target
	settings manifest.Settings
	progress progress
}

// targetOf finds it by a command line's flags and folder.
func targetOf(ctx context.Context, c *cli.Context, s streams) (*target, error) {
	dir, err := appDir(c)
	if err != nil {
		return nil, err
	}
	return openTarget(ctx, dir, c.String("stage"), c.String("region"), newProgress(s.err))
}

func openTarget(ctx context.Context, dir, stage, region string, p progress) (*target, error) {
	dir, _, err := folders(dir, "")
	if err != nil {
		return nil, err
	}
	t := &target{progress: p}
	if t.settings, err = manifest.LoadSettings(dir); err != nil {
		return nil, err
	}
	if region != "" {
		t.settings.Pack.Regions = []string{region}
	} else if t.settings.DefaultRegion, err = account.Region(ctx); err != nil {
		return nil, err
	}
	name, err := appName(dir, t.settings.Pack.AWS.Name)
	if err != nil {
		return nil, err
	}
	home, err := manifest.HomeRegion(t.settings)
	if err != nil {
		return nil, err
	}
	opened, err := account.Open(ctx, home)
	if err != nil {
		return nil, err
	}
	t.Target = &deploy.Target{
		Account: opened, Name: name, Stage: stage, Home: home,
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
