package account

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"

	"pack/manifest"
)

// Codes of AWS's services for credentials that are not taken, for what somebody
// may not do, and for too many requests. Each service has its own words for the
// same.
// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
var (
	expired   = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
	refused   = []string{"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId", "AuthFailure", "InvalidToken", "IncompleteSignature", "MissingAuthenticationToken"}
	forbidden = []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden"}
	throttled = []string{"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown", "RequestThrottled", "ProvisionedThroughputExceededException"}
)

// Again is the hint after what may pass by itself: everything that was done stays
// done, and the site is as it was.
const Again = "run the same command again: it goes on where this one ended"

// Explain turns what AWS or the network says into a *manifest.UserError where the
// owner can do something about it, and leaves other errors as they are.
func Explain(err error) error {
	var user *manifest.UserError
	if err == nil || errors.As(err, &user) {
		return err
	}
	var absent config.SharedConfigProfileNotExistError
	if errors.As(err, &absent) {
		return &manifest.UserError{
			What: fmt.Sprintf("there is no AWS profile %q", absent.Profile), Where: "AWS_PROFILE",
			Hint: "aws configure list-profiles shows those that are there",
		}
	}
	code := Code(err)
	switch {
	case is(code, expired) || strings.Contains(err.Error(), "token has expired") || strings.Contains(err.Error(), "refresh cached SSO token failed"):
		return &manifest.UserError{
			What: "the AWS credentials have expired", Why: reason(err),
			Hint: "sign in again (aws sso login), then " + Again,
		}
	case is(code, refused):
		return &manifest.UserError{What: "AWS does not know these credentials", Why: reason(err), Hint: "look at AWS_PROFILE, AWS_ACCESS_KEY_ID and ~/.aws/credentials; a region that the account has not opted in to answers like this too"}
	case is(code, forbidden):
		return &manifest.UserError{What: "AWS does not allow it", Why: reason(err), Hint: "pack doctor prints the policy that deploying needs"}
	case is(code, throttled) || exhausted(err):
		return &manifest.UserError{What: "AWS takes no more requests for the moment", Why: reason(err), Hint: Again}
	case code == "" && unsigned(err):
		return &manifest.UserError{
			What: "there are no AWS credentials", Why: last(err),
			Hint: "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; aws configure sso makes a profile",
		}
	case code == "" && unreachable(err):
		return &manifest.UserError{What: "AWS cannot be reached", Why: last(err), Hint: Again}
	}
	return err
}

// Code is what AWS calls an error; empty when it is none of AWS's.
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Is reports whether AWS calls an error by one of the names.
func Is(err error, codes ...string) bool { return err != nil && is(Code(err), codes) }

func is(code string, codes []string) bool {
	for _, c := range codes {
		if c == code {
			return true
		}
	}
	return false
}

func reason(err error) string {
	var operation *smithy.OperationError
	var api smithy.APIError
	if errors.As(err, &operation) && errors.As(err, &api) {
		return operation.Service() + " " + operation.Operation() + ": " + api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return last(err)
}

// last is the innermost words, which say most.
func last(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

func unsigned(err error) bool {
	var signing *smithy.OperationError
	return errors.As(err, &signing) && (strings.Contains(err.Error(), "get identity:") || strings.Contains(err.Error(), "failed to refresh cached credentials"))
}

func unreachable(err error) bool {
	var dns *net.DNSError
	var operation *net.OpError
	var address *url.Error
	return errors.As(err, &dns) || errors.As(err, &operation) || errors.As(err, &address)
}

// exhausted: the SDK has tried so often that it tries no more.
func exhausted(err error) bool {
	var attempts *retry.MaxAttemptsError
	return errors.As(err, &ratelimit.QuotaExceededError{}) || errors.As(err, &attempts) && is(Code(err), throttled)
}
