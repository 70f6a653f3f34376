package gateway

import "net/http"

// Webhooks answers for the webhooks of a deployment.
type Webhooks interface {
	// Serve answers r if it is for one of them, and reports whether it was.
	Serve(w http.ResponseWriter, r *http.Request) bool
}

// serveWebhook answers r if it is a webhook. It comes before routing: proxy.ts
// and rewrites are about the app's own addresses.
func (g *Gateway) serveWebhook(w http.ResponseWriter, r *http.Request) bool {
	return g.webhooks != nil && g.webhooks.Serve(w, r)
}
