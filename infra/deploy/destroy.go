package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"pack/infra/account"
	"pack/manifest"
)

// Destroyed is what became of a target.
type Destroyed struct {
	Regions []string
	// Buckets, Tables and Parameters are those that were kept, or with data those that
	// were deleted. The one parameter is the key of builds.
	Buckets, Tables, Parameters []string
}

// Found says what Destroy would delete: the regions that have something. None where
// there is nothing. regions are looked at besides those that are known.
func (t *Target) Found(ctx context.Context, regions []string) ([]string, error) {
	there, err := t.artifacts(t.Home).Exists(ctx)
	if err != nil {
		return nil, account.Explain(err)
	}
	l := &ledger{}
	if there {
		if l, err = t.ledger(ctx); err != nil {
			return nil, account.Explain(err)
		}
	}
	var found []string
	for _, region := range union(append([]string{t.Home}, l.Regions...), regions) {
		state, err := t.stack(region).State(ctx)
		if err != nil {
			return nil, account.Explain(err)
		}
		if state != nil || slices.Contains(l.Regions, region) || region == t.Home && !l.Kept.empty() {
			found = append(found, region)
		}
	}
	return found, nil
}

func union(a, b []string) []string {
	var all []string
	for _, text := range append(slices.Clone(a), b...) {
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// Destroy deletes what was deployed, in every region, also what a deploy left that
// got nowhere. Pages, jobs, files, tags and the key of builds stay unless data is set;
// what they are in is remembered, so that another Destroy can delete it later. leaseTime is as in
// Options.
func (t *Target) Destroy(ctx context.Context, regions []string, data bool, leaseTime time.Duration) (Destroyed, error) {
	d, err := t.destroyLeased(ctx, regions, data, leaseTime)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return d, account.Explain(err)
}

func (t *Target) destroyLeased(ctx context.Context, regions []string, data bool, leaseTime time.Duration) (d Destroyed, err error) {
	if err := t.artifacts(t.Home).Ensure(ctx, t.tags()); err != nil {
		return d, err
	}
	ctx, lease, err := t.take(ctx, "destroy", leaseTime)
	if err != nil {
		return d, err
	}
	defer lease.release()
	l, err := t.ledger(ctx)
	if err != nil {
		return d, err
	}
	d.Regions = union(append([]string{t.Home}, l.Regions...), regions)
	if err := t.ours(ctx, d.Regions); err != nil {
		return d, err
	}
	left, err := t.retained(ctx)
	if err != nil {
		return d, err
	}
	l.Kept.add(left)
	l.Regions = d.Regions
	// Written before anything is deleted: then nobody else knows their names.
	if err := t.writeLedger(ctx, l); err != nil {
		return d, err
	}
	if err := t.deleteStacks(ctx, d.Regions); err != nil {
		return d, err
	}
	if l.Certificate {
		if err := t.certificate().Delete(ctx); err != nil {
			return d, err
		}
		if t.Home != certificateRegion && !slices.Contains(d.Regions, certificateRegion) {
			if err := t.artifacts(certificateRegion).Remove(ctx); err != nil {
				return d, err
			}
		}
	}
	if err := t.deleteSecret(ctx); err != nil {
		return d, err
	}
	d.Buckets, d.Tables, d.Parameters = l.Kept.Buckets, l.Kept.Tables, l.Kept.Parameters
	if !data && !l.Kept.empty() {
		l.Regions, l.Certificate = nil, false
		if err := t.writeLedger(ctx, l); err != nil {
			return d, err
		}
		return d, t.artifacts(t.Home).Empty(ctx, ledgerKey, leaseKey)
	}
	if err := t.deleteData(ctx, l.Kept); err != nil {
		return d, err
	}
	return d, t.artifacts(t.Home).Remove(ctx)
}

// retained lists what the home stack keeps when it is deleted, and the key of builds.
func (t *Target) retained(ctx context.Context) (kept, error) {
	var k kept
	resources, err := t.stack(t.Home).Resources(ctx)
	for _, r := range resources {
		switch {
		case r.Physical == "":
		case r.Type == "AWS::S3::Bucket":
			k.Buckets = append(k.Buckets, r.Physical)
		case r.Type == "AWS::DynamoDB::Table":
			k.Tables = append(k.Tables, r.Physical)
		}
	}
	if err != nil {
		return k, err
	}
	key := t.BuildKey()
	there, err := key.Exists(ctx)
	if there {
		k.Parameters = []string{key.Name}
	}
	return k, err
}

// deleteStacks deletes the stacks of all regions, with their archives; that of the
// home region last, which the others' functions use.
func (t *Target) deleteStacks(ctx context.Context, regions []string) error {
	g, deleting := errgroup.WithContext(ctx)
	for _, region := range regions {
		if region == t.Home {
			continue
		}
		g.Go(func() error {
			if err := t.stack(region).Delete(deleting); err != nil {
				return err
			}
			return t.artifacts(region).Remove(deleting)
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return t.stack(t.Home).Delete(ctx)
}

func (t *Target) deleteData(ctx context.Context, k kept) error {
	for _, name := range k.Buckets {
		t.Progress.step("deleting bucket " + name)
		if err := t.bucket(name, t.Home).Remove(ctx); err != nil {
			return err
		}
	}
	client := dynamodb.NewFromConfig(t.Account.In(t.Home))
	for _, name := range k.Tables {
		t.Progress.step("deleting table " + name)
		_, err := client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(name)})
		var missing *ddbtypes.ResourceNotFoundException
		if err != nil && !errors.As(err, &missing) {
			return fmt.Errorf("delete table %s: %w", name, err)
		}
	}
	for _, name := range k.Parameters {
		key := t.BuildKey()
		key.Name = name
		if err := key.Delete(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Nothing is what commands say where a target has nothing.
func (t *Target) Nothing() error {
	return &manifest.UserError{
		What: fmt.Sprintf("there is nothing of %s in account %s", t.prefix(), t.Account.ID), Why: "its home is " + t.Home,
		Hint: "name another with --stage or --region",
	}
}
