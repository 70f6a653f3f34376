package purge

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"pack/lambda/signature"
)

// CloudFront is the CDN of AWS. Its tags are items of an invalidation that
// begin with #; the distribution reads them from the header that its
// CacheTagConfig names. The one request is spoken here and not through the SDK's
// client, which every function would have to load at its start.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-by-tags.html
type CloudFront struct {
	// Config has credentials, and may have an address and an HTTP client; the
	// region is not looked at: CloudFront's API is in one.
	Config aws.Config
	// Distribution is its id.
	Distribution string
}

var _ CDN = (*CloudFront)(nil)

const cloudFrontRegion = "us-east-1"

// refusals are CloudFront's answers that stay the same however often one asks.
var refusals = map[string]bool{
	"AccessDenied": true, "NoSuchDistribution": true, "InvalidArgument": true, "MissingBody": true, "BatchTooLarge": true, "InconsistentQuantities": true,
	"InvalidationBatchAlreadyExists": true, "SignatureDoesNotMatch": true, "InvalidClientTokenId": true,
}

// invalidationBatch is the body of CreateInvalidation.
// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html
type invalidationBatch struct {
	XMLName         xml.Name `xml:"http://cloudfront.amazonaws.com/doc/2020-05-31/ InvalidationBatch"`
	Quantity        int      `xml:"Paths>Quantity"`
	Items           []string `xml:"Paths>Items>Path"`
	CallerReference string
}

// Invalidate implements CDN: one CreateInvalidation, with the reference as
// CallerReference.
func (c *CloudFront) Invalidate(ctx context.Context, reference string, tags, paths []string) error {
	items := make([]string, 0, len(tags)+len(paths))
	for _, tag := range tags {
		items = append(items, "#"+tag)
	}
	items = append(items, paths...)
	body, err := xml.Marshal(invalidationBatch{Quantity: len(items), Items: items, CallerReference: reference})
	if err != nil {
		return fmt.Errorf("create invalidation: %w", err)
	}
	endpoint := cmp.Or(strings.TrimSuffix(aws.ToString(c.Config.BaseEndpoint), "/"), "https://cloudfront.amazonaws.com")
	address := endpoint + "/2020-05-31/distribution/" + url.PathEscape(c.Distribution) + "/invalidation"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("create invalidation: %w", err)
	}
	request.Header.Set("Content-Type", "application/xml")
	if err := signature.Sign(ctx, request, body, "cloudfront", cloudFrontRegion, c.Config.Credentials); err != nil {
		return fmt.Errorf("create invalidation: %w", err)
	}
	client := c.Config.HTTPClient
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("create invalidation: %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("create invalidation: read the answer: %w", err)
	}
	if response.StatusCode/100 == 2 {
		return nil
	}
	return refused(response.Status, answer)
}

// refused makes an error of an answer other than a success.
func refused(status string, answer []byte) error {
	var told struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	_ = xml.Unmarshal(answer, &told) // A proxy's page may be anything.
	err := fmt.Errorf("create invalidation: %s: %s: %s", status, told.Code, told.Message)
	if refusals[told.Code] {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}
