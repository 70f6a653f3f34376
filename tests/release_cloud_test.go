package tests_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"pack/infra/bundle"
	"pack/infra/layer"
	"pack/lambda/local"
	"pack/lambda/local/host"
	"pack/lambda/node"
	"pack/lambda/state"
	"pack/manifest"
	"pack/tests/awsservers"
)

// cloud is an account on this machine: Lambda in two regions, with the buckets,
// the table and the queues of other makers' servers. What a deployer does there,
// the test does.
type cloud struct {
	t      *testing.T
	output *bundle.Output
	state  state.Settings
	assets string
	// home and other are the regions' Lambda; api is both.
	home, other *local.Service
	api         *httptest.Server
	// down: the other region refuses.
	down atomic.Bool
	// moto is the endpoint of SSM.
	moto string
	// bootstrap and nodeProgram are what instances run.
	bootstrap, nodeProgram string
	objects                *s3.Client
	logs                   transcript
	traffic                manifest.Traffic
	// by is the version of the gateway that answered last.
	by string
}

const (
	cloudPrefix = "shop-test"
	homeRegion  = awsservers.Region
	otherRegion = "eu-west-1"
)

var signedFor = regexp.MustCompile(`Credential=[^/]+/[0-9]+/([^/]+)/lambda/aws4_request`)

func newCloud(t *testing.T) *cloud {
	t.Helper()
	alone(t)
	output, err := bundle.Open(filepath.Join(shop(t).folder, ".pack"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = output.Close() })
	storage := awsservers.S3(t)
	c := &cloud{
		t: t, output: output, assets: awsservers.NewBucket(t, storage), moto: awsservers.Moto(t).Endpoint,
		objects: s3.NewFromConfig(storage.Config, func(o *s3.Options) { o.UsePathStyle = true }),
		traffic: manifest.Traffic{Schema: manifest.ReleaseSchema},
	}
	name := awsservers.NewName()
	c.state = state.Settings{
		Bucket: name, TagTable: name, Region: homeRegion, S3Endpoint: storage.Endpoint,
		DynamoDBEndpoint: awsservers.DynamoDB(t).Endpoint, SQSEndpoint: awsservers.SQS(t).Endpoint,
	}
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": awsservers.AccessKey, "AWS_SECRET_ACCESS_KEY": awsservers.SecretKey} {
		t.Setenv(name, value)
	}
	if err := host.FindServices(t.Context(), &c.state, name); err != nil {
		t.Fatal(err)
	}
	folder, err := layer.Runtime{Program: layer.Bootstrap, Scripts: node.Scripts, Cache: filepath.Join(root, "cache", "pack")}.Folder(t.Context(), layer.Host())
	if err != nil {
		t.Fatal(err)
	}
	c.bootstrap = filepath.Join(folder, "bootstrap")
	if c.nodeProgram, err = exec.LookPath("node"); err != nil {
		t.Fatal(err)
	}
	for _, region := range []struct {
		name string
		to   **local.Service
	}{{homeRegion, &c.home}, {otherRegion, &c.other}} {
		*region.to = local.New(local.Options{Logs: &c.logs, Region: region.name, InitTimeout: startPatience, MaxWait: startPatience})
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			if err := (*region.to).Shutdown(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	c.api = httptest.NewServer(http.HandlerFunc(c.lambda))
	t.Cleanup(c.api.Close)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the last lines of the functions:\n%s", c.logs.tail(60))
		}
	})
	return c
}

// lambda is Lambda's API of both regions: which one is asked is in the signature.
func (c *cloud) lambda(w http.ResponseWriter, r *http.Request) {
	found := signedFor.FindStringSubmatch(r.Header.Get("Authorization"))
	switch {
	case found == nil:
		w.WriteHeader(http.StatusForbidden)
	case found[1] == homeRegion:
		c.home.ServeHTTP(w, r)
	case found[1] == otherRegion && !c.down.Load():
		c.other.ServeHTTP(w, r)
	default:
		w.Header().Set("X-Amzn-Errortype", "ServiceException")
		w.WriteHeader(http.StatusInternalServerError)
	}
}

func (c *cloud) put(name, key string, body []byte) {
	c.t.Helper()
	if _, err := c.objects.PutObject(c.t.Context(), &s3.PutObjectInput{Bucket: &name, Key: &key, Body: bytes.NewReader(body)}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cloud) putJSON(key string, document any) {
	c.t.Helper()
	body, err := json.Marshal(document)
	if err != nil {
		c.t.Fatal(err)
	}
	c.put(c.state.Bucket, key, body)
}

// deploy publishes what a release needs of a deployment that is the shop's but for
// its id: versions of gateway and worker, of the route /about, which changes by each,
// and of all other routes by the first one alone, whose versions are those of all
// releases. The image function is left out; invoices are in the other region.
func (c *cloud) deploy(version string) manifest.TrafficRelease {
	c.t.Helper()
	d := *c.output.Deployment()
	d.ID = "release-" + version
	versions := map[string]map[string]string{homeRegion: {}, otherRegion: {"api-invoice-id": version}}
	for _, f := range d.Functions {
		if f.Kind == manifest.ImageFunction {
			continue
		}
		region, service, more := homeRegion, c.home, map[string]string{}
		if versions[otherRegion][f.Name] != "" {
			region, service, more["PACK_STATE_REGION"] = otherRegion, c.other, homeRegion
		}
		if versions[region][f.Name] = version; f.Kind == manifest.RouteFunction && f.Name != "about" {
			if versions[region][f.Name] = firstVersion; version != firstVersion {
				continue
			}
		}
		dir, err := c.output.Unpack(c.t.Context(), f.Name)
		if err != nil {
			c.t.Fatal(err)
		}
		if f.Kind != manifest.RouteFunction {
			more["PACK_DEPLOYMENT_FILE"] = c.renamed(&d, f.Name+version)
		}
		c.publish(service, &d, f, version, dir, more)
	}
	for i := range d.Assets {
		content, err := os.ReadFile(filepath.Join(c.output.AssetsDir(), d.Assets[i].File))
		if err != nil {
			c.t.Fatal(err)
		}
		c.put(c.assets, "assets/"+d.AssetKey(&d.Assets[i]), content)
	}
	c.putJSON(manifest.ReleaseKey(d.ID), manifest.Release{Schema: manifest.ReleaseSchema, ID: d.ID, Created: time.Now(), Versions: versions})
	return manifest.TrafficRelease{ID: d.ID, Gateway: version, Worker: version, Created: time.Now()}
}

// firstVersion is that of routes which no later deployment changes.
const firstVersion = "1"

// renamed writes the document of another deployment.
func (c *cloud) renamed(d *manifest.Deployment, name string) string {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), name+".json")
	content, err := manifest.Encode(d)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// publish makes a version of a function, with the environment that the template
// gives it.
func (c *cloud) publish(to *local.Service, d *manifest.Deployment, f manifest.Function, version, dir string, more map[string]string) {
	c.t.Helper()
	env := c.state.Environment()
	delete(env, "AWS_REGION") // the function's own
	maps.Copy(env, map[string]string{
		"NEXT_DEPLOYMENT_ID":   d.App.DeploymentID,
		"PACK_FUNCTION_PREFIX": cloudPrefix, "PACK_GATEWAY": "gateway:live",
		"PACK_SECRETS":            `{"REVALIDATE_TOKEN":{"parameter":"/shop/token"}}`,
		"AWS_LAMBDA_LOG_FORMAT":   "JSON",
		"AWS_ENDPOINT_URL_LAMBDA": c.api.URL, "AWS_ENDPOINT_URL_SSM": c.moto,
		"AWS_ACCESS_KEY_ID": awsservers.AccessKey, "AWS_SECRET_ACCESS_KEY": awsservers.SecretKey,
		"TESTS_FOLDER": root, "ORDER_LOG": filepath.Join(root, "cloud-orders.log"),
	})
	if f.Kind == manifest.GatewayFunction {
		env["PACK_ASSETS_BUCKET"], env["PACK_ASSETS_PREFIX"] = c.assets, "assets"
	}
	maps.Copy(env, more)
	if err := to.Add(local.Function{
		Name: manifest.LambdaName(cloudPrefix, f.Name), Version: version, Command: []string{c.bootstrap, c.nodeProgram}, Dir: dir, Env: env,
		Timeout: time.Duration(f.MaxDuration+2) * time.Second, MemoryMB: f.Memory,
	}); err != nil {
		c.t.Fatal(err)
	}
}

// keep writes which releases there are; the first is in production.
func (c *cloud) keep(canary *manifest.Canary, releases ...manifest.TrafficRelease) {
	c.t.Helper()
	c.traffic.Active, c.traffic.Canary, c.traffic.Releases = releases[0].ID, canary, releases
	c.putJSON(manifest.TrafficKey, c.traffic)
	for _, function := range []string{"gateway", "worker"} {
		if err := c.home.Alias(manifest.LambdaName(cloudPrefix, function), "live", releases[0].Gateway); err != nil {
			c.t.Fatal(err)
		}
	}
}

// ask makes a request to the gateway's URL; lines are headers. One at a time is
// made.
func (c *cloud) ask(method, target, body string, lines ...string) *answer {
	c.t.Helper()
	r := httptest.NewRequest(method, "http://shop.example"+target, strings.NewReader(body))
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	before := map[string]uint64{}
	for _, release := range c.traffic.Releases {
		before[release.Gateway] = c.invoked(c.home, "gateway", release.Gateway)
	}
	w := httptest.NewRecorder()
	c.home.URL(manifest.LambdaName(cloudPrefix, "gateway")+":live").ServeHTTP(w, r)
	got := w.Result()
	// The first one is in production and is asked by everybody; it answers unless
	// it asked another.
	c.by = c.traffic.Releases[0].Gateway
	for _, release := range c.traffic.Releases[1:] {
		if c.invoked(c.home, "gateway", release.Gateway) > before[release.Gateway] {
			c.by = release.Gateway
		}
	}
	content, err := io.ReadAll(got.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return &answer{status: got.StatusCode, header: got.Header, body: string(content)}
}

// invoked is how often a version of a function was.
func (c *cloud) invoked(s *local.Service, function, version string) uint64 {
	return s.Stats()[fmt.Sprintf("%s:%s", manifest.LambdaName(cloudPrefix, function), version)].Invocations
}
