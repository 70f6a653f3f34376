package account_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"pack/infra/account"
	"pack/manifest"
)

func TestExplain(t *testing.T) {
	api := func(code string) error {
		return fmt.Errorf("deploy: %w", &smithy.OperationError{
			ServiceID: "S3", OperationName: "PutObject", Err: &smithy.GenericAPIError{Code: code, Message: "no"},
		})
	}
	for _, test := range []struct {
		err  error
		want string // part of the message; empty: the error stays as it is
	}{
		{api("ExpiredToken"), "the AWS credentials have expired"},
		{api("ExpiredTokenException"), "aws sso login"},
		{api("UnrecognizedClientException"), "AWS does not know these credentials"},
		{api("InvalidClientTokenId"), "has not opted in to"},
		{api("AccessDenied"), "S3 PutObject: AccessDenied: no"},
		{api("ThrottlingException"), "run the same command again"},
		{fmt.Errorf("x: %w", &net.OpError{Op: "dial", Err: errors.New("connection refused")}), "AWS cannot be reached"},
		{fmt.Errorf("x: %w", &net.DNSError{Name: "s3.amazonaws.com"}), "AWS cannot be reached"},
		{api("NoSuchBucket"), ""},
		{errors.New("a file is not there"), ""},
		{&manifest.UserError{What: "ExpiredToken in the owner's own words"}, ""},
		{nil, ""},
	} {
		got := account.Explain(test.err)
		var user *manifest.UserError
		switch {
		case test.want == "" && got != test.err:
			t.Errorf("%v became %v", test.err, got)
		case test.want != "" && (!errors.As(got, &user) || !strings.Contains(got.Error(), test.want)):
			t.Errorf("%v became %v, want %q", test.err, got, test.want)
		}
	}
}

// Without credentials the owner is told so, and not what the chain tried last.
func TestNoCredentials(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI": "", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_WEB_IDENTITY_TOKEN_FILE": "",
	} {
		t.Setenv(name, value)
	}
	_, err := account.Open(t.Context(), "us-east-1")
	var user *manifest.UserError
	if !errors.As(err, &user) || user.What != "there are no AWS credentials" {
		t.Errorf("got %v", err)
	}
}

func TestNoSuchProfile(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_PROFILE": "work", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	_, opened := account.Open(t.Context(), "us-east-1")
	_, region := account.Region(t.Context())
	for _, err := range []error{opened, region} {
		var user *manifest.UserError
		if !errors.As(err, &user) || user.What != `there is no AWS profile "work"` {
			t.Errorf("got %v", err)
		}
	}
}
