package main

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"pack/lambda/assets"
	"pack/lambda/compiled"
	"pack/lambda/event"
	"pack/lambda/gateway"
	"pack/lambda/release"
	"pack/lambda/state"
	"pack/lambda/traffic"
	"pack/manifest"
	"pack/s3cache"
)

// placement says what the function is among those of its app on AWS. Without a
// release there is one version of each function, as on a laptop.
type placement struct {
	// release is the id of the release, that of the Deployment unless the
	// environment names another; empty on a laptop. Route functions have none:
	// they can be of several.
	release string
	// released: there are releases.
	released bool
	// region is the function's, home that of gateway and state.
	region, home string
	// function and version are the function's own name and version.
	function, version string
	// assetsBucket holds the app's files, below assetsPrefix.
	assetsBucket, assetsPrefix string
}

func readPlacement(env func(string) string) placement {
	p := placement{
		region: env("AWS_REGION"), function: env("AWS_LAMBDA_FUNCTION_NAME"), version: env("AWS_LAMBDA_FUNCTION_VERSION"),
		assetsBucket: env("PACK_ASSETS_BUCKET"), assetsPrefix: env("PACK_ASSETS_PREFIX"),
	}
	p.home = cmp.Or(env("PACK_STATE_REGION"), p.region)
	// A local Lambda service knows no versions of a deployment's functions.
	if env("PACK_BUCKET") != "" && env("PACK_LAMBDA_ENDPOINT") == "" {
		p.release, p.released = env("PACK_RELEASE"), true
	}
	return p
}

// belong makes the function one of a deployment's.
func (p *placement) belong(d *manifest.Deployment) {
	if p.released {
		p.release = cmp.Or(p.release, d.ID)
	}
}

// invoker calls functions.
type invoker interface {
	Invoke(ctx context.Context, function string, r *http.Request, call *event.Call) (*http.Response, error)
}

// gatewayFunction is the gateway's name, without the alias.
func (s *settings) gatewayFunction() string {
	name, _, _ := strings.Cut(s.gatewayName, ":")
	return name
}

// callers gives what the gateway and the worker call functions with, and by
// which name the gateway: exact versions of the release where there are any.
func (s *settings) callers(d *manifest.Deployment, opened *state.State) (calls invoker, gatewayName string) {
	if s.placement.release == "" {
		return telling{s.invoker, d.ID}, s.gatewayName
	}
	return telling{&release.Invoker{
		Client:  s.invoker,
		Release: &release.Document{Bucket: opened.Bucket, ID: s.placement.release},
		Gateway: s.gatewayFunction(), Home: s.placement.home,
	}, d.ID}, s.gatewayFunction()
}

// telling tells the functions that are called whose request it is.
type telling struct {
	invoker
	deployment string
}

// Invoke implements invoker.
func (t telling) Invoke(ctx context.Context, function string, r *http.Request, call *event.Call) (*http.Response, error) {
	told := call.Copy()
	told.Deployment = t.deployment
	return t.invoker.Invoke(ctx, function, r, &told)
}

// compiled keeps what Node compiles in the bucket of state, unless that is far
// away or the owner has said how Node shall keep it. On a laptop it is in a folder
// that is the archive's own.
func (s *settings) compiled(opened *state.State) (*compiled.Cache, error) {
	if s.nodeKeeps {
		return nil, nil
	}
	c := &compiled.Cache{
		Objects: opened.Objects, Key: compiled.Key(s.placement.function, s.placement.version, s.node),
		Share: float64(s.memory) / manifest.MemoryPerProcessor,
	}
	if s.compiledDir != "" {
		var err error
		c.Objects, err = s3cache.OpenDirectory(s.compiledDir)
		return c, err
	}
	if s.where.Bucket == "" || s.placement.region != s.placement.home {
		return nil, nil
	}
	c.Any = compiled.Key(s.placement.function, compiled.AnyVersion, s.node)
	return c, nil
}

// addFiles has the gateway read the app's files from the bucket of assets.
func (s *settings) addFiles(o *gateway.Options) error {
	if s.placement.assetsBucket == "" {
		return nil
	}
	files, err := s.where.OpenFiles(s.placement.assetsBucket)
	if err != nil {
		return err
	}
	o.Files = &assets.Store{Bucket: files, Prefix: s.placement.assetsPrefix, Deployment: o.Deployment}
	return nil
}

// direct puts what gives visitors their release before the gateway.
func (s *settings) direct(g http.Handler, d *manifest.Deployment, opened *state.State) http.Handler {
	if s.placement.release == "" {
		return g
	}
	return &traffic.Handler{
		Own:     manifest.TrafficRelease{ID: s.placement.release, DeploymentID: d.App.DeploymentID},
		Next:    g,
		Gateway: s.gatewayFunction(), Invoker: s.invoker.In(s.placement.home),
		Watch: &traffic.Watch{Bucket: opened.Bucket}, BasePath: d.App.BasePath,
	}
}

// others are the workers of other releases; nil on a laptop.
func (s *settings) others(d *manifest.Deployment, opened *state.State) *traffic.Workers {
	if s.placement.release == "" {
		return nil
	}
	for _, f := range d.Functions {
		if f.Kind == manifest.WorkerFunction {
			return &traffic.Workers{
				Watch: &traffic.Watch{Bucket: opened.Bucket}, Worker: f.Name, Version: s.placement.version, Caller: s.invoker,
			}
		}
	}
	return nil
}
