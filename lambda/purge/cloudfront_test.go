package purge_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/google/go-cmp/cmp"

	"pack/lambda/purge"
	"pack/tests/awsservers"
)

// invalidation is the body of CreateInvalidation, as AWS's page has it.
// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html
type invalidation struct {
	XMLName         xml.Name `xml:"http://cloudfront.amazonaws.com/doc/2020-05-31/ InvalidationBatch"`
	CallerReference string
	Quantity        int      `xml:"Paths>Quantity"`
	Items           []string `xml:"Paths>Items>Path"`
}

func cdnAt(endpoint string) *purge.CloudFront {
	return &purge.CloudFront{Distribution: "E2EXAMPLE", Config: aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}}
}

func TestCloudFront(t *testing.T) {
	var got invalidation
	var signed string
	answer, status := "", http.StatusCreated
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/2020-05-31/distribution/E2EXAMPLE/invalidation" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		signed = r.Header.Get("Authorization")
		body, _ := io.ReadAll(r.Body)
		got = invalidation{}
		if err := xml.Unmarshal(body, &got); err != nil {
			t.Errorf("%v in %s", err, body)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	cdn := cdnAt(server.URL)

	answer = `<?xml version="1.0"?><Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>I2J0I21PCUYOIK</Id><Status>InProgress</Status>
		<CreateTime>2026-11-21T12:00:00Z</CreateTime><InvalidationBatch><Paths><Quantity>1</Quantity><Items><Path>/x</Path></Items></Paths><CallerReference>r</CallerReference></InvalidationBatch></Invalidation>`
	if err := cdn.Invalidate(t.Context(), "r1", []string{"aaaa", "bbbb"}, []string{"/products/*"}); err != nil {
		t.Fatal(err)
	}
	want := invalidation{CallerReference: "r1", Quantity: 3, Items: []string{"#aaaa", "#bbbb", "/products/*"}}
	got.XMLName = xml.Name{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(signed, "AWS4-HMAC-SHA256 Credential=id/") || !strings.Contains(signed, "/us-east-1/cloudfront/aws4_request") {
		t.Errorf("signed %q", signed)
	}

	for code, refused := range map[string]bool{"NoSuchDistribution": true, "AccessDenied": true, "TooManyInvalidationsInProgress": false, "ServiceUnavailable": false} {
		status = http.StatusBadRequest
		answer = `<ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error><Type>Sender</Type><Code>` + code + `</Code><Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>`
		if err := cdn.Invalidate(t.Context(), "r2", nil, []string{"/"}); err == nil || errors.Is(err, purge.ErrRefused) != refused {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// TestCloudFrontOfMoto: another maker's server takes what we send.
func TestCloudFrontOfMoto(t *testing.T) {
	server := awsservers.Moto(t)
	cdn := cdnAt(server.Endpoint)
	client := cloudfront.NewFromConfig(cdn.Config)
	created, err := client.CreateDistribution(t.Context(), distribution())
	if err != nil {
		t.Fatal(err)
	}
	cdn.Distribution = aws.ToString(created.Distribution.Id)
	for range 2 {
		if err := cdn.Invalidate(t.Context(), "r1", []string{purge.Tag("product:mug")}, []string{"/products/mug"}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := client.ListInvalidations(t.Context(), &cloudfront.ListInvalidationsInput{DistributionId: &cdn.Distribution})
	if err != nil || len(list.InvalidationList.Items) == 0 {
		t.Fatalf("%v, %+v", err, list)
	}
	one, err := client.GetInvalidation(t.Context(), &cloudfront.GetInvalidationInput{DistributionId: &cdn.Distribution, Id: list.InvalidationList.Items[0].Id})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"#" + purge.Tag("product:mug"), "/products/mug"}, one.Invalidation.InvalidationBatch.Paths.Items); diff != "" {
		t.Error(diff)
	}
	cdn.Distribution = "ENOSUCH"
	if err := cdn.Invalidate(t.Context(), "r1", nil, []string{"/"}); !errors.Is(err, purge.ErrRefused) {
		t.Errorf("a distribution that is not there: %v", err)
	}
}

// distribution is the least that CreateDistribution takes.
func distribution() *cloudfront.CreateDistributionInput {
	return &cloudfront.CreateDistributionInput{DistributionConfig: &types.DistributionConfig{
		CallerReference: aws.String("tests"), Comment: aws.String(""), Enabled: aws.Bool(true),
		Origins: &types.Origins{Quantity: aws.Int32(1), Items: []types.Origin{{
			Id: aws.String("gateway"), DomainName: aws.String("gateway.lambda-url.us-east-1.on.aws"),
			CustomOriginConfig: &types.CustomOriginConfig{HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443), OriginProtocolPolicy: types.OriginProtocolPolicyHttpsOnly},
		}}},
		DefaultCacheBehavior: &types.DefaultCacheBehavior{TargetOriginId: aws.String("gateway"), ViewerProtocolPolicy: types.ViewerProtocolPolicyRedirectToHttps},
	}}
}
