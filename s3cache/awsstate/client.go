package awsstate

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// How a request that failed is made again: up to attempts in all, after a random part of
// a pause that doubles. A reader waits for it, so it is short; the SDK's own goes up to
// 20 seconds. The SDK's bucket of tokens ends retries altogether where most fail. An
// answer that breaks off is a failure too, which the SDK takes for a final one.
const (
	attempts     = 4
	firstPause   = 25 * time.Millisecond
	longestPause = 400 * time.Millisecond
)

// NewRetryer returns what makes requests again as long as somebody waits for them; for
// clients of other services, too.
func NewRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				return aws.TrueTernary
			}
			return aws.UnknownTernary
		}))
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
			return rand.N(min(firstPause<<min(attempt, 10), longestPause)), nil
		})
	})
}

// newClient returns a client whose requests fail, to be made again, when the other side
// does not take the connection, or begin its answer, within timeout, or takes five times
// as long in all.
func newClient(timeout time.Duration) *http.Client {
	return &http.Client{Timeout: 5 * timeout, Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   timeout,
		ResponseHeaderTimeout: timeout,
		ExpectContinueTimeout: time.Second,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       60 * time.Second,
		ForceAttemptHTTP2:     true,
	}}
}

func environmentCredentials(context.Context) (aws.Credentials, error) {
	c := aws.Credentials{
		AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: os.Getenv("AWS_SESSION_TOKEN"), Source: "environment",
	}
	if !c.HasKeys() {
		return aws.Credentials{}, errors.New("read credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	return c, nil
}
