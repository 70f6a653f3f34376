package tests_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestWorkAfterTheResponse: the viewer never waits for after(), and it is done.
func TestWorkAfterTheResponse(t *testing.T) {
	s := sharedPack(t)
	s.must(t, get("/api/after?id=warm"), http.StatusOK)
	s.orderLogged(t, "after", "warm")
	const delay = 4 * time.Second
	for i, at := range []*server{s, s.functionAt(t, "/api/after")} {
		id := fmt.Sprintf("later-%d", i)
		began := time.Now()
		at.must(t, get(fmt.Sprintf("/api/after?ms=%d&id=%s", delay.Milliseconds(), id)), http.StatusOK)
		if took := time.Since(began); took > delay/2 {
			t.Errorf("%s: the answer took %s, its after() works for %s", at.name, took, delay)
		}
		if text, _ := os.ReadFile(s.orders); strings.Contains(string(text), id) {
			t.Errorf("%s: the work was done before the answer", at.name)
		}
		s.orderLogged(t, "after", id)
		if took := time.Since(began); took < delay {
			t.Errorf("%s: work of %s was done after %s", at.name, delay, took)
		}
	}
}

// TestWorkAfterAnError is done as well.
func TestWorkAfterAnError(t *testing.T) {
	s := sharedPack(t)
	s.must(t, get("/api/after-throws?id=through-gateway"), http.StatusInternalServerError)
	s.orderLogged(t, "after-throws", "through-gateway")
	s.functionAt(t, "/api/after-throws").must(t, get("/api/after-throws?id=alone"), http.StatusInternalServerError)
	s.orderLogged(t, "after-throws", "alone")
}

// TestInstancesFreeze: between invocations, and not before the work after a
// response has settled, every process of an instance is stopped.
func TestInstancesFreeze(t *testing.T) {
	s := sharedPack(t)
	d := deployment(t)
	echo, after := d.functionOf(t, "/api/echo"), d.functionOf(t, "/api/after")
	for range 2 {
		s.must(t, get("/api/echo"), http.StatusOK)
		s.frozen(t, echo)
	}
	s.must(t, get("/api/after?ms=2000&id=thawed"), http.StatusOK)
	working := 0
	for _, p := range s.instances(t, after) {
		if p.state != 'T' {
			working++
		}
	}
	if text, _ := os.ReadFile(s.orders); working == 0 && !strings.Contains(string(text), "thawed") {
		t.Error("the instance is frozen while its post-response work has not settled")
	}
	s.orderLogged(t, "after", "thawed")
	s.frozen(t, after)
}

// TestOneRequestPerInstance: requests at the same time have an instance each.
func TestOneRequestPerInstance(t *testing.T) {
	s := sharedPack(t)
	slow := deployment(t).functionOf(t, "/api/slow")
	const together = 3
	var all sync.WaitGroup
	for range together {
		all.Go(func() {
			if a, err := s.send(get("/api/slow?ms=1500")); err != nil || a.status != http.StatusOK {
				t.Errorf("%v, %+v", err, a)
			}
		})
	}
	all.Wait()
	children := make(map[int]bool)
	for _, p := range s.instances(t, slow) {
		if strings.Contains(p.command, "bootstrap") {
			children[p.pid] = true
		}
	}
	if len(children) < together {
		t.Errorf("%d requests at the same time were answered by %d instances: %v", together, len(children), s.instances(t, slow))
	}
}
