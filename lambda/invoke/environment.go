package invoke

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// FromEnvironment returns the client that a function calls others with:
// PACK_LAMBDA_ENDPOINT is a local service's address, which takes unsigned
// requests; without one it is AWS's in the function's region, and the
// function's role signs.
func FromEnvironment(env func(string) string) *Client {
	c := &Client{Endpoint: env("PACK_LAMBDA_ENDPOINT"), Prefix: env("PACK_FUNCTION_PREFIX")}
	if c.Endpoint != "" {
		return c
	}
	c.Region = env("AWS_REGION")
	c.Endpoint = "https://lambda." + c.Region + ".amazonaws.com"
	// Lambda puts them there; they are read at each request.
	c.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		role := aws.Credentials{
			AccessKeyID: env("AWS_ACCESS_KEY_ID"), SecretAccessKey: env("AWS_SECRET_ACCESS_KEY"),
			SessionToken: env("AWS_SESSION_TOKEN"), Source: "environment",
		}
		if !role.HasKeys() {
			return role, errors.New("AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is missing")
		}
		return role, nil
	})
	// The default transport keeps two connections: an instance of the gateway
	// has one call at a time, the worker several.
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16
	c.HTTP = &http.Client{Transport: transport}
	return c
}
