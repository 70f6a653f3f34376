package traffic_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"pack/lambda/bucket"
	"pack/lambda/event"
	"pack/lambda/invoke"
	"pack/lambda/traffic"
	"pack/manifest"
	"pack/tests/awsservers"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }

// production is the release of the site; the others are kept beside it.
var production = manifest.TrafficRelease{ID: "p1", DeploymentID: "app-2", Gateway: "2", Worker: "12"}

func kept(canary *manifest.Canary) *manifest.Traffic {
	return &manifest.Traffic{Schema: manifest.ReleaseSchema, Active: "p1", Canary: canary, Releases: []manifest.TrafficRelease{
		{ID: "n1-5e", DeploymentID: "app-3", Gateway: "3", Worker: "13", Preview: true}, production,
		{ID: "o1", DeploymentID: "app-1", Gateway: "1", Worker: "11"}, {ID: "o0", DeploymentID: "app-1", Gateway: "0"},
	}}
}

// site is a gateway with what stands before it.
type site struct {
	*traffic.Handler
	t      *testing.T
	client *s3.Client
	bucket string
	// fails is what calling another release ends with.
	fails error
	// reads counts those of the traffic document.
	reads *counter
}

type counter struct {
	http.RoundTripper
	n int
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n++
	return c.RoundTripper.RoundTrip(r)
}

func open(t *testing.T) *site {
	storage := awsservers.S3(t)
	s := &site{t: t, bucket: awsservers.NewBucket(t, storage)}
	s.client = s3.NewFromConfig(storage.Config, func(o *s3.Options) { o.UsePathStyle = true })
	s.restart()
	return s
}

// restart is a new instance.
func (s *site) restart() {
	s.reads = &counter{RoundTripper: http.DefaultTransport}
	reader := s3.New(s.client.Options(), func(o *s3.Options) { o.HTTPClient, o.RetryMaxAttempts = &http.Client{Transport: s.reads}, 1 })
	s.Handler = &traffic.Handler{
		Own: manifest.TrafficRelease{ID: production.ID, DeploymentID: production.DeploymentID},
		Next: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			page(w.Header())
			_, _ = io.WriteString(w, "production")
		}),
		Gateway: "gateway", Invoker: s, Watch: &traffic.Watch{Bucket: bucket.New(reader, s.bucket)}, BasePath: "/shop",
	}
}

func page(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "s-maxage=3600, stale-while-revalidate=60")
}

// Invoke stands for the gateways of the other releases.
func (s *site) Invoke(_ context.Context, function string, r *http.Request, call *event.Call) (*http.Response, error) {
	if s.fails != nil {
		return nil, s.fails
	}
	if !call.Pinned || call.Trusted || r.Header.Get("X-Prerender-Revalidate") != "" {
		s.t.Errorf("handed over with %+v, %v", call, r.Header)
	}
	h := http.Header{}
	page(h)
	return &http.Response{StatusCode: http.StatusOK, Header: h, Body: io.NopCloser(strings.NewReader(function))}, nil
}

func (s *site) put(t *manifest.Traffic) {
	s.t.Helper()
	body, err := json.Marshal(t)
	if err == nil {
		key := manifest.TrafficKey
		_, err = s.client.PutObject(s.t.Context(), &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(body)})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// ask makes a request, as an invocation; lines are headers.
func (s *site) ask(target string, lines ...string) *http.Response {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodGet, "https://shop.example"+target, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	payload, err := event.Encode(r, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := event.Handle(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }))(s.t.Context(), payload)
	if err == nil {
		_, err = io.ReadAll(answer)
	}
	if err == nil {
		err = answer.Close()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return w.Result()
}

// told sums up who answered and what they said of cookies and caching.
func told(r *http.Response) string {
	body, _ := io.ReadAll(r.Body)
	text := string(body)
	if r.StatusCode != http.StatusOK {
		text = http.StatusText(r.StatusCode) + " " + r.Header.Get("Location")
	}
	for _, c := range r.Cookies() {
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" {
			text += " (an open cookie)"
		}
		switch {
		case c.MaxAge < 0:
			text += " forget"
		case c.MaxAge > 0:
			text += " stay:" + c.Value
		default:
			text += " pin:" + c.Value
		}
	}
	switch control := r.Header.Get("Cache-Control"); {
	case strings.Contains(control, "no-store"):
		text += " uncached"
	case control == "s-maxage=60, stale-while-revalidate=60":
		text += " brief"
	case control != "s-maxage=3600, stale-while-revalidate=60":
		text += " " + control
	}
	return text
}

const html = "Accept: text/html,*/*;q=0.8"

// TestPins: a request gets the release that it names, by header, query or
// cookie, and production where none is kept.
func TestPins(t *testing.T) {
	s := open(t)
	s.put(kept(nil))
	for _, c := range []struct{ what, target, header, cookie, want string }{
		{"nobody in particular", "/a", "", "", "production brief"}, // the first of an instance
		{"again", "/a", "", "", "production"},
		{"Next's client of the release", "/a", "x-deployment-id: app-2", "", "production"},
		{"Next's client of an older one", "/a", "x-deployment-id: app-1", "", "gateway:1"},
		{"by the release's own id", "/a", "x-deployment-id: o0", "", "gateway:0"},
		{"by its deployment's", "/a", "x-deployment-id: n1", "", "gateway:3"},
		{"one that is gone", "/a", "x-deployment-id: app-0", "", "production uncached"},
		{"a file's query", "/logo.png?dpl=app-1", "", "", "gateway:1"},
		{"preview", "/a", html, "n1-5e", "gateway:3"},
		{"in a preview, by its client", "/a", "x-deployment-id: app-3", "n1-5e", "gateway:3"},
		{"in a preview, an older tab", "/a", "x-deployment-id: app-1", "n1-5e", "gateway:1"},
		{"the older of two with the same id of the app", "/a", "x-deployment-id: app-1", "o0", "gateway:0"},
		{"a preview that is gone", "/a", html, "n0", "production uncached"},
		{"a canary that is over", "/a", html, "n1-5e~1", "production forget uncached"},
		{"not taken into a canary that is over", "/a", html, "n1-5e~0", "production forget uncached"},
		{"its requests", "/a", "", "n1-5e~1", "production"},
		{"entering a preview", "/a/b?x=%201&dpl=n1-5e&y", html, "", "Temporary Redirect /a/b?x=%201&y pin:n1-5e uncached"},
		{"by the app's id, elsewhere", "//evil.example/?dpl=app-1", html, "", "Temporary Redirect /evil.example/ pin:o1 uncached"},
		{"a preview that is not there", "/a?dpl=none", html, "", "production uncached"},
		{"leaving", "/a?dpl=", html, "n1-5e", "Temporary Redirect /a forget uncached"},
		{"leaving by name", "/a?dpl=production", html, "n1-5e", "Temporary Redirect /a forget uncached"},
		{"Next's files", "/shop/_next/static/chunks/a.js?dpl=app-1", "", "o1", "production"},
		{"pack's own addresses", "/_pack/webhooks/cms", "", "o1", "production"},
		{"below basePath too", "/shop/_pack/webhooks/cms", "", "o1", "production"},
	} {
		lines := []string{"X-Prerender-Revalidate: forged"}
		if c.header != "" {
			lines = append(lines, c.header)
		}
		if c.cookie != "" {
			lines = append(lines, "Cookie: a=b; "+manifest.ReleaseCookie+"="+c.cookie)
		}
		if got := told(s.ask(c.target, lines...)); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
	t.Run("called by name", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodGet, "/a?dpl=app-1", nil)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, event.WithCall(r, &event.Call{Pinned: true}))
		if w.Body.String() != "production" {
			t.Errorf("handed over again: %s", w.Body)
		}
	})
	t.Run("a release that came this moment", func(t *testing.T) {
		fresh := kept(nil)
		fresh.Releases = append([]manifest.TrafficRelease{{ID: "n2", Gateway: "4"}}, fresh.Releases...)
		s.put(fresh)
		time.Sleep(time.Second)
		if got := told(s.ask("/a?dpl=n2", html)); got != "Temporary Redirect /a pin:n2 uncached" {
			t.Error(got)
		}
	})
	for _, c := range []struct {
		fails error
		want  string
	}{
		{&invoke.Error{Status: http.StatusNotFound}, "production uncached"},
		{&invoke.Error{Status: http.StatusTooManyRequests}, "Service Unavailable  uncached"},
		{io.ErrUnexpectedEOF, "Bad Gateway  uncached"},
	} {
		s.fails = c.fails
		if got := told(s.ask("/a", "x-deployment-id: app-1")); got != c.want {
			t.Errorf("%v: %s", c.fails, got)
		}
	}
	t.Run("without storage", func(t *testing.T) {
		s.restart()
		s.Watch.Bucket = bucket.New(s3.New(s.client.Options(), func(o *s3.Options) { o.RetryMaxAttempts = 1 }), "no-such-bucket-"+s.bucket)
		s.put(kept(nil))
		for range 2 {
			if got := told(s.ask("/a", "x-deployment-id: app-1")); !strings.HasPrefix(got, "production") {
				t.Error(got)
			}
		}
	})
}

// TestCanary: a new visitor of a page is given to the canary by its weight, and
// stays where they are; no page is cached for who has not been asked.
func TestCanary(t *testing.T) {
	s := open(t)
	s.put(kept(&manifest.Canary{ID: "n1-5e", Weight: 30}))
	if got := told(s.ask("/a", html)); got != "production brief" {
		t.Errorf("before it was known: %s", got)
	}
	if s.reads.n != 1 {
		t.Errorf("%d reads", s.reads.n)
	}
	const visitors = 2000
	taken := 0
	for range visitors {
		switch got := told(s.ask("/a", html)); got {
		case "gateway:3 stay:n1-5e~1 uncached":
			taken++
		case "production stay:n1-5e~0 uncached":
		default:
			t.Fatal(got)
		}
	}
	// Six standard deviations.
	if taken < visitors*24/100 || taken > visitors*36/100 {
		t.Errorf("%d of %d are the canary's, 30 %% should be", taken, visitors)
	}
	if s.reads.n != 1 {
		t.Errorf("%d reads for %d visitors within seconds", s.reads.n, visitors)
	}
	for cookie, want := range map[string]string{
		"": "production uncached", "n1-5e~1": "gateway:3", "n1-5e~0": "production", "n0~1": "production", "o1": "gateway:1",
	} {
		// What a page loads is nobody's first visit.
		lines := []string{"Sec-Fetch-Dest: empty", html}
		if cookie != "" {
			lines = append(lines, "Cookie: "+manifest.ReleaseCookie+"="+cookie)
		}
		if got := told(s.ask("/a", lines...)); got != want {
			t.Errorf("%q: %s, want %s", cookie, got, want)
		}
	}
	s.fails = &invoke.Error{Status: http.StatusNotFound}
	for range 40 {
		if got := told(s.ask("/a", html)); got != "production uncached" && got != "production stay:n1-5e~0 uncached" {
			t.Fatalf("a canary that is gone: %s", got)
		}
	}
	t.Run("it has become production", func(t *testing.T) {
		s.fails = nil
		s.restart()
		s.Own.ID, s.Own.DeploymentID = "n1-5e", "app-3"
		s.ask("/a")
		for cookie, want := range map[string]string{"": "production", "n1-5e~1": "production forget uncached"} {
			if got := told(s.ask("/a", html, "Cookie: "+manifest.ReleaseCookie+"="+cookie)); got != want {
				t.Errorf("%q: %s", cookie, got)
			}
		}
	})
}

// TestRecent: an instance that has slept knows what is new soon after, without
// having made anybody wait.
func TestRecent(t *testing.T) {
	s := open(t)
	s.ask("/a")
	s.put(kept(&manifest.Canary{ID: "n1-5e", Weight: 99}))
	if got := told(s.ask("/a", html)); got != "production" {
		t.Errorf("within the memory's time: %s", got)
	}
	time.Sleep(5 * time.Second)
	if got := told(s.ask("/a", html)); got != "production brief" && !strings.Contains(got, "uncached") {
		t.Errorf("after it: %s", got)
	}
	if got := told(s.ask("/a", html)); !strings.Contains(got, "stay:") {
		t.Errorf("and then: %s", got)
	}
}

// TestWorkers: a message is handed to the worker of its deployment while that is
// kept.
func TestWorkers(t *testing.T) {
	s := open(t)
	s.put(kept(nil))
	calls := caller{}
	w := &traffic.Workers{Watch: s.Watch, Worker: "worker", Version: "12", Caller: &calls}
	for deployment, want := range map[string]string{"o1": "worker:11", "n1": "worker:13", "o0": "", "gone": "", "p1": ""} {
		calls.asked = ""
		answer, there, err := w.Hand(t.Context(), deployment, []byte("{}"))
		if err != nil || calls.asked != want || there != (want != "") || there && string(answer) != "done" {
			t.Errorf("%s: asked %q, %v %v", deployment, calls.asked, there, err)
		}
	}
	calls.fails = &url.Error{Op: "Post", Err: io.ErrUnexpectedEOF}
	if _, there, err := w.Hand(t.Context(), "o1", nil); err == nil || there {
		t.Errorf("a call that failed: %v", err)
	}
	calls.fails = &invoke.Error{Status: http.StatusNotFound}
	if _, there, err := w.Hand(t.Context(), "o1", nil); err != nil || there {
		t.Errorf("a version that is gone: %v %v", there, err)
	}
}

type caller struct {
	asked string
	fails error
}

func (c *caller) Call(_ context.Context, function string, _ []byte) ([]byte, error) {
	c.asked = function
	return []byte("done"), c.fails
}
