//go:build unix

// Package awsservers runs, for tests, servers that speak AWS's protocols and were made
// by others: S3 by versitygw, DynamoDB by dynalite, SQS by fauxqs, and all of them by
// moto. Which versions is pinned here and never in the product: versitygw/go.mod,
// package-lock.json and requirements.txt. They are installed when a test first asks for
// them and listen on 127.0.0.1 only.
//
// A test binary that uses them runs its tests by Run, which stops what they started:
//
//	func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }
//
// Faults stands between a client and one of them and breaks what it is told to.
package awsservers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// What every server accepts, and the only credentials that versitygw does.
const (
	AccessKey = "test"
	SecretKey = "testtesttest"
	Region    = "us-east-1"
)

// Server is a running server.
type Server struct {
	// Endpoint is its URL without a path, as http://127.0.0.1:40000.
	Endpoint string
	// Config reaches it with the test's credentials, by connections of its own, which
	// end with the test. S3 clients must ask for path-style addresses.
	Config aws.Config
}

// Environ is what a program with the SDK's usual configuration needs besides the
// endpoint to be let in, as "NAME=value".
func (s Server) Environ() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + AccessKey, "AWS_SECRET_ACCESS_KEY=" + SecretKey, "AWS_REGION=" + Region}
}

// S3 is versitygw's S3. It checks signatures and checksums, and decides conditional
// writes as AWS does.
func S3(t testing.TB) Server { return shared.server(t, "versitygw", startVersitygw) }

// DynamoDB is dynalite's DynamoDB. It knows no TTL and no transactions.
func DynamoDB(t testing.TB) Server { return shared.server(t, "dynalite", startDynalite) }

// SQS is fauxqs's SQS. It hands out one message of a group per receive, where AWS hands
// out several.
func SQS(t testing.TB) Server { return shared.server(t, "fauxqs", startFauxqs) }

// Moto is moto's S3, DynamoDB, SQS and more. It is slow and checks no signatures.
func Moto(t testing.TB) Server { return shared.server(t, "moto", startMoto) }

// NewBucket makes an empty bucket for one test and returns its name.
func NewBucket(t testing.TB, server Server) string {
	t.Helper()
	client := s3.NewFromConfig(server.Config, func(o *s3.Options) { o.UsePathStyle = true })
	name := NewName()
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatalf("create bucket: %v", err)
	}
	return name
}

// NewName returns a name that no other bucket, table or queue has.
func NewName() string { return "test-" + strings.ToLower(rand.Text()) }

// Run runs a binary's tests, stops the servers that they started, and returns the exit
// code: that of the tests, or 1 if a server did not run until then.
func Run(tests interface{ Run() int }) int {
	shared.open()
	code := tests.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		code = max(code, 1)
	}
	return code
}

// pool is the servers of this test binary, started when first asked for.
type pool struct {
	mu      sync.Mutex
	opened  bool
	running map[string]*server
	failed  map[string]error // of those that did not start, which is not tried again
}

var shared pool

func (p *pool) open() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opened, p.running, p.failed = true, map[string]*server{}, map[string]error{}
}

func (p *pool) server(t testing.TB, name string, start func(context.Context) (*server, error)) Server {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.opened {
		t.Fatal("run the tests by awsservers.Run in TestMain: it stops the servers")
	}
	if p.running[name] == nil && p.failed[name] == nil {
		p.running[name], p.failed[name] = start(context.Background())
	}
	if err := p.failed[name]; err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	return reach(t, p.running[name].endpoint)
}

func (p *pool) stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var failed error
	for name, running := range p.running {
		if running == nil {
			continue
		}
		if err := running.stop(); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
		}
	}
	p.opened, p.running, p.failed = false, nil, nil
	return failed
}

// reach returns a Server whose connections end with the test.
func reach(t testing.TB, endpoint string) Server {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.MaxIdleConnsPerHost = 100
	t.Cleanup(transport.CloseIdleConnections)
	return Server{Endpoint: endpoint, Config: aws.Config{
		Region:       Region,
		Credentials:  credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
		BaseEndpoint: &endpoint,
		HTTPClient:   &http.Client{Transport: transport},
	}}
}
