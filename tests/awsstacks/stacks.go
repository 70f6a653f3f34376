//go:build unix

package awsstacks

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"pack/tests/awsservers"
)

// Stacks is the server. Its fields are read while it runs: set them by Do.
type Stacks struct {
	// Server reaches it. What is asked by its Config is a test's own question, and none
	// of Calls.
	awsservers.Server
	moto  awsservers.Server
	proxy *httputil.ReverseProxy

	mu     sync.Mutex
	stacks []*stack
	// setOf are the stacks of change sets by the ids of both.
	setOf map[string]string
	// deleted are versions, as "region function:version".
	deleted []string
	// published are the newest versions, by "region function".
	published     map[string]version
	invalidations []string
	fail          func(stack, region string) *Failure
	hold          chan struct{}

	// asked guards what every request meets, also while a stack is being made.
	asked  sync.Mutex
	broken func(*http.Request, string) *Answer
	seen   []string
	calls  []Call
	known  map[string]bool

	background sync.WaitGroup
}

// Failure is how the next change of a stack goes wrong.
type Failure struct {
	// Resource is the logical id of the one that fails, Reason what is said of it.
	Resource, Type, Reason string
	// Status is the stack's afterwards.
	Status string
	// Stuck: not even a rollback without what cannot be brought back ends.
	Stuck bool
}

// Answer is given in place of the server's.
type Answer struct {
	Status      int
	ContentType string
	Body        string
	// Lost: the server does what it is asked, and the connection is cut.
	Lost bool
	// Cut: the connection is cut before.
	Cut bool
}

// New starts one that ends with the test.
func New(t testing.TB) *Stacks {
	s := &Stacks{moto: awsservers.Moto(t)}
	target, err := url.Parse(s.moto.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	s.proxy = &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { panic(http.ErrAbortHandler) },
	}
	server := httptest.NewServer(s)
	t.Cleanup(func() { server.Close(); s.background.Wait() })
	s.Server = s.moto
	s.Server.Endpoint = server.URL
	s.Config.BaseEndpoint = &server.URL
	s.Config.Credentials = credentials.NewStaticCredentialsProvider(asker, awsservers.SecretKey, "")
	return s
}

// FailNext decides how changes go wrong; nil lets them succeed.
func (s *Stacks) FailNext(decide func(stack, region string) *Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = decide
}

// Hold keeps changes from ending until the function that it returns is called.
func (s *Stacks) Hold() (letGo func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hold := make(chan struct{})
	s.hold = hold
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.hold != nil {
			close(hold)
		}
		s.hold = nil
	}
}

// Break decides on requests before anybody is asked; what names them as
// "s3 PUT /bucket/key" or "cloudformation CreateChangeSet".
func (s *Stacks) Break(decide func(r *http.Request, what string) *Answer) {
	s.asked.Lock()
	defer s.asked.Unlock()
	s.broken = decide
}

// Seen gives what was asked since it was last called.
func (s *Stacks) Seen() []string {
	s.asked.Lock()
	defer s.asked.Unlock()
	seen := s.seen
	s.seen = nil
	return seen
}

// Invalidations are the distributions that were told to forget.
func (s *Stacks) Invalidations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.invalidations)
}

// SetStatus puts a stack into a state.
func (s *Stacks) SetStatus(region, name, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.find(region, name).status = status
}

// Status is a stack's; "" where there is none.
func (s *Stacks) Status(region, name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.find(region, name); found != nil {
		return found.status
	}
	return ""
}

// asker is the key of those who ask by Stacks.Config; moto takes any.
const asker = "asker"

var scope = regexp.MustCompile(`Credential=[^/]+/[0-9]+/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request`)

// ServeHTTP takes one request.
func (s *Stacks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	region, service := "us-east-1", ""
	if found := scope.FindStringSubmatch(r.Header.Get("Authorization")); found != nil {
		region, service = found[1], found[2]
	}
	var form url.Values
	what := service + " " + r.Method + " " + r.URL.EscapedPath()
	if service == "cloudformation" {
		if form, err = url.ParseQuery(string(body)); err != nil {
			panic(http.ErrAbortHandler)
		}
		what = service + " " + form.Get("Action")
	}
	s.asked.Lock()
	s.seen = append(s.seen, what)
	if !strings.Contains(r.Header.Get("Authorization"), "Credential="+asker+"/") {
		s.record(r, what, region, service, form, body)
	}
	decide := s.broken
	s.asked.Unlock()
	if decide != nil {
		if answer := decide(r, what); answer != nil {
			if answer.Lost {
				s.serve(httptest.NewRecorder(), r, region, service, form)
			}
			if answer.Lost || answer.Cut {
				panic(http.ErrAbortHandler)
			}
			w.Header().Set("Content-Type", answer.ContentType)
			w.WriteHeader(answer.Status)
			_, _ = io.WriteString(w, answer.Body)
			return
		}
	}
	s.serve(w, r, region, service, form)
}

func (s *Stacks) serve(w http.ResponseWriter, r *http.Request, region, service string, form url.Values) {
	switch {
	case service == "cloudformation":
		s.cloudFormation(w, region, form)
	case service == "s3" && r.Method == http.MethodPut && r.URL.Query().Has("policy"):
		// moto keeps to policies, and this is no TLS.
		w.WriteHeader(http.StatusNoContent)
	case service == "cloudfront":
		s.cloudFront(w, r)
	case service == "lambda" && r.Method == http.MethodDelete && r.URL.Query().Get("Qualifier") != "":
		// moto would give the number of a deleted version to the next one.
		s.mu.Lock()
		s.deleted = append(s.deleted, region+" "+functionOf(r)+":"+r.URL.Query().Get("Qualifier"))
		s.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	case service == "lambda" && strings.HasSuffix(r.URL.Path, "/versions") && r.Method == http.MethodGet:
		s.listVersions(w, r, region)
	default:
		s.proxy.ServeHTTP(w, r)
	}
}

var inFunctions = regexp.MustCompile(`/functions/([^/]+)`)

func functionOf(r *http.Request) string {
	if found := inFunctions.FindStringSubmatch(r.URL.Path); found != nil {
		return found[1]
	}
	return ""
}

// cloudFront takes invalidations.
// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html
func (s *Stacks) cloudFront(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.URL.Path, "/")
	if len(parts) < 5 || parts[4] != "invalidation" {
		http.Error(w, "not known", http.StatusNotFound)
		return
	}
	s.mu.Lock()
	s.invalidations = append(s.invalidations, parts[3])
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `<Invalidation><Id>I1</Id><Status>InProgress</Status><CreateTime>%s</CreateTime></Invalidation>`, time.Now().UTC().Format(time.RFC3339))
}
