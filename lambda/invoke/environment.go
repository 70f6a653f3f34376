package invoke

import (
	"cmp"
	"net/http"

	"pack/lambda/signature"
)

// FromEnvironment returns the client that a function calls others with:
// PACK_LAMBDA_ENDPOINT is a local service's address, which takes unsigned
// requests; without one it is AWS's in the function's region, or what
// AWS_ENDPOINT_URL_LAMBDA says, and the function's role signs.
func FromEnvironment(env func(string) string) *Client {
	c := &Client{Endpoint: env("PACK_LAMBDA_ENDPOINT"), Prefix: env("PACK_FUNCTION_PREFIX")}
	if c.Endpoint != "" {
		return c
	}
	c.Region = env("AWS_REGION")
	c.Endpoint = cmp.Or(env("AWS_ENDPOINT_URL_LAMBDA"), env("AWS_ENDPOINT_URL"))
	c.Credentials = signature.FromEnvironment(env)
	c.HTTP = &http.Client{Transport: newTransport(freshTime)}
	return c
}
