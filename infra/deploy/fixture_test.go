//go:build unix

package deploy_test

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"pack/infra/account"
	"pack/infra/bundle"
	"pack/infra/deploy"
	"pack/infra/release"
	"pack/infra/template"
	"pack/lambda/seeds"
	"pack/lambda/state"
	"pack/manifest"
	"pack/tests/awsservers"
	"pack/tests/awsstacks"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(whole{m})) }

// app is a small app that changes from deploy to deploy.
type app struct {
	t   *testing.T
	dir string
	// routes maps a route's name to what its module says; regions to where it is,
	// us-east-1 alone unless given.
	routes  map[string]string
	regions map[string][]string
	asset   string
	pack    manifest.PackSettings
	layer   string
	home    string
}

func newApp(t *testing.T, routes ...string) *app {
	a := &app{t: t, dir: t.TempDir(), routes: map[string]string{}, regions: map[string][]string{}, asset: "body{}", layer: "program", home: "us-east-1"}
	for _, r := range routes {
		a.routes[r] = r
	}
	return a
}

// source writes a text to a file that is called by its content.
func (a *app) source(text string) (path, digest string) {
	digest = sum(text)
	path = filepath.Join(a.dir, digest)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		a.t.Fatal(err)
	}
	return path, digest
}

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}

// pack bundles the app as it is now.
func (a *app) pack1() deploy.Package {
	a.t.Helper()
	home := []string{a.home}
	function := func(name string, kind manifest.FunctionKind) manifest.Function {
		return manifest.Function{Name: name, Kind: kind, MaxDuration: 30, Memory: 1024, Architecture: manifest.ARM64, Regions: home}
	}
	d := &manifest.Deployment{
		Schema: manifest.DeploymentSchema, BuildID: "build", NextVersion: "16.4.6", App: manifest.App{ProjectDir: ".", DistDir: ".next"},
		Functions: []manifest.Function{function("gateway", manifest.GatewayFunction), function("worker", manifest.WorkerFunction), function("images", manifest.ImageFunction)},
	}
	p := &manifest.Plan{Deployment: d, Files: map[string][]manifest.File{}, AssetSources: map[string]string{}, SeedSources: map[string]string{}}
	identity := a.asset
	for name, text := range a.routes {
		identity += name + text
	}
	d.ID = sum(fmt.Sprint(len(identity), a.asset, a.routes))[:20]
	// In one order: the same app is the same document each time.
	for _, name := range slices.Sorted(maps.Keys(a.routes)) {
		text := a.routes[name]
		path, digest := a.source(text)
		entry := manifest.File{Name: ".next/server/" + name + ".js", Source: path, Mode: 0o644, Size: int64(len(text)), Hash: "sha256:" + digest}
		p.Files[name] = []manifest.File{entry}
		f := function(name, manifest.RouteFunction)
		if a.regions[name] != nil {
			f.Regions = a.regions[name]
		}
		f.Entries = []manifest.Entry{{File: entry.Name, Type: "APP_PAGE", Page: "/" + name, Pathname: "/" + name}}
		d.Functions = append(d.Functions, f)
		path, digest = a.source("<html>" + text)
		seed := digest[:2] + "/" + digest
		p.SeedSources[seed] = path
		d.Pages = append(d.Pages, manifest.Page{
			Pathname: "/" + name, Route: "/" + name, Kind: "APP_PAGE", Function: name, Key: "/route-cache/APP_PAGE/" + name + "/$/" + name,
			Parts: []manifest.Part{{Pathname: "/" + name, Name: "html", File: seed}}, Seed: &manifest.Seed{Status: 200, Created: 1},
		})
	}
	for _, asset := range [][2]string{{"/_next/static/" + sum(a.asset)[:8] + ".css", a.asset}, {"/robots.txt", "User-agent: *"}} {
		pathname, text := asset[0], asset[1]
		path, digest := a.source(text)
		file := digest[:2] + "/" + digest
		p.AssetSources[file] = path
		d.Assets = append(d.Assets, manifest.Asset{Pathname: pathname, File: file, Size: int64(len(text)), Digest: digest, Source: "static"})
	}
	made, err := bundle.Bundle(a.t.Context(), bundle.Options{Plan: p, Out: filepath.Join(a.dir, "out")})
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { made.Output.Close() })
	path := filepath.Join(a.dir, "layer-"+sum(a.layer)[:8]+".zip")
	writeZip(a.t, path, a.layer)
	layer, err := deploy.NewLayer(template.LayerRuntime, manifest.ARM64, path, sum(a.layer))
	if err != nil {
		a.t.Fatal(err)
	}
	images, err := deploy.NewLayer(template.LayerImages, manifest.ARM64, path, sum(a.layer))
	if err != nil {
		a.t.Fatal(err)
	}
	return deploy.Package{Output: made.Output, Layers: []deploy.Layer{layer, images}, Pack: a.pack}
}

func writeZip(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.Create("pack/bootstrap")
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err != nil || z.Close() != nil || f.Close() != nil {
		t.Fatal(err)
	}
}

// cloud is an account for one test.
type cloud struct {
	*awsstacks.Stacks
	t      *testing.T
	target *deploy.Target
	notes  *[]string
	// deployments are IDs by the digests of the layers that have the documents.
	deployments map[string]string
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	stacks := awsstacks.New(t)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": stacks.Endpoint, "AWS_ACCESS_KEY_ID": awsservers.AccessKey, "AWS_SECRET_ACCESS_KEY": awsservers.SecretKey,
		"AWS_SESSION_TOKEN": "", "AWS_REGION": "us-east-1", "AWS_PROFILE": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "",
	} {
		t.Setenv(name, value)
	}
	c := &cloud{Stacks: stacks, t: t, notes: &[]string{}, deployments: map[string]string{}}
	note := func(text string) { *c.notes = append(*c.notes, text) }
	c.target = &deploy.Target{
		Name: "t" + strings.ToLower(awsservers.NewName()[5:13]), Stage: "test", Home: "us-east-1",
		Progress: deploy.Progress{Note: note, Step: note, Count: func(text string, done, total int) { note(fmt.Sprintf("%s %d/%d", text, done, total)) }},
	}
	c.reopen()
	t.Cleanup(c.permitted)
	return c
}

// at makes a region the home of what is deployed.
func (c *cloud) at(region string) {
	c.target.Home, c.Config.Region = region, region
}

// reopen asks for the account again, after the environment has changed.
func (c *cloud) reopen() {
	c.t.Helper()
	opened, err := account.Open(c.t.Context(), "us-east-1")
	if err != nil {
		c.t.Fatal(err)
	}
	c.target.Account = opened
}

func (c *cloud) name() string { return c.target.Name + "-" + c.target.Stage }

func (c *cloud) options(p deploy.Package) deploy.Options {
	c.t.Helper()
	path, err := p.Output.LayerArchive(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		c.t.Fatal(err)
	}
	digest := sha256.Sum256(text)
	c.deployments[base64.StdEncoding.EncodeToString(digest[:])] = p.Output.Deployment().ID
	return deploy.Options{
		Package: p, Keep: release.Keeping{Releases: 10}, LeaseTime: 20 * time.Second,
		Seed: func(ctx context.Context, to deploy.State, progress func(done, total int)) error {
			opened, err := state.Open(state.Settings{Bucket: to.Bucket, TagTable: to.TagTable, Region: to.Region})
			if err != nil {
				return err
			}
			return seeds.Store(ctx, seeds.Options{Deployment: p.Output.Deployment(), Dir: p.Output.SeedsDir(), State: opened, Progress: progress})
		},
	}
}

// deploy deploys and must succeed.
func (c *cloud) deploy(p deploy.Package, change ...func(*deploy.Options)) deploy.Result {
	c.t.Helper()
	o := c.options(p)
	for _, f := range change {
		f(&o)
	}
	r, err := c.target.Deploy(c.t.Context(), o)
	if err != nil {
		c.t.Fatalf("deploy: %v\n%s", err, strings.Join(*c.notes, "\n"))
	}
	return r
}

// live is the version that visitors get of a function.
func (c *cloud) live(function string) string {
	c.t.Helper()
	out, err := lambda.NewFromConfig(c.Config).GetAlias(c.t.Context(), &lambda.GetAliasInput{
		FunctionName: aws.String(manifest.LambdaName(c.name(), function)), Name: aws.String("live"),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return aws.ToString(out.FunctionVersion)
}

// variable is a variable of a function's version.
func (c *cloud) variable(function, version, name string) string {
	c.t.Helper()
	out, err := lambda.NewFromConfig(c.Config).GetFunctionConfiguration(c.t.Context(), &lambda.GetFunctionConfigurationInput{
		FunctionName: aws.String(manifest.LambdaName(c.name(), function)), Qualifier: &version,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return out.Environment.Variables[name]
}

// of is the deployment whose document a function's version has; "" for none.
func (c *cloud) of(function, version string) string {
	c.t.Helper()
	client := lambda.NewFromConfig(c.Config)
	out, err := client.GetFunctionConfiguration(c.t.Context(), &lambda.GetFunctionConfigurationInput{
		FunctionName: aws.String(manifest.LambdaName(c.name(), function)), Qualifier: &version,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, l := range out.Layers {
		arn := aws.ToString(l.Arn)
		at := strings.LastIndex(arn, ":")
		number, err := strconv.ParseInt(arn[at+1:], 10, 64)
		if err != nil {
			c.t.Fatal(err)
		}
		layer, err := client.GetLayerVersion(c.t.Context(), &lambda.GetLayerVersionInput{LayerName: aws.String(arn[:at]), VersionNumber: &number})
		if err != nil {
			c.t.Fatal(err)
		}
		if id := c.deployments[aws.ToString(layer.Content.CodeSha256)]; id != "" {
			return id
		}
	}
	return ""
}

// serves checks what visitors get: the deployment that the gateway in use is of.
func (c *cloud) serves(id string) {
	c.t.Helper()
	now, err := c.target.Deployments(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	if got := c.of("gateway", c.live("gateway")); got != id || now.Traffic.Active != id {
		c.t.Errorf("visitors get %s, and %s is active; want %s", got, now.Traffic.Active, id)
	}
	for _, r := range now.Traffic.Releases {
		if r.ID == now.Traffic.Active && (r.Gateway != c.live("gateway") || r.Worker != c.live("worker")) {
			c.t.Errorf("aliases are %s and %s, traffic says %+v", c.live("gateway"), c.live("worker"), r)
		}
	}
}
