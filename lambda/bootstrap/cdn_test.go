package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pack/lambda/event"
	"pack/lambda/function"
	"pack/lambda/platform"
	"pack/lambda/purge"
	"pack/s3cache"
)

// TestCDN: with the variables of docs/cdn.md, what the app and what webhooks
// revalidate is purged when the answer is out, and without them nothing is.
func TestCDN(t *testing.T) {
	purges := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		purges <- r.URL.Path + " " + string(body)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `<Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>I1</Id></Invalidation>`)
	}))
	defer server.Close()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_CLOUDFRONT": server.URL, "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret",
	} {
		t.Setenv(name, value)
	}
	purged := func(tag string) {
		t.Helper()
		got := <-purges
		if !strings.HasPrefix(got, "/2020-05-31/distribution/E1/invalidation ") || !strings.Contains(got, "<Path>#"+purge.Tag(tag)+"</Path>") {
			t.Errorf("purged %s, want %s (#%s)", got, tag, purge.Tag(tag))
		}
	}
	store, tags, err := s3cache.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tags.Close() })
	p := &platform.Platform{Cache: s3cache.New(s3cache.Options{Store: store, Tags: tags, Prefix: "d1"})}

	none := readCDN(func(string) string { return "" })
	var options function.Options
	none.follow(p, &options)
	if none.observe() != nil || p.OnRevalidate != nil || options.Afterwards != nil || none.tagHeader != "" {
		t.Error("without a distribution something would be purged")
	}

	c := readCDN(func(name string) string {
		return map[string]string{"PACK_CDN_DISTRIBUTION": "E1", "PACK_CDN_TAG_HEADER": "cache-tag"}[name]
	})
	if c.tagHeader != "cache-tag" {
		t.Errorf("tag header %q", c.tagHeader)
	}
	c.follow(p, &options)
	if err := p.RevalidateTag(t.Context(), []string{"product:mug"}, false, nil); err != nil {
		t.Fatal(err)
	}
	if err := options.Afterwards(t.Context()); err != nil {
		t.Fatal(err)
	}
	purged("product:mug")

	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.observe()(r.Context(), []string{"product:bowl"})
		w.WriteHeader(http.StatusAccepted)
	})
	request, err := http.NewRequest(http.MethodPost, "http://shop.example/_pack/webhooks/cms", nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := event.Encode(request, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := event.Handle(handler)(context.Background(), payload)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(response); err != nil || len(purges) != 0 {
		t.Errorf("%v, %d purges before the answer was out", err, len(purges))
	}
	if err := response.Close(); err != nil {
		t.Fatal(err)
	}
	if len(purges) != 1 {
		t.Fatalf("%d purges when the invocation was over", len(purges))
	}
	purged("product:bowl")
}
