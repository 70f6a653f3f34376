package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"pack/lambda/event"
	"pack/lambda/gateway"
)

func TestOrigin(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(gateway.SecretHeader) != "" {
			t.Error("the app sees the secret")
		}
		_, _ = w.Write([]byte(r.Host))
	})
	closed := gateway.Origin(app, "new-secret", "", "old-secret")
	for _, c := range []struct {
		name    string
		handler http.Handler
		path    string
		header  map[string]string
		called  bool
		status  int
		host    string
	}{
		{name: "current secret", handler: closed, header: map[string]string{gateway.SecretHeader: "new-secret"}, status: 200, host: "url.example"},
		{name: "secret before", handler: closed, header: map[string]string{gateway.SecretHeader: "old-secret"}, status: 200, host: "url.example"},
		{
			name: "viewer's host", handler: closed, status: 200, host: "shop.example",
			header: map[string]string{gateway.SecretHeader: "new-secret", "X-Forwarded-Host": "shop.example"},
		},
		{name: "wrong secret", handler: closed, header: map[string]string{gateway.SecretHeader: "new-secre"}, status: 403},
		{name: "no secret", handler: closed, status: 403},
		{name: "empty secret", handler: closed, header: map[string]string{gateway.SecretHeader: ""}, status: 403},
		{name: "health, no secret", handler: closed, path: "/_pack/health", status: 403},
		{name: "webhook, no secret", handler: closed, path: "/_pack/webhooks/content", status: 403},
		{name: "another function", handler: closed, called: true, status: 200, host: "url.example"},
		{name: "no CDN", handler: gateway.Origin(app, "", ""), status: 200, host: "url.example"},
		{
			name: "no CDN, a host from outside", handler: gateway.Origin(app), status: 200, host: "url.example",
			header: map[string]string{"X-Forwarded-Host": "shop.example"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "http://url.example"+c.path, nil)
			if c.called {
				r = event.WithCall(r, &event.Call{})
			}
			for name, value := range c.header {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			c.handler.ServeHTTP(w, r)
			if w.Code != c.status || c.status == 200 && w.Body.String() != c.host {
				t.Errorf("status %d, host %q; want %d, %q", w.Code, w.Body, c.status, c.host)
			}
			if c.status == 403 && w.Header().Get("Cache-Control") == "" {
				t.Error("a refusal may be cached")
			}
		})
	}
}
