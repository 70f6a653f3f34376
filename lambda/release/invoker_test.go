package release_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream/eventstreamapi"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"pack/lambda/bucket"
	"pack/lambda/event"
	"pack/lambda/invoke"
	"pack/lambda/release"
	"pack/manifest"
	"pack/tests/awsservers"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }

// regions stands for Lambda's API in all regions: which one is asked is in the
// signature.
type regions struct {
	mu    sync.Mutex
	asked []string
	// down answers for a region instead of its functions.
	down map[string]http.HandlerFunc
}

var scope = regexp.MustCompile(`Credential=[^/]+/[0-9]+/([^/]+)/lambda/aws4_request`)

func (g *regions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	region := scope.FindStringSubmatch(r.Header.Get("Authorization"))[1]
	g.mu.Lock()
	g.asked = append(g.asked, region+" "+strings.Split(r.URL.Path, "/")[3]+":"+r.URL.Query().Get("Qualifier"))
	down := g.down[region]
	g.mu.Unlock()
	if down != nil {
		down(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	var sent struct {
		Pack event.Call
		Body string
	}
	_ = json.Unmarshal(body, &sent)
	answer(w, region+" "+sent.Pack.Gateway+" "+sent.Body)
}

// answer streams an answer as Lambda does.
func answer(w http.ResponseWriter, body string) {
	encoder := eventstream.NewEncoder()
	send := func(kind, payload string) {
		m := eventstream.Message{Payload: []byte(payload)}
		m.Headers.Set(eventstreamapi.MessageTypeHeader, eventstream.StringValue(eventstreamapi.EventMessageType))
		m.Headers.Set(eventstreamapi.EventTypeHeader, eventstream.StringValue(kind))
		_ = encoder.Encode(w, m)
	}
	send("PayloadChunk", `{"statusCode":200,"headers":{}}`+string(event.PreludeEnd)+body)
	send("InvokeComplete", "{}")
}

// take returns what was asked since the last time.
func (g *regions) take() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := strings.Join(g.asked, ", ")
	g.asked = nil
	return all
}

func refuse(status int, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-Errortype", kind)
		w.WriteHeader(status)
	}
}

// drop breaks the connection off when the request has been read: whether the
// function ran is not known.
func drop(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	panic(http.ErrAbortHandler)
}

func put(t *testing.T, server awsservers.Server, name, key string, content any) {
	t.Helper()
	body, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	client := s3.NewFromConfig(server.Config, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &name, Key: &key, Body: strings.NewReader(string(body))}); err != nil {
		t.Fatal(err)
	}
}

// TestRegions: a function is called by the version of the release, in the
// nearest region that has it, and elsewhere when it cannot have run there or may
// run twice.
func TestRegions(t *testing.T) {
	api := &regions{}
	server := httptest.NewServer(api)
	defer server.Close()
	storage := awsservers.S3(t)
	name := awsservers.NewBucket(t, storage)
	client := s3.NewFromConfig(storage.Config, func(o *s3.Options) { o.UsePathStyle = true })
	env := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL_LAMBDA": server.URL, "PACK_FUNCTION_PREFIX": "shop-production",
		"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
	}
	open := func() *release.Invoker {
		return &release.Invoker{
			Client:  invoke.FromEnvironment(func(name string) string { return env[name] }),
			Release: &release.Document{Bucket: bucket.New(client, name), ID: "d1"},
			Gateway: "gateway", Home: "eu-central-1",
		}
	}
	call := func(i *release.Invoker, function, method string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://shop.example/", strings.NewReader("order"))
		if err != nil {
			t.Fatal(err)
		}
		response, err := i.Invoke(context.Background(), function, r, nil)
		if err != nil {
			return err.Error()
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return err.Error()
		}
		return string(body)
	}
	i := open()
	if got := call(i, "api", "GET"); !strings.Contains(got, "no such object") || api.take() != "" {
		t.Errorf("without a release: %s", got)
	}
	put(t, storage, name, manifest.ReleaseKey("d1"), manifest.Release{Schema: manifest.ReleaseSchema, ID: "d1", Versions: map[string]map[string]string{
		"eu-central-1": {"gateway": "7", "api": "3", "own": "8"},
		"us-east-1":    {"far": "5", "api": "4"},
		"eu-west-1":    {"far": "6"},
	}})
	// The body is "order", in base64.
	const body = " gateway:7 b3JkZXI="
	if got := call(i, "api", "POST"); got != "eu-central-1"+body || api.take() != "eu-central-1 shop-production_api:3" {
		t.Errorf("at home: %s", got)
	}
	if got := call(i, "far", "POST"); got != "eu-west-1"+body || api.take() != "eu-west-1 shop-production_far:6" {
		t.Errorf("elsewhere: %s", got)
	}
	if got := call(i, "gateway:2", "GET"); !strings.HasPrefix(got, "eu-central-1") || api.take() != "eu-central-1 shop-production_gateway:2" {
		t.Errorf("by version: %s", got)
	}
	if got := call(i, "none", "GET"); !strings.Contains(got, "release d1 has no version of it") {
		t.Errorf("no such function: %s", got)
	}
	const home = "eu-central-1 shop-production_own:8"
	for _, c := range []struct {
		name string
		down http.HandlerFunc
		want string
	}{
		{"throttled", refuse(429, "TooManyRequestsException"), home + ", " + home},
		{"service down", refuse(500, "ServiceException"), home + ", " + home},
		{"not there", refuse(404, "ResourceNotFoundException"), home},
		{"broken off", drop, home},
	} {
		var asked atomic.Int32
		api.down = map[string]http.HandlerFunc{"eu-central-1": func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) == 1 {
				c.down(w, r)
				return
			}
			answer(w, "at last")
		}}
		got := call(open(), "own", "POST")
		if asked := api.take(); asked != c.want || (got == "at last") != (asked != home) {
			t.Errorf("%s in the only region: asked %s, got %s", c.name, asked, got)
		}
	}
	const both = "eu-west-1 shop-production_far:6, us-east-1 shop-production_far:5"
	for _, c := range []struct {
		name   string
		down   http.HandlerFunc
		method string
		want   string
	}{
		{"throttled", refuse(429, "TooManyRequestsException"), "POST", both},
		{"service down", refuse(500, "ServiceException"), "POST", both},
		{"not there", refuse(404, "ResourceNotFoundException"), "POST", both},
		{"refused for what it is", refuse(413, "RequestTooLargeException"), "POST", "eu-west-1 shop-production_far:6"},
		{"broken off", drop, "GET", both},
		{"broken off, and may have run", drop, "POST", "eu-west-1 shop-production_far:6"},
	} {
		api.down = map[string]http.HandlerFunc{"eu-west-1": c.down}
		i := open()
		got := call(i, "far", c.method)
		if asked := api.take(); asked != c.want || (c.want == both) != (got == "us-east-1"+body) {
			t.Errorf("%s: asked %s, got %s", c.name, asked, got)
		}
		if c.want != both {
			continue
		}
		// It is left alone for a while, and asked again when the other fails too.
		if got := call(i, "far", c.method); got != "us-east-1"+body || api.take() != "us-east-1 shop-production_far:5" {
			t.Errorf("%s, the second time: %s", c.name, got)
		}
		api.down = map[string]http.HandlerFunc{"us-east-1": refuse(503, "ServiceException")}
		if got := call(i, "far", c.method); got != "eu-west-1"+body {
			t.Errorf("%s, then the other: %s", c.name, got)
		}
		api.take()
	}
	server.Close()
	if got := call(open(), "far", "POST"); !strings.Contains(got, "us-east-1") || !slices.Contains(strings.Fields(got), "connection") {
		t.Errorf("nothing can be reached: %s", got)
	}
}
