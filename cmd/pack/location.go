package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"pack/infra/account"
	"pack/infra/bundle"
	"pack/infra/template"
	"pack/manifest"
)

// defaultStage is the stage that is meant where none is named.
const defaultStage = "production"

// locationFlags say which of an app's deployments a command is about.
func locationFlags(more ...cli.Flag) []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "stage", Value: defaultStage, Usage: "`NAME` of what is deployed; begins names, after the app's", Action: notEmpty("stage")},
		regionFlag(),
	}, more...)
}

func regionFlag() cli.Flag {
	return &cli.StringFlag{Name: "region", Usage: "the `REGION` of gateway and state, in place of pack.json's", Action: notEmpty("region")}
}

// notEmpty refuses a flag without a value: of a script whose variable is not set, which
// means anything but production.
func notEmpty(name string) func(*cli.Context, string) error {
	return func(_ *cli.Context, value string) error {
		if value == "" {
			return usageError{fmt.Errorf("--%s is empty: give it a value, or leave it out", name)}
		}
		return nil
	}
}

// packedFlag names what was packed here.
func packedFlag() cli.Flag {
	return &cli.StringFlag{Name: "out", Usage: "the `FOLDER` that pack build made (default: .pack in DIR)"}
}

// location is where an app's stage is, as far as it can be told without asking AWS.
type location struct {
	dir, name, stage string
	// home is the region of gateway and state.
	home string
	// settings are those of the app's files; what the command line says in their
	// place is in Pack.Regions and DefaultRegion.
	settings manifest.Settings
}

// prefix begins the names of what is deployed.
func (l *location) prefix() string { return l.name + "-" + l.stage }

// locate finds the stage of the app in dir. The home region is, strongest first:
// region, which is --region's; the first of pack.json's regions; of vercel.json's;
// that of AWS_REGION or the profile; manifest.DefaultRegion. An empty stage is
// defaultStage.
func locate(ctx context.Context, dir, stage, region string) (*location, error) {
	if stage == "" {
		stage = defaultStage
	}
	dir, _, err := folders(dir, "")
	if err != nil {
		return nil, err
	}
	l := &location{dir: dir, stage: stage}
	if l.settings, err = manifest.LoadSettings(dir); err != nil {
		return nil, err
	}
	if l.name, err = appName(dir, l.settings.Pack.AWS.Name); err != nil {
		return nil, err
	}
	if err := template.CheckNames(l.name, l.stage); err != nil {
		return nil, err // before anything is built
	}
	if region != "" {
		if l.settings.Pack.Regions, err = manifest.RegionNames([]string{region}, "--region"); err != nil {
			return nil, err
		}
	} else if l.settings.DefaultRegion, err = account.Region(ctx); err != nil && len(l.settings.Pack.Regions) == 0 && len(l.settings.Vercel.Regions) == 0 {
		return nil, err // Where regions are named, whoever asks AWS says what is wrong.
	}
	regions, err := manifest.Regions(l.settings)
	if err != nil {
		return nil, err
	}
	l.home = regions[0]
	return l, nil
}

// site is a location with what is there by what was packed here: what the commands
// go by that only look.
type site struct {
	*location
	// regions are the stacks', the home region first.
	regions []string
	// deployment is what was packed last; nil when nothing was.
	deployment *manifest.Deployment
}

// siteOf reads the flags of locationFlags and packedFlag, and the argument DIR.
func siteOf(c *cli.Context) (*site, error) {
	dir, err := appDir(c)
	if err != nil {
		return nil, err
	}
	l, err := locate(c.Context, dir, c.String("stage"), c.String("region"))
	if err != nil {
		return nil, err
	}
	_, out, err := folders(dir, c.String("out"))
	if err != nil {
		return nil, err
	}
	p := &site{location: l}
	if packed, err := bundle.Open(out); err == nil {
		p.deployment = packed.Deployment()
		packed.Close()
	}
	p.regions, err = manifest.Regions(l.settings)
	if p.deployment != nil {
		// Routes may name regions of their own. What was packed for another home
		// region says nothing of this one.
		if packed := template.Regions(p.deployment); packed[0] == l.home {
			for _, region := range packed {
				if !slices.Contains(p.regions, region) {
					p.regions = append(p.regions, region)
				}
			}
		}
	}
	return p, err
}

// open finds credentials.
func (l *location) open(ctx context.Context) (*account.Account, error) {
	return account.Open(ctx, l.home)
}
