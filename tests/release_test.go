package tests_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsssm "github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	refreshing "pack/lambda/refresh"
	"pack/lambda/worker"
	"pack/manifest"
	"pack/tests/awsservers"
)

// TestReleases runs two releases of the shop beside each other as they are on
// AWS: versions, aliases, regions, files in a bucket, secrets, and who is sent
// where.
func TestReleases(t *testing.T) {
	c := newCloud(t)
	parameters := awsssm.NewFromConfig(awsservers.Moto(t).Config, func(o *awsssm.Options) { o.BaseEndpoint = &c.moto })
	if _, err := parameters.PutParameter(t.Context(), &awsssm.PutParameterInput{
		Name: aws.String("/shop/token"), Value: aws.String("kept elsewhere"), Type: ssmtypes.ParameterTypeSecureString, Overwrite: aws.Bool(true),
	}); err != nil {
		t.Fatal(err)
	}
	one, two := c.deploy("1"), c.deploy("2")
	c.keep(nil, one, two)

	const page = "Accept: text/html"
	t.Run("functions are called by the versions of the release", func(t *testing.T) {
		first := c.ask("GET", "/about", "", page)
		if first.status != http.StatusOK || cached(first) == "HIT" || c.by != "1" {
			t.Fatalf("%d %s: %.200s", first.status, cached(first), first.body)
		}
		if again := c.ask("GET", "/about", "", page); cached(again) != "HIT" || c.by != "1" {
			t.Errorf("the second is a %s of release %s", cached(again), c.by)
		}
		if n := c.invoked(c.home, "about", "1"); n != 1 || c.invoked(c.home, "about", "2") != 0 {
			t.Errorf("version 1 was invoked %d times, version 2 %d", n, c.invoked(c.home, "about", "2"))
		}
	})
	t.Run("pins", func(t *testing.T) {
		entering := c.ask("GET", "/about?dpl=release-2", "", page)
		cookie, _, _ := strings.Cut(entering.header.Get("Set-Cookie"), ";")
		if entering.status != http.StatusTemporaryRedirect || entering.header.Get("Location") != "/about" || cookie != "__pack_dpl=release-2" {
			t.Fatalf("%d %v", entering.status, entering.header)
		}
		preview := c.ask("GET", "/about", "", page, "Cookie: "+cookie)
		if preview.status != http.StatusOK || c.by != "2" || cached(preview) == "HIT" || c.invoked(c.home, "about", "2") != 1 {
			t.Errorf("%d by %s, a %s", preview.status, c.by, cached(preview))
		}
		if production := c.ask("GET", "/about", "", page); c.by != "1" || cached(production) != "HIT" {
			t.Errorf("production answers by %s", c.by)
		}
		if client := c.ask("GET", "/about", "", "X-Deployment-Id: release-2"); c.by != "2" || cached(client) != "HIT" {
			t.Errorf("a client of release 2 is answered by %s, %s", c.by, cached(client))
		}
	})
	t.Run("activating and rolling back", func(t *testing.T) {
		for _, active := range [][]manifest.TrafficRelease{{two, one}, {one, two}} {
			c.keep(nil, active...)
			if a := c.ask("GET", "/about", "", page); c.by != active[0].Gateway || cached(a) != "HIT" {
				t.Errorf("release %s answers, %s is in production", c.by, active[0].ID)
			}
		}
	})
	t.Run("files", func(t *testing.T) {
		var static, public *manifest.Asset
		for i, a := range c.output.Deployment().Assets {
			switch {
			case a.Source == "public" && a.Size > 100:
				public = &c.output.Deployment().Assets[i]
			case strings.HasSuffix(a.Pathname, ".js") && a.Immutable:
				static = &c.output.Deployment().Assets[i]
			}
		}
		for _, a := range []*manifest.Asset{static, public} {
			got := c.ask("GET", a.Pathname, "", "Range: bytes=10-19")
			if got.status != http.StatusPartialContent || len(got.body) != 10 {
				t.Errorf("%s: %d, %d bytes", a.Pathname, got.status, len(got.body))
			}
		}
		c.put(c.assets, "assets/static/_next/static/chunks/of-another.js", []byte("old()"))
		if got := c.ask("GET", "/_next/static/chunks/of-another.js", ""); got.status != http.StatusOK || got.body != "old()" {
			t.Errorf("a file of another deployment: %d", got.status)
		}
		if got := c.ask("GET", "/_next/static/chunks/of-nobody.js", ""); got.status != http.StatusNotFound {
			t.Errorf("a file of none: %d", got.status)
		}
	})
	t.Run("regions", func(t *testing.T) {
		invoice := c.ask("GET", "/api/invoice/7", "")
		if invoice.status != http.StatusOK || !strings.HasPrefix(invoice.body, "%PDF") || c.invoked(c.other, "api-invoice-id", "1") != 1 {
			t.Errorf("%d: %.100s", invoice.status, invoice.body)
		}
		c.down.Store(true)
		defer c.down.Store(false)
		if a := c.ask("GET", "/api/invoice/7", ""); a.status != http.StatusBadGateway {
			t.Errorf("the only region that has it is down: %d", a.status)
		}
	})
	t.Run("secrets", func(t *testing.T) {
		wrong, right := c.ask("POST", "/api/refresh?secret=", `{"path":"/about"}`), c.ask("POST", "/api/refresh?secret=kept%20elsewhere", `{"path":"/about"}`)
		if wrong.status != http.StatusUnauthorized || right.status != http.StatusOK {
			t.Errorf("%d without the secret, %d with it", wrong.status, right.status)
		}
		if a := c.ask("GET", "/about", "", page); cached(a) == "HIT" {
			t.Error("nothing was refreshed")
		}
		if strings.Contains(c.logs.String(), "kept elsewhere") {
			t.Error("the secret is in the logs")
		}
	})
	t.Run("pages refreshed by a release are its own", func(t *testing.T) {
		asked := c.invoked(c.home, "gateway", "2")
		a := c.ask("GET", "/api/revalidate?path=/stores/porto&secret=kept%20elsewhere", "", "Cookie: __pack_dpl=release-2")
		if a.status != http.StatusOK || c.invoked(c.home, "gateway", "2") != asked+2 {
			t.Errorf("%d %s: the gateway of release 2 was asked %d times", a.status, a.body, c.invoked(c.home, "gateway", "2")-asked)
		}
	})
	t.Run("one version of a function is several releases'", func(t *testing.T) {
		const onDemand = "/products/salt-pinch-bowl"
		before := c.invoked(c.home, "products-slug", firstVersion)
		for n, cookie := range []string{"", "__pack_dpl=release-2"} {
			for _, want := range []string{"MISS", "HIT"} {
				a := c.ask("GET", onDemand, "", page, "Cookie: "+cookie)
				if a.status != http.StatusOK || cached(a) != want || c.by != strconv.Itoa(n+1) {
					t.Errorf("%d by %s, a %s, want a %s of release %d", a.status, c.by, cached(a), want, n+1)
				}
			}
		}
		if n := c.invoked(c.home, "products-slug", firstVersion) - before; n != 2 {
			t.Errorf("the function rendered %d times for two releases", n)
		}
	})
	t.Run("messages", func(t *testing.T) {
		event, err := json.Marshal(worker.Event{Records: []worker.Record{message(t, refreshing.Page{
			Deployment: "release-2", Path: "/about", Key: "/nothing", Function: "about", Entry: "/about", URL: "http://shop.example/about",
		})}})
		if err != nil {
			t.Fatal(err)
		}
		stream, err := c.home.Invoke(t.Context(), manifest.LambdaName(cloudPrefix, "worker")+":live", event)
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		var answer worker.Answer
		if err := json.NewDecoder(stream).Decode(&answer); err != nil || len(answer.BatchItemFailures) != 0 {
			t.Errorf("%v %+v", err, answer)
		}
		if c.invoked(c.home, "worker", "1") != 1 || c.invoked(c.home, "worker", "2") != 1 {
			t.Error("the message was not handed to the worker of its release")
		}
	})
	t.Run("canary", func(t *testing.T) {
		c.keep(&manifest.Canary{ID: two.ID, Weight: 99}, one, two)
		eventually(t, 10*time.Second, func() string {
			a := c.ask("GET", "/about", "", page)
			if !strings.Contains(a.header.Get("Set-Cookie"), "__pack_dpl=release-2~1") {
				return "no new visitor is the canary's"
			}
			if c.by != "2" || !strings.Contains(a.header.Get("Cache-Control"), "no-store") {
				t.Errorf("a visitor of the canary is answered by %s: %v", c.by, a.header)
			}
			return ""
		})
		if a := c.ask("GET", "/about", "", page, "Cookie: __pack_dpl=release-2~0"); c.by != "1" || a.header.Get("Set-Cookie") != "" {
			t.Errorf("who was not taken gets release %s", c.by)
		}
	})
	t.Run("logs", func(t *testing.T) {
		for _, line := range strings.Split(strings.TrimSpace(c.logs.String()), "\n") {
			_, line, _ = strings.Cut(line, "] ")
			var fields map[string]any
			if strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &fields) == nil {
				continue
			}
			if line != "" {
				t.Errorf("a line is no JSON: %s", line)
			}
		}
	})
}

// message is one of the refresh queue.
func message(t *testing.T, p refreshing.Page) worker.Record {
	body, err := json.Marshal(refreshing.Message{Refresh: &p})
	if err != nil {
		t.Fatal(err)
	}
	return worker.Record{MessageID: "m", ReceiptHandle: "r", Body: string(body), EventSource: "aws:sqs"}
}
