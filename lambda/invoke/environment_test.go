package invoke_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pack/lambda/invoke"
)

// TestFromEnvironment: on AWS requests are signed and names the app's; a local
// service gets neither.
func TestFromEnvironment(t *testing.T) {
	var asked *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	call := func(env map[string]string, local bool) *invoke.Client {
		t.Helper()
		client := invoke.FromEnvironment(func(name string) string { return env[name] })
		if !local {
			client.Endpoint = server.URL
		}
		r := httptest.NewRequest(http.MethodGet, "http://shop.example/", nil)
		if _, err := client.Invoke(t.Context(), "gateway:live", r, nil); err == nil {
			t.Fatal("a teapot answered")
		}
		return client
	}
	call(map[string]string{"PACK_LAMBDA_ENDPOINT": server.URL}, true)
	if !strings.Contains(asked.URL.Path, "/functions/gateway/") || asked.Header.Get("Authorization") != "" {
		t.Errorf("locally: %s, signed %q", asked.URL, asked.Header.Get("Authorization"))
	}
	call(map[string]string{
		"AWS_REGION": "eu-west-1", "PACK_FUNCTION_PREFIX": "shop-production",
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
	}, false)
	if !strings.Contains(asked.URL.Path, "/functions/shop-production_gateway/") || asked.URL.Query().Get("Qualifier") != "live" {
		t.Errorf("on AWS: %s", asked.URL)
	}
	if a := asked.Header.Get("Authorization"); !strings.Contains(a, "/eu-west-1/lambda/aws4_request") || asked.Header.Get("X-Amz-Security-Token") != "token" {
		t.Errorf("on AWS: signed %q", a)
	}
	client := invoke.FromEnvironment(func(name string) string { return map[string]string{"AWS_REGION": "eu-west-1"}[name] })
	if _, err := client.Invoke(t.Context(), "gateway", httptest.NewRequest(http.MethodGet, "/", nil), nil); err == nil || !strings.Contains(err.Error(), "AWS_ACCESS_KEY_ID") {
		t.Errorf("without credentials: %v", err)
	}
}
