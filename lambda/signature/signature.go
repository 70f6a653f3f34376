// Package signature signs requests to AWS that are made without a client of the
// SDK: each of those would add to the size, and so to the cold start, of the
// program in which it is.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
package signature

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// FromEnvironment returns the credentials of the function's role. Lambda puts
// them there; they are read at each request.
func FromEnvironment(env func(string) string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		role := aws.Credentials{
			AccessKeyID: env("AWS_ACCESS_KEY_ID"), SecretAccessKey: env("AWS_SECRET_ACCESS_KEY"),
			SessionToken: env("AWS_SESSION_TOKEN"), Source: "environment",
		}
		if !role.HasKeys() {
			return role, errors.New("AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is missing")
		}
		return role, nil
	})
}

// Sign signs a request to a service of a region. payload is its body.
func Sign(ctx context.Context, r *http.Request, payload []byte, service, region string, from aws.CredentialsProvider) error {
	credentials, err := from.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("get credentials: %w", err)
	}
	sum := sha256.Sum256(payload)
	return v4.NewSigner().SignHTTP(ctx, credentials, r, hex.EncodeToString(sum[:]), service, region, time.Now())
}
