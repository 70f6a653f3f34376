package deploy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"golang.org/x/sync/errgroup"

	"pack/infra/objects"
	"pack/infra/release"
	"pack/infra/stack"
	"pack/infra/template"
	"pack/manifest"
)

// tidying is what kept releases use, and so what stays.
type tidying struct {
	*Target
	store release.Store
	home  *stack.State
	// versions are kept, by region, function and number.
	versions map[string]map[string]map[string]bool
	// artifacts by region, assets, and the deployments whose pages stay.
	artifacts map[string]map[string]bool
	assets    map[string]bool
	pages     map[string]bool
}

// tidy lets go of the releases that are not kept any longer, and removes what no kept
// one uses: versions, archives, files, pages, and stacks of regions that nothing is
// in any more. It goes on after failures and returns them together. The caller has
// the lease: nobody else adds anything meanwhile.
func (t *Target) tidy(ctx context.Context, keep release.Keeping, regions []string, home *stack.State) (dropped []string, err error) {
	store := t.store(home)
	traffic, err := store.Update(ctx, func(traffic *manifest.Traffic) error {
		dropped = keep.Drop(traffic, time.Now())
		return nil
	})
	if err != nil {
		return nil, err
	}
	d := &tidying{
		Target: t, store: store, home: home, versions: map[string]map[string]map[string]bool{},
		artifacts: map[string]map[string]bool{}, assets: map[string]bool{}, pages: map[string]bool{},
	}
	for _, r := range traffic.Releases {
		if err := d.keep(ctx, r.ID); err != nil {
			return dropped, err
		}
	}
	failed := []error{d.forget(ctx, traffic.Releases)}
	l, err := t.ledger(ctx)
	if err != nil {
		return dropped, err
	}
	for _, region := range slices.Clone(l.Regions) {
		failed = append(failed, d.region(ctx, region, slices.Contains(regions, region) || len(d.versions[region]) > 0, l))
	}
	assets := t.bucket(home.Outputs[template.OutputAssets], t.Home)
	failed = append(failed, d.sweep(ctx, assets, template.AssetsPrefix+"/", d.assets))
	return dropped, errors.Join(failed...)
}

// keep notes what a kept release uses.
func (d *tidying) keep(ctx context.Context, id string) error {
	r, err := d.store.Release(ctx, id)
	if err != nil {
		return err
	}
	record, err := d.store.Record(ctx, id)
	if err != nil {
		return err
	}
	if r == nil || record == nil {
		return fmt.Errorf("what deployment %s uses is not known", id)
	}
	d.pages[record.Deployment] = true
	for _, key := range record.Assets {
		d.assets[key] = true
	}
	for region, keys := range record.Artifacts {
		if d.artifacts[region] == nil {
			d.artifacts[region] = map[string]bool{}
		}
		for _, key := range keys {
			d.artifacts[region][key] = true
		}
	}
	for region, versions := range r.Versions {
		if d.versions[region] == nil {
			d.versions[region] = map[string]map[string]bool{}
		}
		for function, version := range versions {
			if d.versions[region][function] == nil {
				d.versions[region][function] = map[string]bool{}
			}
			d.versions[region][function][version] = true
		}
	}
	return nil
}

// forget removes the pages of deployments that no kept release is of, and the
// documents of releases that are not kept, those of deploys that were cut off too.
func (d *tidying) forget(ctx context.Context, kept []manifest.TrafficRelease) error {
	marks, err := d.store.List(ctx, seedFolder)
	if err != nil {
		return err
	}
	for mark := range marks {
		deployment := strings.TrimSuffix(strings.TrimPrefix(mark, seedFolder), seedSuffix)
		if d.pages[deployment] {
			continue
		}
		if _, err := d.store.DeleteBelow(ctx, deployment+"/"); err != nil {
			return err
		}
		if err := d.store.Delete(ctx, []string{mark}); err != nil {
			return err
		}
	}
	ids, err := d.store.IDs(ctx)
	if err != nil {
		return err
	}
	return d.store.Forget(ctx, slices.DeleteFunc(ids, func(id string) bool {
		return slices.ContainsFunc(kept, func(r manifest.TrafficRelease) bool { return r.ID == id })
	}))
}

// Where the marks are of deployments whose pages were stored (package lambda/seeds),
// as the store of pages writes names: with an exclamation mark at the end.
const (
	seedFolder = "seeded/"
	seedSuffix = ".mark!"
)

// region removes what nobody keeps in a region, or all of it.
func (d *tidying) region(ctx context.Context, region string, used bool, l *ledger) error {
	if !used && region != d.Home {
		if err := d.stack(region).Delete(ctx); err != nil {
			return err
		}
		if err := d.Target.artifacts(region).Remove(ctx); err != nil {
			return err
		}
		l.Regions = slices.DeleteFunc(l.Regions, func(r string) bool { return r == region })
		return d.writeLedger(ctx, l)
	}
	resources, err := d.stack(region).Resources(ctx)
	if err != nil {
		return err
	}
	// What the stack has now stays, whoever keeps it.
	names, stays := map[string]bool{}, map[string]bool{}
	for _, r := range resources {
		switch r.Type {
		case "AWS::Lambda::Function":
			names[r.Physical] = true
		case "AWS::Lambda::Version":
			stays[r.Physical] = true
		}
	}
	g, looking := errgroup.WithContext(ctx)
	g.SetLimit(publishing)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		g.Go(func() error { return d.removeVersions(looking, region, name, stays) })
	}
	failed := g.Wait()
	templates, err := d.applied(ctx, region)
	if err != nil {
		return errors.Join(failed, err)
	}
	return errors.Join(failed, d.sweepArtifacts(ctx, region, templates))
}

// removeVersions deletes the versions of a function that nobody keeps.
func (d *tidying) removeVersions(ctx context.Context, region, name string, stays map[string]bool) error {
	client := d.Target.functions(region)
	function := strings.TrimPrefix(name, manifest.LambdaName(d.prefix(), ""))
	inUse := ""
	if function == release.Gateway || function == release.Worker {
		var err error
		if inUse, err = (release.Aliases{Client: client, Prefix: d.prefix()}).Version(ctx, function); err != nil {
			return err
		}
	}
	pages := lambda.NewListVersionsByFunctionPaginator(client, &lambda.ListVersionsByFunctionInput{FunctionName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var missing *types.ResourceNotFoundException
		if errors.As(err, &missing) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list versions of %s in %s: %w", name, region, err)
		}
		for _, v := range page.Versions {
			version := aws.ToString(v.Version)
			if version == "$LATEST" || version == inUse || d.versions[region][function][version] || stays[aws.ToString(v.FunctionArn)] {
				continue
			}
			if _, err := client.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &name, Qualifier: &version}); err != nil && !errors.As(err, &missing) {
				return fmt.Errorf("delete version %s of %s in %s: %w", version, name, region, err)
			}
		}
	}
	return nil
}

// sweepArtifacts deletes archives, layers and templates that no kept release has and
// that CloudFormation could not ask for when it takes a change back.
func (d *tidying) sweepArtifacts(ctx context.Context, region string, templates map[string][]byte) error {
	kept := maps.Clone(d.artifacts[region])
	if kept == nil {
		kept = map[string]bool{}
	}
	for _, body := range templates {
		kept[template.TemplateKey(body)] = true
	}
	bucket := d.Target.artifacts(region)
	var failed []error
	for _, folder := range []string{"functions/", "layers/", "templates/"} {
		items, err := bucket.List(ctx, folder)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		var unused []string
		for key := range items {
			if !kept[key] && !named(templates, key) {
				unused = append(unused, key)
			}
		}
		failed = append(failed, bucket.Delete(ctx, unused))
	}
	return errors.Join(failed...)
}

// named reports whether a template names a key.
func named(templates map[string][]byte, key string) bool {
	for _, body := range templates {
		if strings.Contains(string(body), key) {
			return true
		}
	}
	return false
}

// sweep deletes what lies below a prefix and is not kept.
func (d *tidying) sweep(ctx context.Context, bucket *objects.Bucket, prefix string, kept map[string]bool) error {
	items, err := bucket.List(ctx, prefix)
	if err != nil {
		return err
	}
	var unused []string
	for key := range items {
		if !kept[key] {
			unused = append(unused, key)
		}
	}
	return bucket.Delete(ctx, unused)
}
