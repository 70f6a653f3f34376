// Package invoke calls one of pack's functions from another one, over Lambda's
// InvokeWithResponseStream.
//
// The request and the answer are spoken here and not through the SDK's Lambda
// client: that would add a third to the size, and so to the cold start, of the
// gateway. Signing and the event stream's encoding are the SDK's.
// https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
package invoke

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"pack/lambda/event"
	"pack/lambda/signature"
	"pack/manifest"
)

// Client invokes functions of one region.
type Client struct {
	// Endpoint is the Lambda API's address; empty means AWS's in the region,
	// such as https://lambda.eu-central-1.amazonaws.com.
	Endpoint string
	Region   string
	// Credentials sign the requests; nil sends them unsigned, which only a
	// local service takes.
	Credentials aws.CredentialsProvider
	// Prefix makes a deployment's names of functions into those on AWS
	// (manifest.LambdaName); empty where they are the same.
	Prefix string
	// HTTP is http.DefaultClient when nil.
	HTTP *http.Client
}

// In returns the same client for another region.
func (c *Client) In(region string) *Client {
	other := *c
	other.Region = region
	return &other
}

// Invoke sends r and call to a function ("name" or "name:version") and returns
// its answer as it streams in; the caller closes the body. Errors are *Error,
// ctx's, or the connection's.
func (c *Client) Invoke(ctx context.Context, function string, r *http.Request, call *event.Call) (*http.Response, error) {
	payload, err := event.Encode(r, call)
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", function, err)
	}
	return c.Send(ctx, function, r, payload)
}

// Send is Invoke for a request that is encoded already, as to be sent to
// several; r is what the answer belongs to.
func (c *Client) Send(ctx context.Context, function string, r *http.Request, payload []byte) (*http.Response, error) {
	response, err := c.post(ctx, function, "/2021-11-15/functions/", "/response-streaming-invocations", payload, Reads(r))
	if err != nil {
		return nil, err
	}
	return answer(function, r, response.Body)
}

// Call invokes a function with an event of any kind and returns its whole
// answer (RequestResponse). Errors are those of Invoke.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (c *Client) Call(ctx context.Context, function string, payload []byte) ([]byte, error) {
	response, err := c.post(ctx, function, "/2015-03-31/functions/", "/invocations", payload, false)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	whole, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", function, err)
	}
	if response.Header.Get("X-Amz-Function-Error") != "" {
		var failure struct{ ErrorType, ErrorMessage string }
		_ = json.Unmarshal(whole, &failure)
		return nil, &Error{Function: function, Type: failure.ErrorType, Detail: failure.ErrorMessage}
	}
	return whole, nil
}

// Reads reports whether running a function twice for a request does no harm. A render
// that is resumed is a page's GET, whatever carries its state.
func Reads(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead || r.Header.Get("Next-Resume") == "1"
}

// post sends an invocation, which may be sent twice where it is repeatable; the
// answer's status is 200.
func (c *Client) post(ctx context.Context, function, before, after string, payload []byte, repeatable bool) (*http.Response, error) {
	name, qualifier, _ := strings.Cut(function, ":")
	if c.Prefix != "" {
		name = manifest.LambdaName(c.Prefix, name)
	}
	endpoint := strings.TrimSuffix(c.Endpoint, "/")
	if endpoint == "" {
		endpoint = "https://lambda." + c.Region + ".amazonaws.com"
	}
	address := endpoint + before + url.PathEscape(name) + after
	if qualifier != "" {
		address += "?Qualifier=" + url.QueryEscape(qualifier)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", function, err)
	}
	request.Header.Set("Content-Type", "application/json")
	if c.Credentials != nil {
		if err := signature.Sign(ctx, request, payload, "lambda", c.Region, c.Credentials); err != nil {
			return nil, fmt.Errorf("invoke %s: %w", function, err)
		}
	}
	if repeatable {
		request.Header[repeatableMark] = nil // After the signature, which it is not part of.
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", function, err)
	}
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		return nil, refusal(function, response)
	}
	return response, nil
}
