package deploy

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"pack/infra/objects"
	"pack/infra/template"
)

// upload puts what is missing into the buckets of artifacts.
func (d *deploying) upload(ctx context.Context) error {
	for _, region := range slices.Sorted(maps.Keys(d.made)) {
		artifacts, err := d.Package.artifacts(region, d.made[region])
		if err != nil {
			return err
		}
		if err := d.put(ctx, "uploading functions to "+region, d.Target.artifacts(region), artifacts); err != nil {
			return err
		}
	}
	return nil
}

// put uploads what a bucket does not have.
func (d *deploying) put(ctx context.Context, what string, bucket *objects.Bucket, all []objects.Upload) error {
	missing, err := bucket.Missing(ctx, all)
	if err != nil {
		return err
	}
	var total int64
	for _, u := range missing {
		total += u.Size
	}
	err = bucket.Put(ctx, missing, func(done int, _ int64) {
		d.Progress.count(fmt.Sprintf("%s, %s", what, size(total)), done, len(missing))
	})
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.result.Files += len(missing)
	d.result.Bytes += total
	d.result.Present += len(all) - len(missing)
	return nil
}

// fill puts files and pages where the functions look for them.
func (d *deploying) fill(ctx context.Context) error {
	if err := d.put(ctx, "uploading assets", d.bucket(d.home.Outputs[template.OutputAssets], d.Home), d.assets()); err != nil {
		return err
	}
	if d.Seed == nil {
		return nil
	}
	to := State{Bucket: d.values.state, TagTable: d.values.tags, Region: d.Home}
	err := d.Seed(ctx, to, func(done, total int) { d.Progress.count("storing prerendered pages", done, total) })
	if err != nil {
		return fmt.Errorf("store prerendered pages: %w", err)
	}
	return nil
}
