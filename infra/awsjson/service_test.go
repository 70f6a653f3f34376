package awsjson_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"

	"pack/infra/account"
	"pack/infra/awsjson"
	"pack/manifest"
	"pack/tests/awsservers"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }

func configOf(endpoint string) aws.Config {
	return aws.Config{
		Region: "eu-central-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "token"),
		RetryMaxAttempts: 3,
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = time.Millisecond })
		},
	}
}

func quotas(config aws.Config) awsjson.Service {
	return awsjson.Service{Config: config, ID: "Service Quotas", Name: "servicequotas", Target: "ServiceQuotasV20190624"}
}

// TestParameters: another maker's server takes what is sent.
func TestParameters(t *testing.T) {
	p, name, ctx := awsjson.NewParameters(awsservers.Moto(t).Config), "/pack/"+awsservers.NewName(), t.Context()
	if _, err := p.Get(ctx, name); !errors.Is(err, awsjson.ErrNoParameter) {
		t.Errorf("none is there: %v", err)
	}
	if err := p.Put(ctx, name, "a <b>", "tests", false); err != nil {
		t.Fatal(err)
	}
	if err := p.Put(ctx, name, "c", "tests", false); !errors.Is(err, awsjson.ErrParameterExists) {
		t.Errorf("one is there: %v", err)
	}
	if got, err := p.Get(ctx, name); got != "a <b>" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := p.Put(ctx, name, "d", "tests", true); err != nil {
		t.Error(err)
	}
	if got, err := p.Get(ctx, name); got != "d" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := p.Delete(ctx, name); err != nil {
		t.Error(err)
	}
	if err := p.Delete(ctx, name); !errors.Is(err, awsjson.ErrNoParameter) {
		t.Errorf("deleted twice: %v", err)
	}
}

// TestCall: what passes is tried again, what does not is told in the SDK's words,
// which package account explains.
func TestCall(t *testing.T) {
	type answer struct {
		status int
		body   string
	}
	throttled := answer{400, `{"__type":"com.amazonaws.x#ThrottlingException","message":"slow down"}`}
	fine := answer{200, `{"Value":"v"}`}
	for _, c := range []struct {
		name    string
		answers []answer
		asked   int
		code    string
		what    string
	}{
		{"fine", []answer{fine}, 1, "", ""},
		{"throttled for a while", []answer{throttled, throttled, fine}, 3, "", ""},
		{"throttled", []answer{throttled, throttled, throttled, fine}, 3, "ThrottlingException", "AWS takes no more requests for the moment"},
		{"down for a while", []answer{{500, "x"}, {503, ""}, fine}, 3, "", ""},
		{"down", []answer{{500, "x"}, {503, ""}, {502, "<html>"}}, 3, "502 Bad Gateway", ""},
		{"refused", []answer{{400, `{"__type":"AccessDeniedException","Message":"not you"}`}, fine}, 1, "AccessDeniedException", "AWS does not allow it"},
		{"expired", []answer{{400, `{"code":"ExpiredTokenException:http://internal/"}`}, fine}, 1, "ExpiredTokenException", "the AWS credentials have expired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if got := r.Method + " " + r.URL.Path + " " + r.Header.Get("X-Amz-Target") + " " + string(body); got != `POST / ServiceQuotasV20190624.GetServiceQuota {"QuotaCode":"L"}` {
					t.Error(got)
				}
				if signed := r.Header.Get("Authorization"); !strings.Contains(signed, "/eu-central-1/servicequotas/aws4_request") || r.Header.Get("X-Amz-Security-Token") != "token" {
					t.Errorf("signed %q", signed)
				}
				w.WriteHeader(c.answers[asked].status)
				_, _ = io.WriteString(w, c.answers[asked].body)
				asked++
			}))
			defer server.Close()
			var got struct{ Value string }
			err := quotas(configOf(server.URL)).Call(t.Context(), "GetServiceQuota", map[string]string{"QuotaCode": "L"}, &got)
			var operation *smithy.OperationError
			if asked != c.asked || account.Code(err) != c.code || (err == nil) != (got.Value == "v") || err != nil && !errors.As(err, &operation) {
				t.Errorf("asked %d times, %v (%s), %q", asked, err, account.Code(err), got.Value)
			}
			var user *manifest.UserError
			if errors.As(account.Explain(err), &user) != (c.what != "") || user != nil && user.What != c.what {
				t.Errorf("explained as %v", account.Explain(err))
			}
		})
	}
}

// TestWithoutCredentials: that there are none, or nobody answers, is explained too.
func TestWithoutCredentials(t *testing.T) {
	config := configOf("http://127.0.0.1:1")
	err := account.Explain(quotas(config).Call(t.Context(), "GetServiceQuota", nil, nil))
	var user *manifest.UserError
	if !errors.As(err, &user) || user.What != "AWS cannot be reached" {
		t.Errorf("nobody answers: %v", err)
	}
	config.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("no role")
	})
	err = account.Explain(quotas(config).Call(t.Context(), "GetServiceQuota", nil, nil))
	if !errors.As(err, &user) || user.What != "there are no AWS credentials" {
		t.Errorf("no credentials: %v", err)
	}
}

// TestCallEnds: the end of the context ends waiting for the next attempt.
func TestCallEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		cancel()
	}))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL_SERVICE_QUOTAS", server.URL)
	config := configOf("http://127.0.0.1:1")
	config.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Hour, nil })
		})
	}
	if err := quotas(config).Call(ctx, "GetServiceQuota", nil, nil); err == nil || ctx.Err() == nil {
		t.Errorf("%v", err)
	}
}
