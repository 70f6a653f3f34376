package account

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
)

// Account is an account that credentials were found for.
type Account struct {
	// ID has twelve digits. ARN is who asks, as in arn:aws:iam::123456789012:user/ada.
	ID, ARN string
	config  aws.Config
}

// How a request that was refused for the moment is made again: CloudFormation and
// Lambda throttle those who change much, for seconds at a time.
const (
	attempts     = 7
	longestPause = 10 * time.Second
)

// Open finds credentials as every AWS program does (environment, shared files,
// SSO, container, instance; AWS_PROFILE, AWS_ENDPOINT_URL) and asks whose they
// are. Missing, wrong or expired ones are a *manifest.UserError. region is where
// that is asked; no other is looked for.
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
func Open(ctx context.Context, region string) (*Account, error) {
	loaded, err := config.LoadDefaultConfig(ctx,
		config.WithRegion(region),
		// A plain client would be refused where AWS_CA_BUNDLE is set.
		config.WithHTTPClient(awshttp.NewBuildableClient()),
		config.WithRetryer(newRetryer),
		// What it says of connections is nothing that the owner could do anything about.
		config.WithLogger(logging.Nop{}),
	)
	if err != nil {
		return nil, Explain(fmt.Errorf("load AWS configuration: %w", err))
	}
	loaded.RetryMaxAttempts = attempts
	if n, err := strconv.Atoi(os.Getenv("AWS_MAX_ATTEMPTS")); err == nil && n > 0 {
		loaded.RetryMaxAttempts = n // which the SDK leaves out where the retryer is given
	}
	who, err := sts.NewFromConfig(loaded).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, Explain(fmt.Errorf("ask AWS whose credentials these are: %w", err))
	}
	return &Account{ID: aws.ToString(who.Account), ARN: aws.ToString(who.Arn), config: loaded}, nil
}

// Region is the one that environment or profile name (AWS_REGION); "" where none is.
func Region(ctx context.Context) (string, error) {
	loaded, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(awshttp.NewBuildableClient()))
	if err != nil {
		return "", Explain(fmt.Errorf("load AWS configuration: %w", err))
	}
	return loaded.Region, nil
}

// Credentials are those that were found.
func (a *Account) Credentials() aws.CredentialsProvider { return a.config.Credentials }

func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxBackoff = longestPause
	})
}

// In is how the services of a region are reached.
func (a *Account) In(region string) aws.Config {
	c := a.config.Copy()
	c.Region = region
	return c
}

// Objects reaches S3 in a region. Where AWS_ENDPOINT_URL names another server, a
// bucket is part of the path: such servers have no name for each.
func (a *Account) Objects(region string) *s3.Client {
	return s3.NewFromConfig(a.In(region), func(o *s3.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil
		// Not every server sends checksums.
		o.DisableLogOutputChecksumValidationSkipped = true
	})
}
