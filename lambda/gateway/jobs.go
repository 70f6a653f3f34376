package gateway

import (
	"net/http"
	"strings"

	"pack/lambda/event"
	"pack/lambda/jobs"
)

// serveJob answers for the address of a durable job.
func (g *Gateway) serveJob(w http.ResponseWriter, r *http.Request) bool {
	if g.jobs == nil || !strings.HasPrefix(r.URL.Path, jobs.Path) {
		return false
	}
	g.jobs.ServeHTTP(w, r)
	return true
}

// acceptJob stores a request as a durable job where it asks for that
// (Prefer: respond-async) and its route is opted in. proxy.ts and rewrites have
// had their say; the job goes to the route alone.
func (g *Gateway) acceptJob(w http.ResponseWriter, r *http.Request, t target) bool {
	policy, ok := g.jobRoutes[t.entry]
	if !ok || g.jobs == nil || !jobs.Preferred(r.Header) {
		return false
	}
	if call := event.CallOf(r.Context()); call != nil && call.Trusted {
		return false // pack's own requests wait for the answer
	}
	g.jobs.Accept(w, r, jobs.Request{Path: t.path, Query: t.query, Route: t.entry, URL: origin(r) + r.URL.RequestURI()}, jobs.Policy(policy))
	return true
}
