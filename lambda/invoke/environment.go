package invoke

import (
	"cmp"
	"net"
	"net/http"
	"time"

	"pack/lambda/signature"
)

// connectTime is how long a region may take to accept a connection before it
// counts as unreachable; AWS's own do within 0.3 s from anywhere.
const connectTime = 2 * time.Second

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
	// The default transport keeps two connections: an instance of the gateway
	// has one call at a time, the worker several.
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16
	transport.DialContext = (&net.Dialer{Timeout: connectTime, KeepAlive: 30 * time.Second}).DialContext
	transport.TLSHandshakeTimeout = 2 * connectTime
	c.HTTP = &http.Client{Transport: transport}
	return c
}
