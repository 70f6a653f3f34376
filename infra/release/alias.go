package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"pack/infra/account"
	"pack/manifest"
)

// Alias is what points to the version in use.
const Alias = "live"

// How often and how soon a move is tried again that somebody else came before.
const (
	attempts = 20
	pause    = 250 * time.Millisecond
)

// Names of the functions that have it.
const (
	Gateway = "gateway"
	Worker  = "worker"
)

// Aliases are those of an app's stage, in its home region.
type Aliases struct {
	Client *lambda.Client
	// Prefix is that of the functions' names (manifest.LambdaName).
	Prefix string
}

// Version gives the version in use of a function; "" where there is no such function
// or alias yet.
func (a Aliases) Version(ctx context.Context, function string) (string, error) {
	out, err := a.get(ctx, function)
	if err != nil || out == nil {
		return "", err
	}
	return aws.ToString(out.FunctionVersion), nil
}

// Environment is that of the version which visitors get of a function; none where there
// is no alias.
func (a Aliases) Environment(ctx context.Context, function string) (map[string]string, error) {
	name := manifest.LambdaName(a.Prefix, function)
	out, err := a.Client.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name, Qualifier: aws.String(Alias)})
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) || err == nil && out.Environment == nil {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration of %s: %w", name, err)
	}
	return out.Environment.Variables, nil
}

func (a Aliases) get(ctx context.Context, function string) (*lambda.GetAliasOutput, error) {
	name := manifest.LambdaName(a.Prefix, function)
	out, err := a.Client.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &name, Name: aws.String(Alias)})
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read alias %s of %s: %w", Alias, name, err)
	}
	return out, nil
}

// Point takes a version of a function into use. moved is false where it was.
func (a Aliases) Point(ctx context.Context, function, version string) (moved bool, err error) {
	name := manifest.LambdaName(a.Prefix, function)
	for attempt := 0; ; attempt++ {
		now, err := a.get(ctx, function)
		if err != nil {
			return false, err
		}
		if now == nil {
			return false, fmt.Errorf("function %s has no alias %s", name, Alias)
		}
		if aws.ToString(now.FunctionVersion) == version {
			return moved, nil
		}
		_, err = a.Client.UpdateAlias(ctx, &lambda.UpdateAliasInput{
			FunctionName: &name, Name: aws.String(Alias), FunctionVersion: &version, RevisionId: now.RevisionId,
			// No weights of CloudFormation's or the console's: canaries are Traffic's.
			RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{}},
		})
		if err == nil {
			return true, nil
		}
		// Somebody else moved it, or an answer was lost: look again.
		if !account.Is(err, "PreconditionFailedException", "ResourceConflictException") || attempt == attempts {
			return false, fmt.Errorf("take version %s of %s into use: %w", version, name, err)
		}
		moved = true
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// Follow makes the aliases what Traffic says, and looks again afterwards: of two who
// change it at once, both leave the aliases with what was written last. moved says
// whether the gateway's was another.
func (a Aliases) Follow(ctx context.Context, s Store) (moved bool, err error) {
	for {
		t, etag, err := s.Traffic(ctx)
		if err != nil || t.Active == "" {
			return moved, err
		}
		r, err := Find(&t, t.Active)
		if err != nil {
			return moved, err
		}
		// The worker first: it understands what an older gateway has queued, and
		// not always the other way round.
		if r.Worker != "" {
			if _, err := a.Point(ctx, Worker, r.Worker); err != nil {
				return moved, err
			}
		}
		now, err := a.Point(ctx, Gateway, r.Gateway)
		if err != nil {
			return moved, err
		}
		moved = moved || now
		if _, again, err := s.Traffic(ctx); err != nil || again == etag {
			return moved, err
		}
	}
}
