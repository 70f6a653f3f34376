package deploy

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"golang.org/x/sync/errgroup"

	"pack/infra/account"
)

// publishing is how many versions are published at a time: Lambda takes 15 requests
// of its kind a second.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const publishing = 8

// versions gives the versions of all functions by region and name: those that the
// stacks made, and where there are too many for them, those that it publishes.
func (d *deploying) versions(ctx context.Context) (map[string]map[string]string, error) {
	all := map[string]map[string]string{}
	for region, m := range d.made {
		resources, err := d.stack(region).Resources(ctx)
		if err != nil {
			return nil, err
		}
		physical := map[string]string{}
		for _, r := range resources {
			physical[r.Stack+" "+r.ID] = r.Physical
		}
		all[region] = map[string]string{}
		var unpublished []string
		lambdaName := map[string]string{}
		for _, f := range m.Functions {
			if f.Version == "" {
				unpublished = append(unpublished, f.Name)
				lambdaName[f.Name] = f.LambdaName
				continue
			}
			arn := physical[f.Stack+" "+f.Version]
			version := arn[strings.LastIndex(arn, ":")+1:]
			if version == "" {
				return nil, fmt.Errorf("stack %s in %s has no version of function %s (%s)", d.prefix(), region, f.Name, f.Version)
			}
			all[region][f.Name] = version
		}
		if err := d.publish(ctx, region, unpublished, lambdaName, all[region]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// publish publishes versions of functions; of one that has not changed since, Lambda
// gives the version that there is.
func (d *deploying) publish(ctx context.Context, region string, names []string, lambdaName, versions map[string]string) error {
	client := d.functions(region)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(publishing)
	var mu sync.Mutex
	for _, name := range names {
		g.Go(func() error {
			out, err := client.PublishVersion(ctx, &lambda.PublishVersionInput{
				FunctionName: aws.String(lambdaName[name]),
			})
			if err != nil {
				return account.Explain(fmt.Errorf("publish a version of function %s in %s: %w", name, region, err))
			}
			mu.Lock()
			defer mu.Unlock()
			versions[name] = aws.ToString(out.Version)
			d.Progress.count("publishing versions in "+region, len(versions), len(names))
			return nil
		})
	}
	return g.Wait()
}
