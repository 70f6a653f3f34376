// Package doctor finds out whether an app can be deployed from here: what AWS
// allows, has left and has where, and with which permissions. It changes nothing.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"pack/infra/awsjson"
	"pack/manifest"
)

// State is how a check ended.
type State string

// Unknown: it could not be found out, which hinders nothing.
const (
	OK      State = "ok"
	Warning State = "warning"
	Failed  State = "failed"
	Unknown State = "unknown"
)

// Check is one thing that was looked at.
type Check struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	// Found is what there is, Hint what to do about it.
	Found string `json:"found"`
	Hint  string `json:"hint,omitempty"`
}

// quota is one of AWS's limits that a deployment comes near first.
type quota struct {
	name, service, code string
	// global quotas are asked for in us-east-1.
	global bool
	// need gives how much an app needs at least.
	need func(Size) float64
	hint string
}

// Size is what a deployment needs of an account.
type Size struct {
	// Roles and Functions are of the region that has most; StoredBytes are its
	// archives and layers.
	Roles, Functions int
	StoredBytes      int64
	// CDN: there is a distribution.
	CDN bool
}

// quotas are those of Service Quotas that an app can meet.
var quotas = []quota{
	{"concurrent executions", "lambda", "L-B99A9384", false, func(Size) float64 { return 100 },
		"new accounts have few: ask for 1,000 in Service Quotas, which costs nothing"},
	{"storage of functions and layers (GB)", "lambda", "L-2ACBD22F", false,
		// Ten deployments, all of whose functions are new.
		func(s Size) float64 { return 10 * float64(s.StoredBytes) / (1 << 30) }, "keep fewer deployments, or ask for more in Service Quotas"},
	{"roles", "iam", "L-FE177D64", true, func(s Size) float64 { return float64(s.Roles) }, "ask for more in Service Quotas, or set \"grouping\": \"auto\" in pack.json"},
	{"buckets", "s3", "L-DC2B2D3D", true, func(Size) float64 { return 3 }, "ask for more in Service Quotas"},
	{"CloudFormation stacks", "cloudformation", "L-0485CB21", false, func(s Size) float64 { return 2 + float64(s.Functions)/80 }, "ask for more in Service Quotas"},
	{"CloudFront distributions", "cloudfront", "L-24B04930", true, func(s Size) float64 {
		if s.CDN {
			return 1
		}
		return 0
	}, "ask for more in Service Quotas"},
}

// Quotas looks at the account's limits in a region. It says what a limit is, and
// not how much of it is used. home also looks at those that are not a region's.
func Quotas(ctx context.Context, config func(region string) aws.Config, region string, home bool, size Size) []Check {
	var checks []Check
	for _, q := range quotas {
		where := region
		if q.global {
			where = globalRegion
		}
		if q.global && !home || q.need(size) == 0 {
			continue
		}
		c := Check{Name: fmt.Sprintf("quota: %s, %s", q.name, region)}
		if q.global {
			c.Name = "quota: " + q.name
		}
		value, err := ask(ctx, brief(config(where)), q)
		switch {
		case err != nil:
			c.State, c.Found, c.Hint = Unknown, "not known: "+err.Error(), "look for it in Service Quotas"
		case value < q.need(size):
			c.State, c.Hint = Failed, q.hint
			c.Found = fmt.Sprintf("%s, and the app needs %s", number(value), number(q.need(size)))
		default:
			c.State, c.Found = OK, number(value)
		}
		checks = append(checks, c)
	}
	return checks
}

// brief reaches Service Quotas and makes a request once more at most: a quota that
// is not known hinders nobody.
// https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/Welcome.html
func brief(config aws.Config) awsjson.Service {
	config = config.Copy()
	config.RetryMaxAttempts = 2 // which goes before the retryer's own
	config.Retryer = func() aws.Retryer { return retry.NewStandard() }
	return awsjson.Service{Config: config, ID: "Service Quotas", Name: "servicequotas", Target: "ServiceQuotasV20190624"}
}

const globalRegion = "us-east-1"

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// ask gives the account's own value, or AWS's default where it has none.
func ask(ctx context.Context, service awsjson.Service, q quota) (float64, error) {
	var answer struct{ Quota struct{ Value *float64 } }
	input := map[string]string{"ServiceCode": q.service, "QuotaCode": q.code}
	err := service.Call(ctx, "GetServiceQuota", input, &answer)
	var refused smithy.APIError
	if none := errors.As(err, &refused) && refused.ErrorCode() == "NoSuchResourceException"; err != nil && !none {
		return 0, err
	}
	if err == nil && answer.Quota.Value != nil {
		return *answer.Quota.Value, nil
	}
	if err := service.Call(ctx, "GetAWSDefaultServiceQuota", input, &answer); err != nil {
		return 0, err
	}
	if answer.Quota.Value == nil {
		return 0, errors.New("AWS says no value")
	}
	return *answer.Quota.Value, nil
}

// Regions checks that every region has what an app needs; allowed ones are taken
// whatever is said of them.
func Regions(regions, allowed []string) []Check {
	var checks []Check
	for i, region := range regions {
		c := Check{Name: "region " + region, State: OK, Found: "has what the app needs"}
		if i == 0 {
			c.Found += ", gateway and state included"
		}
		if lacking := manifest.Lacking(region, i == 0); len(lacking) > 0 {
			c.State, c.Found, c.Hint = Failed, "lacks "+strings.Join(lacking, ", "), manifest.LackingHint
			if slices.Contains(allowed, region) {
				c.State, c.Hint = Warning, manifest.AllowRegionsVariable+" allows it"
			}
		}
		checks = append(checks, c)
	}
	return checks
}
