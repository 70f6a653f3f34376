package deploy

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront"

	"pack/infra/template"
)

// Parts are where a deployed app keeps its state, by their names and addresses.
type Parts struct {
	Bucket, TagTable string
	// RefreshQueue and JobQueue are URLs; empty for an app without a worker.
	RefreshQueue, JobQueue string
	// Distribution is the CDN's id; empty without one.
	Distribution string
}

// Parts asks the home stack. That there is none is a *manifest.UserError.
func (t *Target) Parts(ctx context.Context) (Parts, error) {
	home, err := t.deployed(ctx)
	if err != nil {
		return Parts{}, err
	}
	out := home.Outputs
	return Parts{
		Bucket: out[template.OutputState], TagTable: out[template.OutputTags], Distribution: out[template.OutputDistribution],
		RefreshQueue: out[template.OutputRefreshQueue], JobQueue: out[template.OutputJobQueue],
	}, nil
}

// CDN is a client of the service that the distribution belongs to.
func (t *Target) CDN() *cloudfront.Client { return cloudfront.NewFromConfig(t.Account.In(t.Home)) }
