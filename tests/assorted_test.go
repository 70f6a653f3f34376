package tests_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var assortedKnown = []difference{
	{regexp.MustCompile(`^POST /api/body .*body of (15360|30720) bytes`), regexp.MustCompile(`^(body|header Content-Length)`), "a body longer than proxyClientMaxBodySize reaches proxy.ts and the route whole"},
	{regexp.MustCompile(`^POST /actions \[Content-Type: .*body of 25\d\d\d bytes`), regexp.MustCompile(`^(body|header Cache-Control)`), "the 500 page is the one that the build made, instead of one rendered for the request"},
	{regexp.MustCompile(`^GET (/_next/data/\S+)?/boom-legacy`), regexp.MustCompile(`^body`), "the 500 page is the one that the build made, instead of one rendered for the request"},
}

// TestAssorted holds tests/fixtures/assorted against `next start`:
// instrumentation.ts with OpenTelemetry, deploymentId, another build folder, a
// nonce, and settings of next.config that other fixtures leave alone.
func TestAssorted(t *testing.T) {
	zone := reserveZone(t)
	p, b := fixturePair(t, "assorted", "--allow-private-rewrites")
	p.known = assortedKnown
	nonce := "X-Test-Nonce: abc123"
	t.Run("answers", func(t *testing.T) {
		p.compare(t, []request{
			get("/"), get("/", "Rsc: 1"), get("/?_rsc=x", "Rsc: 1"), get("/nonce", nonce), get("/nonce", nonce, "Rsc: 1"), get("/nonce?_rsc", nonce, "Rsc: 1"),
			get("/api/registered", nonce), get("/boom"), get("/boom-legacy"), get("/api/boom-legacy"), post("/api/boom", ""),
			get("/_next/data/" + b.id + "/boom-legacy.json"), get("/nowhere"),
		})
	})
	t.Run("settings", func(t *testing.T) { p.compare(t, settingRequests(b.id)) })
	t.Run("pages kept", func(t *testing.T) { settingsOfPages(t, p, b) })
	t.Run("addresses as asked for", func(t *testing.T) { settingsOfAddresses(t, p, b) })
	t.Run("body sizes", func(t *testing.T) { settingsOfBodies(t, p) })
	t.Run("origins of actions", func(t *testing.T) { settingsOfOrigins(t, p) })
	t.Run("no more is let pass than has to be", func(t *testing.T) { stillKnown(t, assortedKnown) })
	t.Run("pictures from inside", func(t *testing.T) { pictureHosts(t, p) })
	t.Run("pictures of viewers", func(t *testing.T) { portraits(t, p) })
	t.Run("zones", func(t *testing.T) { assortedZones(t, p, zone) })
	t.Run("deployment id", func(t *testing.T) { assortedDeployment(t, p) })
	t.Run("nonce", func(t *testing.T) { assortedNonce(t, p.pack, nonce) })
	t.Run("error reports", func(t *testing.T) { assortedReports(t, p) })
	t.Run("spans", func(t *testing.T) { assortedSpans(t, p) })
}

// assortedDeployment sees where the deployment's id is named: not with files
// whose address changes with their content.
func assortedDeployment(t *testing.T, p *pair) {
	page := p.pack.must(t, get("/"), http.StatusOK).body
	if !strings.Contains(page, `data-dpl-id="assorted-1"`) {
		t.Errorf("the page does not name its deployment: %.300s", page)
	}
	immutable := regexp.MustCompile(`/_next/static/immutable/[^"\\?]+\.js`).FindString(page)
	if immutable == "" || strings.Contains(page, immutable+"?dpl") {
		t.Errorf("script %q in %.500s", immutable, page)
	}
	for _, target := range []string{immutable, immutable + "?dpl=assorted-1", immutable + "?dpl=another"} {
		p.compare(t, []request{get(target)})
		answer := p.pack.must(t, get(target), http.StatusOK)
		if got := answer.header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s: Cache-Control %q", target, got)
		}
	}
	if got := p.pack.must(t, get("/nonce?_rsc", "Rsc: 1"), http.StatusOK).header.Get("X-Nextjs-Deployment-Id"); got != "assorted-1" {
		t.Errorf("a navigation's deployment: %q", got)
	}
}

// assortedNonce sees that every script carries the policy's nonce.
func assortedNonce(t *testing.T, s *server, nonce string) {
	answer := s.must(t, get("/nonce", nonce), http.StatusOK)
	scripts := regexp.MustCompile(`<script[ >][^>]*>`).FindAllString(answer.body, -1)
	for _, script := range scripts {
		if !strings.Contains(script, `nonce="abc123"`) {
			t.Errorf("without nonce: %s", script)
		}
	}
	if len(scripts) < 5 || !strings.Contains(answer.header.Get("Content-Security-Policy"), "'nonce-abc123'") {
		t.Errorf("%d scripts, policy %q", len(scripts), answer.header.Get("Content-Security-Policy"))
	}
}

var reportLine = regexp.MustCompile(`reported (\{.*\})`)

// assortedReports compares what onRequestError is told. Each report takes
// 50 ms after the response, and the instance that makes it gets no further
// request.
func assortedReports(t *testing.T, p *pair) {
	reports := func(s *server) []string {
		var found []string
		for _, line := range reportLine.FindAllStringSubmatch(s.stdout.String()+s.stderr.String(), -1) {
			found = append(found, line[1])
		}
		slices.Sort(found)
		return slices.Compact(found)
	}
	want := 4
	eventually(t, 10*time.Second, func() string {
		next, pack := reports(p.next), reports(p.pack)
		if slices.Equal(next, pack) && len(pack) >= want {
			return ""
		}
		return fmt.Sprintf("next start:\n%s\npack serve:\n%s", strings.Join(next, "\n"), strings.Join(pack, "\n"))
	})
}

var spanLine = regexp.MustCompile(`span (\{.*\})`)

// assortedSpans sees that spans are made, one tree for a request: the proxy's
// and the route's share a trace when the caller names none.
func assortedSpans(t *testing.T, p *pair) {
	p.pack.must(t, get("/api/registered"), http.StatusOK)
	eventually(t, 5*time.Second, func() string {
		traces := map[string][]string{}
		for _, line := range spanLine.FindAllStringSubmatch(p.pack.stderr.String(), -1) {
			var span struct{ Name, Trace string }
			if err := json.Unmarshal([]byte(line[1]), &span); err != nil {
				return err.Error()
			}
			traces[span.Trace] = append(traces[span.Trace], span.Name)
		}
		for _, names := range traces {
			if slices.Contains(names, "middleware GET") && slices.Contains(names, "GET /api/registered") {
				return ""
			}
		}
		return fmt.Sprintf("no trace has both the proxy and its route: %v", traces)
	})
	const parent = "4bf92f3577b34da6a3ce929d0e0e4736"
	p.pack.must(t, get("/api/registered", "Traceparent: 00-"+parent+"-00f067aa0ba902b7-01"), http.StatusOK)
	for _, name := range []string{
		`"name":"GET /api/registered","type":"BaseServer.handleRequest"`, `"name":"executing api route (app) /api/registered"`,
		`"name":"render route (app) /nonce"`, `"name":"middleware GET"`, `"name":"POST /api/boom"`, `"name":"getServerSideProps /boom-legacy"`,
	} {
		eventually(t, 5*time.Second, func() string {
			for _, line := range spanLine.FindAllString(p.pack.stderr.String(), -1) {
				if strings.Contains(line, name) {
					return ""
				}
			}
			return "no span " + name
		})
	}
	eventually(t, 5*time.Second, func() string {
		if !strings.Contains(p.pack.stderr.String(), parent) {
			return "the caller's trace is not continued"
		}
		return ""
	})
}
