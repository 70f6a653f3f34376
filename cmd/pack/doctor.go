package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"pack/infra/account"
	"pack/infra/doctor"
	"pack/infra/template"
	"pack/manifest"
	"pack/manifest/capture"
)

func doctorCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Usage:     "find out whether the app can be deployed from here",
		UsageText: "pack doctor [options] [DIR]",
		Description: `Looks at Node.js and Next.js, at the AWS credentials, at the account's quotas
and at the regions, and says what to do about what is in the way. Changes
nothing.

   pack doctor                     the app in this folder
   pack doctor --policy            the IAM policy that deploying it needs
   pack doctor --json | jq '.checks[] | select(.state != "ok")'`,
		ArgsUsage: "[DIR]",
		Flags: locationFlags(packedFlag(),
			&cli.BoolFlag{Name: "policy", Usage: "print the IAM policy that deploying needs, and nothing else", DisableDefaultText: true},
			&cli.StringFlag{Name: "account", Usage: "the `NUMBER` of the account that the policy is for (default: that of the credentials)"},
			&cli.BoolFlag{Name: "json", Usage: "print a JSON document (docs/json.md)", DisableDefaultText: true}),
		Action: func(c *cli.Context) error {
			p, err := siteOf(c)
			if err != nil {
				return err
			}
			return interruptible(c.Context, func(ctx context.Context) error {
				if c.Bool("policy") {
					return printPolicy(ctx, s, p, c.String("account"), c.Bool("json"))
				}
				return examine(ctx, s, p, c.Bool("json"))
			})
		},
	}
}

// doctorResult is what `pack doctor --json` prints.
type doctorResult struct {
	Schema int            `json:"schema"`
	Checks []doctor.Check `json:"checks"`
}

// examine prints what was found; it fails when something is in the way.
func examine(ctx context.Context, s streams, p *site, asJSON bool) error {
	result := doctorResult{Schema: jsonSchema, Checks: programs(ctx, p.dir)}
	result.Checks = append(result.Checks, doctor.Regions(p.regions, p.settings.AllowRegions)...)
	opened, err := p.open(ctx)
	result.Checks = append(result.Checks, checkOf("AWS credentials", account.Explain(err), func() string { return opened.ARN }))
	if err == nil {
		size := p.size()
		for i, region := range p.regions {
			result.Checks = append(result.Checks, doctor.Quotas(ctx, opened.In, region, i == 0, size)...)
		}
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	failed := 0
	t := newTable("", "check", "found")
	for _, c := range result.Checks {
		if c.State == doctor.Failed {
			failed++
		}
		found := c.Found
		if c.Hint != "" && c.State != doctor.OK {
			found += " (" + c.Hint + ")"
		}
		t.row(string(c.State), c.Name, found)
	}
	if asJSON {
		err = printJSON(s.out, result)
	} else {
		err = printTables(s.out, []*table{t})
	}
	if err == nil && failed > 0 {
		return &manifest.UserError{What: fmt.Sprintf("%d of %d checks failed", failed, len(result.Checks)), Hint: "see above"}
	}
	return err
}

// programs checks what builds and runs the app on this machine.
func programs(ctx context.Context, dir string) []doctor.Check {
	var checks []doctor.Check
	version, err := exec.CommandContext(ctx, "node", "--version").Output()
	if errors.Is(err, exec.ErrNotFound) {
		err = &manifest.UserError{What: "Node.js is not on PATH", Hint: "install Node.js 20.9 or newer"}
	}
	checks = append(checks, checkOf("Node.js", err, func() string { return strings.TrimSpace(string(version)) }))
	next, err := capture.CheckNext(dir)
	checks = append(checks, checkOf("Next.js", err, func() string { return next }))
	about := currentVersion()
	return append(checks, doctor.Check{Name: "pack", State: doctor.OK, Found: about.Version + ", " + runtime.Version()})
}

// checkOf makes a check of an error.
func checkOf(name string, err error, found func() string) doctor.Check {
	if err == nil {
		return doctor.Check{Name: name, State: doctor.OK, Found: found()}
	}
	c := doctor.Check{Name: name, State: doctor.Failed, Found: err.Error()}
	var u *manifest.UserError
	if errors.As(err, &u) {
		c.Found, c.Hint = u.What, u.Hint
		if u.Why != "" {
			c.Found += ": " + u.Why
		}
	}
	return c
}

// size is what the app that was packed here needs; zero when none was.
func (p *site) size() doctor.Size {
	size := doctor.Size{CDN: !p.settings.Pack.CDN.None}
	if p.deployment == nil {
		return size
	}
	size.Functions = len(p.deployment.Functions)
	size.Roles = size.Functions
	for _, f := range p.deployment.Functions {
		if f.Archive != nil {
			size.StoredBytes += f.Archive.Unzipped / 3 // Zipped, about.
		}
	}
	return size
}

// policyResult is what `pack doctor --policy --json` prints.
type policyResult struct {
	Schema   int              `json:"schema"`
	Policies []*doctor.Policy `json:"policies"`
	// Reasons say, by statement, why its resources are no narrower.
	Reasons map[string]string `json:"reasons"`
}

// printPolicy prints what deploying needs. A managed policy holds only so much,
// so that there can be several.
func printPolicy(ctx context.Context, s streams, p *site, number string, asJSON bool) error {
	if number == "" {
		opened, err := p.open(ctx)
		if err != nil {
			return account.Explain(err)
		}
		number = opened.ID
	}
	types, err := p.types()
	if err != nil {
		return err
	}
	policy, err := doctor.NewPolicy(doctor.Place{
		Account: number, Prefix: p.prefix(), Regions: p.regions,
		HostedZone: p.settings.Pack.CDN.HostedZone, WebACL: p.settings.Pack.CDN.WebACL,
	}, types)
	if err != nil {
		return err
	}
	result := policyResult{Schema: jsonSchema, Reasons: map[string]string{}}
	if result.Policies, err = policy.Split(); err != nil {
		return err
	}
	for _, statement := range policy.Statement {
		if statement.Why != "" {
			result.Reasons[statement.Sid] = statement.Why
		}
	}
	if asJSON {
		return printJSON(s.out, result)
	}
	for _, sid := range slices.Sorted(maps.Keys(result.Reasons)) {
		fmt.Fprintf(s.err, "%s: %s\n", sid, result.Reasons[sid])
	}
	if len(result.Policies) > 1 {
		fmt.Fprintf(s.err, "%d documents: a managed policy holds 6,144 characters, so attach one for each\n", len(result.Policies))
	}
	e := json.NewEncoder(s.out)
	e.SetIndent("", "  ")
	for _, each := range result.Policies {
		if err := e.Encode(each); err != nil {
			return err
		}
	}
	return nil
}

// types are what the app's templates make; without a packed app, what any app's
// may.
func (p *site) types() ([]string, error) {
	if p.deployment == nil {
		return doctor.AllTypes(), nil
	}
	return template.Types(template.Options{
		Deployment: p.deployment, Name: p.name, Stage: p.stage, AWS: p.settings.Pack.AWS, CDN: p.settings.Pack.CDN,
		Domains: p.settings.Pack.Domains, Secrets: p.settings.Pack.Secrets,
	})
}
