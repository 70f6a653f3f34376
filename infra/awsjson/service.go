// Package awsjson makes single calls of services that speak AWS's JSON protocol,
// with the SDK's configuration, signer, retryer and errors, and without its
// clients. Since October 2026 a client builds a description of its whole service
// whenever a program starts that has it: that of Systems Manager alone took a
// quarter of the start of every command, and two of its 150 operations are needed.
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
package awsjson

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
)

// Service is one of AWS's services.
type Service struct {
	// Config says where, and as whom; its retryer and attempts are kept to.
	Config aws.Config
	// ID is the SDK's, such as "CloudWatch Logs": messages and the variable
	// AWS_ENDPOINT_URL_CLOUDWATCH_LOGS have it.
	ID string
	// Name begins the address and is what requests are signed for: logs.
	Name string
	// Target begins the operations' names: Logs_20140328.
	Target string
}

// Call asks for one operation; input and output are as in the API's reference, and
// output may be nil. Errors are those of the SDK: a *smithy.OperationError around a
// smithy.APIError where the service has answered, and around a
// *retry.MaxAttemptsError where it was asked too often. The end of ctx ends it.
func (s Service) Call(ctx context.Context, operation string, input, output any) error {
	if err := s.call(ctx, operation, input, output); err != nil {
		return &smithy.OperationError{ServiceID: s.ID, OperationName: operation, Err: err}
	}
	return nil
}

func (s Service) call(ctx context.Context, operation string, input, output any) error {
	body, err := json.Marshal(input)
	if err != nil {
		return err
	}
	var retryer aws.Retryer = retry.NewStandard()
	if s.Config.Retryer != nil {
		retryer = s.Config.Retryer()
	}
	attempts := cmp.Or(s.Config.RetryMaxAttempts, retryer.MaxAttempts())
	for attempt := 1; ; attempt++ {
		answer, err := s.send(ctx, operation, body)
		if err == nil {
			if output == nil {
				return nil
			}
			return json.Unmarshal(answer, output)
		}
		if ctx.Err() != nil || !retryer.IsErrorRetryable(err) {
			return err
		}
		if attempts > 0 && attempt >= attempts { // 0: without end
			return &retry.MaxAttemptsError{Attempt: attempt, Err: err}
		}
		pause, failed := retryer.RetryDelay(attempt, err)
		if failed != nil {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return &aws.RequestCanceledError{Err: ctx.Err()}
		case <-timer.C:
		}
	}
}

// endpoint is the service's address, by the variables that the SDKs read.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func (s Service) endpoint() string {
	own := os.Getenv("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(s.ID, " ", "_")))
	given := cmp.Or(own, aws.ToString(s.Config.BaseEndpoint), "https://"+s.Name+"."+s.Config.Region+".amazonaws.com")
	return strings.TrimSuffix(given, "/") + "/"
}

func (s Service) send(ctx context.Context, operation string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", s.Target+"."+operation)
	credentials, err := s.Config.Credentials.Retrieve(ctx)
	if err != nil { // in the SDK's words
		return nil, fmt.Errorf("get identity: get credentials: %w", err)
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), s.Name, s.Config.Region, time.Now()); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	var client aws.HTTPClient = http.DefaultClient
	if s.Config.HTTPClient != nil {
		client = s.Config.HTTPClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if response.StatusCode/100 == 2 {
		return answer, nil
	}
	return nil, newRefusal(response, answer)
}

// refusal is an error that a service has answered with.
type refusal struct {
	*smithy.GenericAPIError
	status int
}

// HTTPStatusCode is for the retryer.
func (r *refusal) HTTPStatusCode() int { return r.status }

func newRefusal(response *http.Response, answer []byte) *refusal {
	var told struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(answer, &told) // A proxy's page may be anything.
	code := cmp.Or(response.Header.Get("X-Amzn-Errortype"), told.Type, told.Code, response.Status)
	// com.amazonaws.ssm#ParameterNotFound, ParameterNotFound:http://…
	if _, name, ok := strings.Cut(code, "#"); ok {
		code = name
	}
	code, _, _ = strings.Cut(code, ":")
	fault := smithy.FaultClient
	if response.StatusCode >= http.StatusInternalServerError {
		fault = smithy.FaultServer
	}
	return &refusal{&smithy.GenericAPIError{Code: code, Message: told.Message, Fault: fault}, response.StatusCode}
}
