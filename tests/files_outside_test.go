package tests_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestNothingElseIsServed: no spelling of a path reaches a file that is not
// public.
func TestNothingElseIsServed(t *testing.T) {
	s := sharedPack(t)
	for _, target := range []string{
		"/package.json", "/.env", "/next.config.ts", "/.next/BUILD_ID", "/.pack/build.json", "/content/glaze-notes.json", "/pack/deployment.json", "/pack/function.json",
		"/_next/static/../../package.json", "/_next/static/%2e%2e/%2e%2e/package.json", "/_next/static/..%2f..%2fpackage.json", "/_next/static/..%5c..%5cpackage.json",
		"/../package.json", "/pictures/../../package.json", "/pictures/%2e%2e/%2e%2e/.env", "/humans.txt/../../.env", "/_next/../package.json", "/_next/server/app/about.html",
		"/_next/image?url=%2F..%2Fpackage.json&w=640&q=75", "/_next/image?url=%2Fpictures%2F..%2F..%2F.env&w=640&q=75",
	} {
		a, err := s.send(get(target))
		if err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		if a.status != http.StatusNotFound && a.status != http.StatusBadRequest {
			t.Errorf("%s: status %d, want 404 or 400: %.200s", target, a.status, a.body)
		}
		for _, secret := range []string{"REVALIDATE_TOKEN", refreshToken, `"dependencies"`} {
			if strings.Contains(a.body, secret) {
				t.Errorf("%s: the answer holds %q", target, secret)
			}
		}
	}
}
