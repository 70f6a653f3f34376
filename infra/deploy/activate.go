package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"pack/infra/account"
	"pack/infra/release"
	"pack/infra/stack"
	"pack/infra/template"
	"pack/manifest"
)

// activate does with the release what the options say. Where somebody has changed
// production since the deploy began, they keep it.
func (d *deploying) activate(ctx context.Context, store release.Store) error {
	switch {
	case d.Preview:
		d.result.URL += "/?dpl=" + d.release
	case d.Weight > 0:
		if _, err := store.Update(ctx, func(t *manifest.Traffic) error { return release.Try(t, d.release, d.Weight) }); err != nil {
			return err
		}
		d.Progress.step("waiting until all gateways know of it")
		select {
		case <-time.After(manifest.TrafficMemory):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		// Visitors whose page comes from the CDN would never be asked.
		d.purge(ctx, d.home)
	default:
		_, err := store.Update(ctx, func(t *manifest.Traffic) error {
			if d.moved(t) {
				return errSuperseded
			}
			return release.Activate(t, d.release, time.Now().UTC())
		})
		switch {
		case errors.Is(err, errSuperseded):
			d.result.Superseded = true
			d.result.URL += "/?dpl=" + d.release
			d.Progress.note("warning: production was changed while this deploy was at work, and stays as it was left; pack promote " + d.release + " takes this one")
		case err != nil:
			return err
		default:
			d.result.Active = true
		}
	}
	// In any case: a stack that changed meanwhile may have taken the aliases back.
	moved, err := d.aliases().Follow(ctx, store)
	if err != nil {
		return err
	}
	if moved {
		d.purge(ctx, d.home)
	}
	return nil
}

// moved reports whether production is another than when the deploy began.
func (d *deploying) moved(t *manifest.Traffic) bool {
	return t.Active != d.before.Active || canaryOf(t) != canaryOf(&d.before)
}

func canaryOf(t *manifest.Traffic) manifest.Canary {
	if t.Canary == nil {
		return manifest.Canary{}
	}
	return *t.Canary
}

// purge has the CDN forget its pages. Where it fails, they are as old as they say
// for a while: the release is in production all the same.
func (t *Target) purge(ctx context.Context, home *stack.State) {
	id := home.Outputs[template.OutputDistribution]
	if id == "" {
		return
	}
	reference := fmt.Sprintf("pack-%d", time.Now().UnixNano())
	_, err := t.CDN().CreateInvalidation(ctx, &cloudfront.CreateInvalidationInput{
		DistributionId: &id,
		InvalidationBatch: &types.InvalidationBatch{
			CallerReference: &reference, Paths: &types.Paths{Items: []string{"/*"}, Quantity: aws.Int32(1)},
		},
	})
	if err != nil {
		t.Progress.note(fmt.Sprintf("warning: the CDN's pages could not be invalidated and may be old for a while: %v", account.Explain(err)))
	}
}

// Switched is what became of production.
type Switched struct {
	// Traffic is how it is now; URL is where visitors go.
	Traffic manifest.Traffic
	URL     string
	// Ended is the release that was rolled back; empty after Promote.
	Ended string
}

// Promote takes a kept release into production, by its ID or the beginning of it:
// about a second, nothing is built, and no stack changes.
func (t *Target) Promote(ctx context.Context, id string) (Switched, error) {
	return t.change(ctx, func(ctx context.Context, store release.Store, traffic *manifest.Traffic) (string, error) {
		r, err := release.Find(traffic, id)
		if err != nil {
			return "", err
		}
		if err := t.reachable(ctx, store, r.ID); err != nil {
			return "", err
		}
		return "", release.Activate(traffic, r.ID, time.Now().UTC())
	})
}

// Rollback ends the canary, or takes back into production what was there before.
func (t *Target) Rollback(ctx context.Context) (Switched, error) {
	return t.change(ctx, func(ctx context.Context, store release.Store, traffic *manifest.Traffic) (string, error) {
		before := traffic.Active
		ended, err := release.Rollback(traffic)
		if err == nil && traffic.Active != before {
			err = t.reachable(ctx, store, traffic.Active)
		}
		return ended, err
	})
}

func (t *Target) change(ctx context.Context, f func(context.Context, release.Store, *manifest.Traffic) (string, error)) (Switched, error) {
	var s Switched
	home, err := t.deployed(ctx)
	if err != nil {
		return s, err
	}
	store := t.store(home)
	s.URL = template.Address(home.Outputs)
	s.Traffic, err = store.Update(ctx, func(traffic *manifest.Traffic) (err error) {
		s.Ended, err = f(ctx, store, traffic)
		return err
	})
	if err != nil {
		return s, account.Explain(err)
	}
	moved, err := t.aliases().Follow(ctx, store)
	if err != nil {
		return s, account.Explain(err)
	}
	if moved {
		t.purge(ctx, home)
	}
	return s, nil
}

// deployed gives the home stack; that there is none yet is a *manifest.UserError.
func (t *Target) deployed(ctx context.Context) (*stack.State, error) {
	home, err := t.stack(t.Home).State(ctx)
	if err != nil {
		return nil, account.Explain(err)
	}
	if home == nil || home.Outputs[template.OutputState] == "" {
		return nil, &manifest.UserError{
			What: fmt.Sprintf("%s is not deployed in %s", t.prefix(), t.Home), Hint: "run pack deploy, or name stage and region of one that is (--stage, --region)",
		}
	}
	return home, nil
}

// reachable refuses a release whose gateway does not take the secret that CloudFront
// shows now: it would answer nobody.
func (t *Target) reachable(ctx context.Context, store release.Store, id string) error {
	record, err := store.Record(ctx, id)
	if err != nil || record == nil || len(record.Secrets) == 0 {
		return err
	}
	secret, err := t.readSecret(ctx)
	if err != nil || secret == nil {
		return err
	}
	for _, digest := range record.Secrets {
		if digest == secretDigest(secret.Shown) {
			return nil
		}
	}
	return &manifest.UserError{
		What: fmt.Sprintf("deployment %s cannot go into production any more", id),
		Why:  "the origin secret was changed since, and its gateway would turn CloudFront away",
		Hint: "check that version out and deploy it again",
	}
}

// Deployments lists the releases that are kept.
func (t *Target) Deployments(ctx context.Context) (Switched, error) {
	home, err := t.deployed(ctx)
	if err != nil {
		return Switched{}, err
	}
	traffic, _, err := t.store(home).Traffic(ctx)
	return Switched{Traffic: traffic, URL: template.Address(home.Outputs)}, account.Explain(err)
}
