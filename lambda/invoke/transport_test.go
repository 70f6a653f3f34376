package invoke_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pack/lambda/invoke"
)

type connection struct{}

// TestConnectionClosedWhileFrozen: the service resets each connection's second request,
// as one is that AWS has closed while the instance was frozen. Nobody notices who reads;
// what may happen once only is not sent twice, and not over a connection that is old.
func TestConnectionClosedWhileFrozen(t *testing.T) {
	for name, test := range map[string]struct {
		method string
		fresh  time.Duration
		// asked is how many requests the service has heard after two invocations.
		asked  int32
		failed bool
	}{
		"GET":                {http.MethodGet, time.Hour, 3, false},
		"POST, a moment ago": {http.MethodPost, time.Hour, 2, true},
		"POST, long ago":     {http.MethodPost, 0, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				if r.Header["Idempotency-Key"] != nil {
					t.Error("the mark was sent, and is not signed")
				}
				if r.Context().Value(connection{}).(*atomic.Int32).Add(1) > 1 {
					conn, _, _ := http.NewResponseController(w).Hijack()
					_ = conn.(*net.TCPConn).SetLinger(0)
					_ = conn.Close()
					return
				}
				body, _ := io.ReadAll(r.Body)
				if !strings.Contains(string(body), test.method) {
					t.Errorf("sent %s", body)
				}
				w.Header().Set("X-Amzn-Errortype", "TooManyRequestsException")
				w.WriteHeader(http.StatusTooManyRequests)
			}))
			server.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
				return context.WithValue(ctx, connection{}, new(atomic.Int32))
			}
			server.Start()
			defer server.Close()
			client := &invoke.Client{Endpoint: server.URL, HTTP: &http.Client{Transport: invoke.NewTransport(test.fresh)}}
			var err error
			for range 2 {
				_, err = client.Invoke(t.Context(), "f", httptest.NewRequest(test.method, "http://shop.example/", nil), nil)
			}
			answered := err != nil && strings.Contains(err.Error(), "TooManyRequestsException")
			if answered == test.failed || asked.Load() != test.asked {
				t.Errorf("%v, asked %d times, want %d", err, asked.Load(), test.asked)
			}
		})
	}
}
