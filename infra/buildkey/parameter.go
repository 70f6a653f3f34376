package buildkey

import (
	"context"
	"errors"
	"fmt"

	"pack/infra/awsjson"
	"pack/manifest"
)

// ParameterName is where the key of an app's stage is by convention; prefix is
// what the names of its resources begin with. The IAM policy of pack doctor
// names it.
func ParameterName(prefix string) string { return "/pack/" + prefix + "/build-key" }

// Parameter keeps a key in the account, as an encrypted parameter of Systems
// Manager (SecureString, with the account's own key alias/aws/ssm). It costs
// nothing. It takes ssm:GetParameter and ssm:PutParameter on that one parameter, and
// ssm:DeleteParameter for Delete.
type Parameter struct {
	Parameters awsjson.Parameters
	// Name begins with a slash: ParameterName.
	Name string
}

// Load implements Keeper.
func (p Parameter) Load(ctx context.Context) (manifest.BuildKey, error) {
	text, err := p.Parameters.Get(ctx, p.Name)
	if errors.Is(err, awsjson.ErrNoParameter) {
		return manifest.BuildKey{}, ErrNone
	}
	if err != nil {
		return manifest.BuildKey{}, fmt.Errorf("read parameter %s: %w", p.Name, err)
	}
	key, err := manifest.ParseBuildKey(text)
	var u *manifest.UserError
	if errors.As(err, &u) {
		u.Where, u.Hint = "the parameter "+p.Name, "delete it: another one is made, and every function is new once"
	}
	return key, err
}

// Save implements Keeper.
func (p Parameter) Save(ctx context.Context, key manifest.BuildKey) (manifest.BuildKey, error) {
	err := p.Parameters.Put(ctx, p.Name, key.String(), "What pack derives the keys of Next.js builds from", false)
	if errors.Is(err, awsjson.ErrParameterExists) {
		return p.Load(ctx)
	}
	if err != nil {
		return key, fmt.Errorf("write parameter %s: %w", p.Name, err)
	}
	return key, nil
}

// Exists reports whether a key is kept, whatever it looks like.
func (p Parameter) Exists(ctx context.Context) (bool, error) {
	_, err := p.Parameters.Get(ctx, p.Name)
	if errors.Is(err, awsjson.ErrNoParameter) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for parameter %s: %w", p.Name, err)
	}
	return true, nil
}

// Delete forgets the key; that there is none is no mistake. Builds after it have
// another key.
func (p Parameter) Delete(ctx context.Context) error {
	err := p.Parameters.Delete(ctx, p.Name)
	if err != nil && !errors.Is(err, awsjson.ErrNoParameter) {
		return fmt.Errorf("delete parameter %s: %w", p.Name, err)
	}
	return nil
}
