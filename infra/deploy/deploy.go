package deploy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"pack/infra/account"
	"pack/infra/objects"
	"pack/infra/release"
	"pack/infra/stack"
	"pack/infra/template"
	"pack/manifest"
)

// Options say what a deploy is to do with a package.
type Options struct {
	Package
	// Preview releases it without any visitor being sent to it unasked; Weight, 1 to
	// 99, sends it so many of a hundred new visitors. Neither takes it into
	// production as a whole.
	Preview bool
	Weight  int
	// RotateSecret begins a change of the origin secret, whatever its age.
	RotateSecret bool
	// Keep says which older releases stay.
	Keep release.Keeping
	// Seed puts the pages that the build rendered where the functions look for them.
	// Once done it leaves the object seeded/ID.mark, and then does nothing.
	Seed func(ctx context.Context, to State, progress func(done, total int)) error
	// Activated is called when the deploy is done, but for tidying up; may be nil.
	Activated func(Result)
	// LeaseTime is for how long a lease holds that is not renewed; 0 means 45 s.
	LeaseTime time.Duration
}

// State is where a deployment's state is.
type State struct{ Bucket, TagTable, Region string }

// Result is what a deploy did.
type Result struct {
	// ID is the release's, Deployment the Deployment's.
	ID, Deployment string
	// URL is where it can be seen.
	URL     string
	Regions []string
	// Files and Bytes were uploaded; Present files were there.
	Files, Present int
	Bytes          int64
	// Active: it is in production. Superseded: it would be, had nobody changed what
	// is in production meanwhile.
	Active, Superseded bool
	Warnings           []string
	// Dropped are releases that were not kept any longer.
	Dropped []string
}

// deploying is one deploy.
type deploying struct {
	*Target
	Options
	made    map[string]*made
	values  values
	release string
	home    *stack.State
	// stacks are what there is by region.
	stacks map[string]*template.Before
	// before is who was in production when it began.
	before manifest.Traffic
	mu     sync.Mutex
	result Result
}

// Deploy deploys. What was done when it fails stays done, and the next one goes on
// from there; what visitors see changes at its end alone.
func (t *Target) Deploy(ctx context.Context, o Options) (Result, error) {
	d := &deploying{Target: t, Options: o}
	d.result.Deployment = o.Output.Deployment().ID
	err := d.leased(ctx)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		err = account.Explain(err)
	}
	return d.result, err
}

func (d *deploying) leased(ctx context.Context) error {
	// What the plan knows to be impossible is said before anything is made.
	all, err := d.templates(d.Target, nil, nil, "")
	if err != nil {
		return err
	}
	regions := slices.Sorted(maps.Keys(all))
	for _, w := range warnings(all) {
		d.result.Warnings = append(d.result.Warnings, w)
		d.Progress.note("warning: " + w)
	}
	if err := d.ours(ctx, regions); err != nil {
		return err
	}
	// Where the lease is.
	if err := d.Target.artifacts(d.Home).Ensure(ctx, d.tags()); err != nil {
		return err
	}
	ctx, lease, err := d.take(ctx, "deploy", d.LeaseTime)
	if err != nil {
		return err
	}
	defer lease.release()
	err = d.run(ctx, regions)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

func (d *deploying) run(ctx context.Context, regions []string) error {
	if err := d.begin(ctx, regions); err != nil {
		return err
	}
	if err := d.configure(ctx); err != nil {
		return err
	}
	had := ""
	if d.home != nil {
		had = d.home.Outputs[template.OutputURL]
	}
	if err := d.apply(ctx); err != nil {
		return err
	}
	d.pointing(had)
	versions, err := d.versions(ctx)
	if err != nil {
		return err
	}
	if err := d.fill(ctx); err != nil {
		return err
	}
	if err := d.finish(ctx, versions); err != nil {
		return err
	}
	if d.Activated != nil {
		d.Activated(d.result)
	}
	// The site is up: what cannot be tidied up now will be the next time.
	dropped, err := d.tidy(ctx, d.Keep, regions, d.home)
	d.result.Dropped = dropped
	if err != nil && ctx.Err() == nil {
		d.Progress.note(fmt.Sprintf("warning: not everything that is not needed any more could be removed: %v", account.Explain(err)))
	}
	return nil
}

// begin writes down which regions there will be, makes their buckets, and looks at
// what there is.
func (d *deploying) begin(ctx context.Context, regions []string) error {
	d.Progress.step(fmt.Sprintf("deploying %s to %s of account %s", d.prefix(), listed(regions), d.Account.ID))
	l, err := d.ledger(ctx)
	if err != nil {
		return err
	}
	before := len(l.Regions)
	for _, region := range regions {
		if !slices.Contains(l.Regions, region) {
			l.Regions = append(l.Regions, region)
		}
	}
	certificate := d.Home != certificateRegion && len(d.Pack.Domains) > 0 && d.Pack.CDN.Certificate == ""
	if len(l.Regions) != before || certificate != l.Certificate {
		l.Certificate = l.Certificate || certificate
		if err := d.writeLedger(ctx, l); err != nil {
			return err
		}
	}
	g, making := errgroup.WithContext(ctx)
	for _, region := range regions {
		if region != d.Home {
			g.Go(func() error { return d.Target.artifacts(region).Ensure(making, d.tags()) })
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	d.result.Regions = regions
	for _, region := range regions {
		// Also what is not changed for a while: a rollback that got stuck hides
		// what there is.
		if _, err := d.stack(region).Usable(ctx); err != nil {
			return err
		}
	}
	if d.home, err = d.stack(d.Home).State(ctx); err != nil {
		return err
	}
	if d.before, d.stacks, err = d.look(ctx, d.home, regions); err == nil && d.Weight > 0 {
		err = release.Divisible(&d.before)
	}
	return err
}

// configure finds the values of the parameters, makes the templates, and finds the
// release's ID.
func (d *deploying) configure(ctx context.Context) (err error) {
	d.values.state, d.values.tags, d.values.distribution = "", "", ""
	var taken []string
	var record *release.Record
	if d.home != nil && d.home.Outputs[template.OutputState] != "" {
		out := d.home.Outputs
		d.values.state, d.values.tags, d.values.distribution = out[template.OutputState], out[template.OutputTags], out[template.OutputDistribution]
		if d.before.Active != "" {
			active, err := d.store(d.home).Record(ctx, d.before.Active)
			if err != nil {
				return err
			}
			if active != nil {
				taken = active.Secrets
			}
		}
		if record, err = d.store(d.home).Record(ctx, d.Output.Deployment().ID); err != nil {
			return err
		}
	}
	if err := d.stayAt(ctx, d.home, &d.values); err != nil {
		return err
	}
	if !d.Pack.CDN.None && d.values.secret == nil {
		if d.values.secret, err = d.secret(ctx); err != nil {
			return err
		}
		if d.values.secret.rotate(taken, d.RotateSecret, time.Now().UTC()) {
			if err := d.writeSecret(ctx, d.values.secret); err != nil {
				return err
			}
		}
	}
	if d.made, err = d.templates(d.Target, d.stacks, d.values.given(), ""); err != nil {
		return err
	}
	d.release = d.Output.Deployment().ID
	if now := configuration(d.made, d.values.given()); record != nil && record.Configuration != now {
		d.release += "-" + now[:6]
		d.made, err = d.templates(d.Target, d.stacks, d.values.given(), d.release)
	}
	return err
}

// apply uploads what the stacks are made of, and changes them. A home stack that is
// new is changed a second time, when its distribution's ID is known.
func (d *deploying) apply(ctx context.Context) error {
	if err := d.upload(ctx); err != nil {
		return err
	}
	d.proving()
	if err := d.applyCertificate(ctx); err != nil {
		return err
	}
	fresh := d.values.state == ""
	if fresh {
		if err := d.applyHome(ctx); err != nil {
			return err
		}
		if d.home.Outputs[template.OutputState] == "" {
			return fmt.Errorf("stack %s in %s has no output %s", d.prefix(), d.Home, template.OutputState)
		}
		if err := d.configure(ctx); err != nil {
			return err
		}
		if err := d.upload(ctx); err != nil {
			return err
		}
	}
	g, changing := errgroup.WithContext(ctx)
	for region, m := range d.made {
		if region == d.Home {
			g.Go(func() error { return d.applyHome(changing) })
			continue
		}
		g.Go(func() error {
			_, err := d.stack(region).Apply(changing, d.change(region, m))
			return err
		})
	}
	return g.Wait()
}

func (d *deploying) change(region string, m *made) stack.Change {
	bucket := d.Target.artifacts(region)
	return stack.Change{
		TemplateURL: fmt.Sprintf("https://%s.s3.%s.amazonaws.com/%s", bucket.Name, region, key(m.file(template.RootName))),
		Parameters:  d.values.of(m, bucket.Name),
		Description: "deployment " + d.release,
	}
}

func (d *deploying) applyHome(ctx context.Context) (err error) {
	d.home, err = d.stack(d.Home).Apply(ctx, d.change(d.Home, d.made[d.Home]))
	return err
}

// applyCertificate makes the certificate where the home stack cannot have it.
func (d *deploying) applyCertificate(ctx context.Context) error {
	f := d.made[d.Home].file(template.CertificateName)
	if f == nil {
		return nil
	}
	bucket := d.Target.artifacts(certificateRegion)
	if err := bucket.Ensure(ctx, d.tags()); err != nil {
		return err
	}
	if err := d.put(ctx, "uploading the certificate's template", bucket, []objects.Upload{{Key: key(f), Body: f.Body, Size: int64(len(f.Body))}}); err != nil {
		return err
	}
	state, err := d.Target.certificate().Apply(ctx, stack.Change{
		TemplateURL: fmt.Sprintf("https://%s.s3.%s.amazonaws.com/%s", bucket.Name, certificateRegion, key(f)),
		Description: "certificate",
	})
	if err != nil {
		return err
	}
	d.values.certificate = state.Outputs[template.ParamCertificate]
	return nil
}

var errSuperseded = errors.New("somebody else has changed what is in production")

// finish writes the release down and takes it into production.
func (d *deploying) finish(ctx context.Context, versions map[string]map[string]string) error {
	store, now := d.store(d.home), time.Now().UTC()
	document := d.Output.Deployment()
	r := manifest.Release{
		Schema: manifest.ReleaseSchema, ID: d.release, DeploymentID: document.App.DeploymentID, Created: now, Versions: versions,
	}
	record := release.Record{
		Schema: manifest.ReleaseSchema, ID: d.release, Deployment: document.ID, Configuration: configuration(d.plain(), d.values.given()), Created: now,
		Artifacts: map[string][]string{}, Assets: keys(d.assets()), Secrets: d.values.secret.digests(),
	}
	for region, m := range d.made {
		artifacts, err := d.Package.artifacts(region, m)
		if err != nil {
			return err
		}
		record.Artifacts[region] = keys(artifacts)
	}
	if err := store.Add(ctx, r, record); err != nil {
		return err
	}
	if there, err := store.Release(ctx, r.ID); err != nil {
		return err
	} else if there != nil {
		r = *there
	}
	entry := manifest.TrafficRelease{
		ID: r.ID, DeploymentID: r.DeploymentID, Created: r.Created,
		Gateway: r.Versions[d.Home][release.Gateway], Worker: r.Versions[d.Home][release.Worker],
	}
	if _, err := store.Update(ctx, func(t *manifest.Traffic) error { release.Add(t, entry); return nil }); err != nil {
		return err
	}
	d.result.ID, d.result.URL = r.ID, template.Address(d.home.Outputs)
	return d.activate(ctx, store)
}

// plain are the templates as they are without a release of their own: what records
// are compared by.
func (d *deploying) plain() map[string]*made {
	if d.release == d.Output.Deployment().ID {
		return d.made
	}
	all, err := d.templates(d.Target, d.stacks, d.values.given(), "")
	if err != nil {
		return d.made // cannot be: it was made before
	}
	return all
}
