package gateway_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"pack/lambda/gateway"
	"pack/manifest"
	"pack/s3cache"
)

// TestExternalAnswersAreNotCompressed: no function URL that streams would pass one on as
// it is, whatever the viewer takes.
func TestExternalAnswersAreNotCompressed(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.Path+" as "+r.Header.Get("Accept-Encoding")+" for "+r.Header.Get("Accept"))
	}))
	defer other.Close()
	store, tags, err := s3cache.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tags.Close() })
	d := shop()
	d.Routing.BeforeFiles = []manifest.Route{{Source: "/out", SourceRegex: `^/out$`, Destination: other.URL + "/there"}}
	g, err := gateway.New(gateway.Options{
		Deployment: d, Cache: s3cache.New(s3cache.Options{Store: store, Tags: tags}), Invoker: &functions{answer: refuse}, AllowPrivateRewrites: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{Handler: g}
	if got := text(t, s.get("/out", "Accept-Encoding", "gzip, br", "Accept", "text/plain")); got != "/there as identity for text/plain" {
		t.Errorf("answered %q", got)
	}
}
