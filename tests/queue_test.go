package tests_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"pack/tests/awsservers"
)

// TestCommandsRevalidate: pack revalidate refreshes pages of a running app.
func TestCommandsRevalidate(t *testing.T) {
	s := servePack(t, shop(t).folder, "--fresh")
	const mug = "/products/dune-mug"
	before := renderedAt(t, fresh(t, s, mug))
	packSays(t, shop(t).folder, "revalidate", "--tag", "product:dune-mug")
	expired := s.must(t, get(mug), http.StatusOK)
	if renderedAt(t, expired) <= before {
		t.Errorf("after --tag the page is a %s of %s", cached(expired), renderedAt(t, expired))
	}
	before = renderedAt(t, fresh(t, s, mug))
	packSays(t, shop(t).folder, "revalidate", "--tag", "product:dune-mug", "--stale")
	if a := s.must(t, get(mug), http.StatusOK); cached(a) != "STALE" || renderedAt(t, a) != before {
		t.Errorf("after --tag --stale the page is a %s of %s, want the STALE one of %s", cached(a), renderedAt(t, a), before)
	}
	changes(t, s, mug, before)
	before = renderedAt(t, fresh(t, s, mug))
	packSays(t, shop(t).folder, "revalidate", "--path", mug)
	eventually(t, 20*time.Second, func() string {
		a := s.must(t, get(mug), http.StatusOK)
		if cached(a) == "MISS" {
			t.Errorf("after --path a reader had to wait")
		}
		if renderedAt(t, a) <= before {
			return "after --path the page stays"
		}
		return ""
	})
}

// calls counts what goes to a server of AWS's protocols, by operation.
type calls struct {
	url string

	mu     sync.Mutex
	counts map[string]int
}

func countCalls(t *testing.T, endpoint string) *calls {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	c := &calls{counts: make(map[string]int)}
	// The Host is part of the signature, and stays as it was sent.
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		c.mu.Lock()
		c.counts[operation]++
		c.mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *calls) of(operation string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[operation]
}

// serveOnAWS runs `pack serve` with pages in S3, tags in DynamoDB and queues in
// SQS, of other makers.
func serveOnAWS(t *testing.T, folder, name, s3, dynamodb, sqs string, env ...string) *server {
	t.Helper()
	alone(t)
	s := packServe(folder, "--s3", s3, "--bucket", name, "--dynamodb", dynamodb, "--table", name, "--sqs", sqs, "--queue", name)
	s.cmd.Env = append(append(s.cmd.Env, awsservers.Server{}.Environ()...), env...)
	t.Cleanup(func() { s.endWith(t) })
	if err := s.start(wholeLine); err != nil {
		t.Fatal(err)
	}
	if err := s.await(startPatience); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestOnAWSServers: the shop on S3, DynamoDB and SQS of other makers: pages,
// refreshes through the queue, tags and jobs.
func TestOnAWSServers(t *testing.T) {
	name := awsservers.NewName()
	queues := countCalls(t, awsservers.SQS(t).Endpoint)
	s := serveOnAWS(t, shop(t).folder, name, awsservers.S3(t).Endpoint, awsservers.DynamoDB(t).Endpoint, queues.url)
	if a := s.must(t, get("/about"), http.StatusOK); cached(a) != "HIT" {
		t.Errorf("a page of the build is a %s", cached(a))
	}
	t.Run("one message per stale generation", func(t *testing.T) {
		sends := queues.of("SendMessageBatch")
		renders := map[string]bool{}
		stale := 0
		for began := time.Now(); time.Since(began) < 8*time.Second; {
			a := s.must(t, get("/deals"), http.StatusOK)
			renders[renderedAt(t, a)] = true
			if cached(a) == "STALE" {
				stale++
			}
		}
		gateways := len(s.instances(t, "gateway"))
		sends = queues.of("SendMessageBatch") - sends
		t.Logf("%d stale answers, %d renders, %d sends by %d gateway processes, %d deletes", stale, len(renders), sends, gateways, queues.of("DeleteMessageBatch"))
		if len(renders) < 3 {
			t.Errorf("the page, with revalidate = 2, was rendered %d times in 8 s", len(renders))
		}
		if sends > len(renders)*max(1, gateways) || sends >= stale && stale > 20 {
			t.Errorf("%d sends for %d renders by %d gateways", sends, len(renders), gateways)
		}
		if deletes := queues.of("DeleteMessageBatch"); deletes > len(renders)+1 {
			t.Errorf("%d messages for %d renders", deletes, len(renders))
		}
	})
	t.Run("tags", func(t *testing.T) {
		const mug = "/products/dune-mug"
		before := renderedAt(t, fresh(t, s, mug))
		refresh(t, s, `{"tag":"product:dune-mug","mode":"now"}`)
		if a := s.must(t, get(mug), http.StatusOK); renderedAt(t, a) <= before {
			t.Errorf("the page is still that of %s (%s)", before, cached(a))
		}
	})
	t.Run("jobs", func(t *testing.T) {
		now := s.job(t, s.accepted(t, shipment("on-aws", `,"carrierDown":1`, "Idempotency-Key: on-aws")), "done")
		if now.Attempts != 2 || s.shipped(t, "on-aws") != 1 {
			t.Errorf("job %+v, shipped %d times", now, s.shipped(t, "on-aws"))
		}
	})
}

// TestQueueDown: without its queue the instance that finds a page stale renders
// it anew, and jobs are refused before they are begun.
func TestQueueDown(t *testing.T) {
	var down sync.Map
	target, err := url.Parse(awsservers.SQS(t).Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, is := down.Load("down"); is {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	alone(t)
	s := packServe(shop(t).folder, "--fresh", "--sqs", server.URL, "--queue", awsservers.NewName())
	s.cmd.Env = append(s.cmd.Env, awsservers.Server{}.Environ()...)
	t.Cleanup(func() { s.endWith(t) })
	if err := s.start(wholeLine); err != nil {
		t.Fatal(err)
	}
	if err := s.await(startPatience); err != nil {
		t.Fatal(err)
	}
	down.Store("down", true)
	first := renderedAt(t, s.must(t, get("/deals"), http.StatusOK))
	eventually(t, 60*time.Second, func() string {
		if a := s.must(t, get("/deals"), http.StatusOK); renderedAt(t, a) <= first {
			return fmt.Sprintf("the page stays that of %s (%s)", first, cached(a))
		}
		return ""
	})
	s.must(t, shipment("refused", ""), http.StatusServiceUnavailable)
	down.Delete("down")
	s.job(t, s.accepted(t, shipment("taken", "")), "done")
	if n := s.shipped(t, "refused"); n != 0 {
		t.Errorf("a refused job was run %d times", n)
	}
}
