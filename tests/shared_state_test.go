package tests_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"pack/tests/awsservers"
)

// TestServersShareState: three gateways on one S3, DynamoDB and SQS are one
// app: what one revalidates is new at all of them at once, and rendered once.
func TestServersShareState(t *testing.T) {
	name := awsservers.NewName()
	s3, dynamodb, sqs := awsservers.S3(t).Endpoint, awsservers.DynamoDB(t).Endpoint, awsservers.SQS(t).Endpoint
	var servers []*server
	for range 3 {
		servers = append(servers, serveOnAWS(t, shop(t).folder, name, s3, dynamodb, sqs))
	}
	const mug = "/products/dune-mug"
	for round := range 4 {
		before := renderedAt(t, fresh(t, servers[0], mug))
		refresh(t, servers[round%3], `{"tag":"product:dune-mug","mode":"now"}`)
		var mu sync.Mutex
		renders := map[string]int{}
		var all sync.WaitGroup
		for i := range 12 {
			all.Go(func() {
				a, err := servers[i%3].send(get(mug))
				if err != nil || a.status != http.StatusOK {
					t.Errorf("%v, %+v", err, a)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				renders[renderedAt(t, a)]++
			})
		}
		all.Wait()
		if len(renders) != 1 || renders[before] > 0 {
			t.Errorf("round %d: after the tag was revalidated %d renders were seen: %v, before it %s", round, len(renders), renders, before)
		}
	}
	t.Run("readers of a short-lived page", func(t *testing.T) {
		newest := ""
		var mu sync.Mutex
		seen := map[string]bool{}
		var all sync.WaitGroup
		for _, s := range servers {
			all.Go(func() {
				last := ""
				for began := time.Now(); time.Since(began) < 6*time.Second; {
					a, err := s.send(get("/deals"))
					if err != nil || a.status != http.StatusOK {
						t.Errorf("%v, %+v", err, a)
						return
					}
					at := renderedAt(t, a)
					if at < last {
						t.Errorf("a reader saw the page of %s and then that of %s", last, at)
					}
					last = at
					mu.Lock()
					seen[at], newest = true, max(newest, at)
					mu.Unlock()
				}
			})
		}
		all.Wait()
		// revalidate = 2: three renders, and one at either end.
		if len(seen) < 2 || len(seen) > 5 {
			t.Errorf("%d renders in 6 s: %v", len(seen), seen)
		}
		for _, s := range servers {
			eventually(t, time.Second, func() string {
				if at := renderedAt(t, s.must(t, get("/deals"), http.StatusOK)); at < newest {
					return fmt.Sprintf("%s answers with the page of %s, the newest is of %s", s.url, at, newest)
				}
				return ""
			})
		}
	})
	t.Run("jobs", func(t *testing.T) {
		location := servers[0].accepted(t, shipment("shared", "", "Idempotency-Key: shared"))
		if again := servers[1].accepted(t, shipment("shared", "", "Idempotency-Key: shared")); again != location {
			t.Errorf("another job of the same key at another server: %s, %s", location, again)
		}
		servers[2].job(t, location, "done")
		shipped := 0
		for _, s := range servers {
			shipped += s.shipped(t, "shared")
		}
		if shipped != 1 {
			t.Errorf("shipped %d times", shipped)
		}
	})
}
