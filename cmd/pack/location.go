package main

import (
	"cmp"
	"context"
	"os"

	"github.com/urfave/cli/v2"

	"pack/infra/account"
	"pack/infra/bundle"
	"pack/infra/template"
	"pack/manifest"
)

// locationFlags say which of an app's deployments a command looks at.
func locationFlags(more ...cli.Flag) []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "stage", Value: "production", Usage: "`NAME` of what is deployed"},
		&cli.StringFlag{Name: "region", Usage: "look in this `REGION` alone (default: those of the app)"},
		&cli.StringFlag{Name: "out", Usage: "the `FOLDER` that pack build made (default: .pack in DIR)"},
	}, more...)
}

// location is where an app's stage is, as far as it can be told without asking AWS.
type location struct {
	name, stage string
	// prefix begins the names of what is deployed.
	prefix string
	// regions are the stacks', the home region first.
	regions []string
	// deployment is what was packed last; nil when nothing was.
	deployment *manifest.Deployment
	settings   manifest.Settings
	dir        string
}

// locationOf reads the flags of locationFlags and the argument DIR. Regions are those
// of what was packed here; without that, pack.json's, or the environment's.
func locationOf(c *cli.Context) (*location, error) {
	dir, err := appDir(c)
	if err != nil {
		return nil, err
	}
	dir, out, err := folders(dir, c.String("out"))
	if err != nil {
		return nil, err
	}
	p := &location{dir: dir}
	if p.settings, err = manifest.LoadSettings(dir); err != nil {
		return nil, err
	}
	if p.name, err = appName(dir, p.settings.Pack.AWS.Name); err != nil {
		return nil, err
	}
	p.stage = c.String("stage")
	p.prefix = p.name + "-" + p.stage
	if packed, err := bundle.Open(out); err == nil {
		p.deployment = packed.Deployment()
		packed.Close()
		p.regions = template.Regions(p.deployment)
	} else if len(p.settings.Pack.Regions) > 0 {
		if p.regions, err = manifest.RegionNames(p.settings.Pack.Regions, "pack.json: regions"); err != nil {
			return nil, err
		}
	} else {
		p.regions = []string{cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), manifest.DefaultRegion)}
	}
	if region := c.String("region"); region != "" {
		if p.regions, err = manifest.RegionNames([]string{region}, "--region"); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// open finds credentials.
func (p *location) open(ctx context.Context) (*account.Account, error) {
	return account.Open(ctx, p.regions[0])
}
