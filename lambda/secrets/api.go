package secrets

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"

	"pack/lambda/signature"
)

// API speaks the JSON protocol of the two services, with the SDK's signer and
// without its clients.
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
type API struct {
	Region string
	// SSM and SecretsManager are addresses; empty means AWS's own.
	SSM, SecretsManager string
	Credentials         aws.CredentialsProvider
	// HTTP is http.DefaultClient when nil.
	HTTP *http.Client
}

func newAPI(env func(string) string, region string) *API {
	every := env("AWS_ENDPOINT_URL")
	return &API{
		Region:         cmp.Or(region, env("AWS_REGION")),
		SSM:            cmp.Or(env("AWS_ENDPOINT_URL_SSM"), every),
		SecretsManager: cmp.Or(env("AWS_ENDPOINT_URL_SECRETS_MANAGER"), every),
		Credentials:    signature.FromEnvironment(env),
	}
}

// parameters returns those that there are, decrypted, by the names that they
// were asked by.
func (a *API) parameters(ctx context.Context, names []string) (map[string]string, error) {
	var answer struct {
		Parameters []struct{ Name, Value string }
	}
	err := a.ask(ctx, "ssm", a.Region, a.SSM, "AmazonSSM.GetParameters", map[string]any{"Names": names, "WithDecryption": true}, &answer)
	if err != nil {
		return nil, err
	}
	values := make(map[string]string, len(answer.Parameters))
	for _, p := range answer.Parameters {
		values[p.Name] = p.Value
	}
	return values, nil
}

// secret returns the current version of a secret, in the region of its ARN if
// it is one.
func (a *API) secret(ctx context.Context, name string) (string, error) {
	region := a.Region
	if parts := strings.Split(name, ":"); len(parts) > 5 && parts[0] == "arn" {
		region = parts[3]
	}
	var answer struct {
		SecretString *string
		SecretBinary []byte
	}
	err := a.ask(ctx, "secretsmanager", region, a.SecretsManager, "secretsmanager.GetSecretValue", map[string]any{"SecretId": name}, &answer)
	switch {
	case err != nil:
		return "", err
	case answer.SecretString != nil:
		return *answer.SecretString, nil
	case !utf8.Valid(answer.SecretBinary):
		return "", errors.New("it is binary, and a variable is text")
	}
	return string(answer.SecretBinary), nil
}

// refusal is an error that a service answers with.
type refusal struct {
	status  int
	kind    string
	message string
}

func (r *refusal) Error() string {
	text := r.kind
	if r.message != "" {
		text += ": " + r.message
	}
	return text
}

// passing reports whether the same request may be answered later.
func (r *refusal) passing() bool {
	return r.status >= 500 || r.status == http.StatusTooManyRequests || r.kind == "ThrottlingException"
}

// How a request that fails for a while is made again: many instances may start at
// the same time, and the Parameter Store answers an account 40 times a second
// unless it is told otherwise. A random part of a pause is waited that doubles.
// https://docs.aws.amazon.com/general/latest/gr/ssm.html
const (
	attempts     = 12
	firstPause   = 100 * time.Millisecond
	longestPause = 1600 * time.Millisecond
)

func (a *API) ask(ctx context.Context, service, region, endpoint, operation string, input, output any) error {
	body, err := json.Marshal(input)
	if err != nil {
		return err
	}
	if endpoint == "" {
		endpoint = "https://" + service + "." + region + ".amazonaws.com"
	}
	for attempt := 1; ; attempt++ {
		answer, err := a.send(ctx, service, region, strings.TrimSuffix(endpoint, "/")+"/", operation, body)
		if err == nil {
			// What was wrong with it would quote it.
			if json.Unmarshal(answer, output) != nil {
				return errors.New("the answer cannot be read")
			}
			return nil
		}
		var refused *refusal
		if final := errors.As(err, &refused) && !refused.passing(); final || attempt == attempts || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(rand.N(min(firstPause<<(attempt-1), longestPause))):
		}
	}
}

func (a *API) send(ctx context.Context, service, region, address, operation string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", operation)
	if err := signature.Sign(ctx, request, body, service, region, a.Credentials); err != nil {
		return nil, err
	}
	client := a.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", service, err)
	}
	if response.StatusCode == http.StatusOK {
		return answer, nil
	}
	var told struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
		Other   string `json:"Message"`
	}
	_ = json.Unmarshal(answer, &told)
	_, kind, hash := strings.Cut(told.Type, "#")
	if !hash {
		kind = told.Type
	}
	return nil, &refusal{status: response.StatusCode, kind: cmp.Or(kind, response.Status), message: cmp.Or(told.Message, told.Other)}
}
