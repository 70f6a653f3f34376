package awsjson

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
)

// Parameters are those of Systems Manager in one account and region.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/Welcome.html
type Parameters struct{ service Service }

// ErrNoParameter is where there is none of that name, ErrParameterExists where
// there is one already.
var (
	ErrNoParameter     = errors.New("there is no such parameter")
	ErrParameterExists = errors.New("there is such a parameter already")
)

// NewParameters does no I/O.
func NewParameters(config aws.Config) Parameters {
	return Parameters{Service{Config: config, ID: "SSM", Name: "ssm", Target: "AmazonSSM"}}
}

// Get gives a parameter's value, decrypted.
func (p Parameters) Get(ctx context.Context, name string) (string, error) {
	var out struct{ Parameter struct{ Value string } }
	err := p.call(ctx, "GetParameter", map[string]any{"Name": name, "WithDecryption": true}, &out)
	return out.Parameter.Value, err
}

// Put writes a parameter as an encrypted one (SecureString, with the account's own
// key alias/aws/ssm), over one that is there only with overwrite.
func (p Parameters) Put(ctx context.Context, name, value, description string, overwrite bool) error {
	return p.call(ctx, "PutParameter", map[string]any{
		"Name": name, "Value": value, "Type": "SecureString", "Description": description, "Overwrite": overwrite,
	}, nil)
}

// Delete deletes a parameter.
func (p Parameters) Delete(ctx context.Context, name string) error {
	return p.call(ctx, "DeleteParameter", map[string]any{"Name": name}, nil)
}

func (p Parameters) call(ctx context.Context, operation string, input map[string]any, output any) error {
	err := p.service.Call(ctx, operation, input, output)
	var told smithy.APIError
	if errors.As(err, &told) {
		switch told.ErrorCode() {
		case "ParameterNotFound":
			return ErrNoParameter
		case "ParameterAlreadyExists":
			return ErrParameterExists
		}
	}
	return err
}
