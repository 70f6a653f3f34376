package purge

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/smithy-go"
)

// CloudFront is the CDN of AWS. Its tags are items of an invalidation that
// begin with #; the distribution reads them from the header that its
// CacheTagConfig names.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-by-tags.html
type CloudFront struct {
	// Client is the SDK's; it makes short retries of its own.
	Client *cloudfront.Client
	// Distribution is its id.
	Distribution string
}

var _ CDN = (*CloudFront)(nil)

// refusals are CloudFront's answers that stay the same however often one asks.
var refusals = map[string]bool{
	"AccessDenied": true, "NoSuchDistribution": true, "InvalidArgument": true, "MissingBody": true, "BatchTooLarge": true, "InconsistentQuantities": true,
	"InvalidationBatchAlreadyExists": true, "SignatureDoesNotMatch": true, "InvalidClientTokenId": true,
}

// Invalidate implements CDN: one CreateInvalidation, with the reference as
// CallerReference.
func (c *CloudFront) Invalidate(ctx context.Context, reference string, tags, paths []string) error {
	items := make([]string, 0, len(tags)+len(paths))
	for _, tag := range tags {
		items = append(items, "#"+tag)
	}
	items = append(items, paths...)
	_, err := c.Client.CreateInvalidation(ctx, &cloudfront.CreateInvalidationInput{
		DistributionId: aws.String(c.Distribution),
		InvalidationBatch: &types.InvalidationBatch{
			CallerReference: aws.String(reference),
			Paths:           &types.Paths{Items: items, Quantity: aws.Int32(int32(len(items)))},
		},
	})
	var answer smithy.APIError
	if errors.As(err, &answer) && refusals[answer.ErrorCode()] {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}
