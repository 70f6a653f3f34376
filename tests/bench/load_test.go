package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestPress(t *testing.T) {
	content := strings.Repeat("x", 3000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/chunked":
			for range 3 {
				_, _ = io.WriteString(w, content)
				w.(http.Flusher).Flush()
			}
		case "/plain":
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
			_, _ = io.WriteString(w, content)
		case "/api/upload":
			file, _, err := r.FormFile("file")
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			h := sha256.New()
			if n, err := io.Copy(h, file); n != 100_000 || err != nil {
				http.Error(w, fmt.Sprint(n, err), http.StatusBadRequest)
			}
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	address := server.Listener.Addr().String()
	for name, wire := range map[string][]byte{"chunked": get("/chunked"), "plain": get("/plain"), "upload": upload(100_000)} {
		l, err := press(address, wire, 2, 20*time.Millisecond)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(l.took) < 2 || l.perSecond() <= 0 || l.quantile(0.5) > l.quantile(0.99) || l.quantile(0.5) <= 0 {
			t.Errorf("%s: %d requests, p50 %v, p99 %v", name, len(l.took), l.quantile(0.5), l.quantile(0.99))
		}
	}
	if _, err := press(address, get("/missing"), 1, time.Millisecond); err == nil || !strings.Contains(err.Error(), "not 200") {
		t.Errorf("404 gives %v", err)
	}
}
