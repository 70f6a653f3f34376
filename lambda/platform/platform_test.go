package platform_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pack/lambda/node"
	"pack/lambda/platform"
	"pack/s3cache"
)

func open(t *testing.T) *platform.Platform {
	t.Helper()
	store, tags, err := s3cache.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tags.Close() })
	return &platform.Platform{Cache: s3cache.New(s3cache.Options{Store: store, Tags: tags, Prefix: "d"})}
}

func page() *node.CacheValue {
	return &node.CacheValue{
		Kind: s3cache.KindAppPage, Status: 200, Tags: []string{"a"},
		Created: time.Now().UnixMilli(), Revalidate: s3cache.Seconds(60),
		Headers: map[string]json.RawMessage{
			"x-nextjs-stale-time": json.RawMessage(`"300"`),
			"link":                json.RawMessage(`["a; rel=preload","b"]`),
			"content-length":      json.RawMessage(`12`),
			"set-cookie":          json.RawMessage(`["session=1"]`),
		},
		Parts: []node.CachePart{{Name: "html", Body: []byte("<p/>")}, {Name: "segment:/_tree", Body: []byte("t")}},
	}
}

// TestDeployments: a function that two deployments share keeps their pages apart,
// and nothing of a request that names none.
func TestDeployments(t *testing.T) {
	p := open(t)
	one, two := node.WithCaller(t.Context(), node.Caller{Deployment: "one"}), node.WithCaller(t.Context(), node.Caller{Deployment: "two"})
	found := func(ctx context.Context, want bool) {
		t.Helper()
		if got, err := p.Get(ctx, "/k", false, nil); err != nil || (got != nil) != want {
			t.Errorf("got %v, %v", got, err)
		}
	}
	if err := p.Set(one, "/k", false, page()); err != nil {
		t.Fatal(err)
	}
	found(one, true)
	found(two, false)
	found(t.Context(), false)
	if err := p.Set(t.Context(), "/k", false, page()); err != nil {
		t.Fatal(err)
	}
	found(t.Context(), true)
	p.OnlyNamed = true
	found(t.Context(), false)
	found(one, true)
	if err := p.Set(t.Context(), "/k", false, page()); err != nil {
		t.Fatal(err)
	}
	p.OnlyNamed = false
	found(two, false)
}

func TestPageSurvivesTheStoreButNobodysCookies(t *testing.T) {
	p := open(t)
	if err := p.Set(t.Context(), "/k", false, page()); err != nil {
		t.Fatal(err)
	}
	got, err := p.Get(t.Context(), "/k", false, nil)
	if err != nil || got == nil {
		t.Fatalf("got %v, %v", got, err)
	}
	want := page()
	delete(want.Headers, "set-cookie")
	want.Headers["content-length"] = json.RawMessage(`"12"`)
	want.Created = got.Created
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRedirectSurvives(t *testing.T) {
	p := open(t)
	v := &node.CacheValue{Kind: s3cache.KindRedirect, Created: time.Now().UnixMilli(), Value: json.RawMessage(`{"kind":"REDIRECT","props":{}}`)}
	if err := p.Set(t.Context(), "/k", false, v); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Get(t.Context(), "/k", false, nil); err != nil || string(got.Value) != string(v.Value) || len(got.Parts) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestTags(t *testing.T) {
	p := open(t)
	v := page()
	v.Created -= 10
	if err := p.Set(t.Context(), "/k", false, v); err != nil {
		t.Fatal(err)
	}
	if err := p.RevalidateTag(t.Context(), []string{"a"}, true, s3cache.Seconds(3600)); err != nil {
		t.Fatal(err)
	}
	if got, _ := p.Get(t.Context(), "/k", false, nil); got == nil || !got.Stale {
		t.Errorf("after a revalidation with a profile: %+v, want it stale", got)
	}
	if err := p.RevalidateTag(t.Context(), []string{"a"}, false, nil); err != nil {
		t.Fatal(err)
	}
	if got, _ := p.Get(t.Context(), "/k", false, nil); got == nil || !got.Expired || got.Stale {
		t.Errorf("after an immediate revalidation: %+v, want it expired", got)
	}
	if err := p.Set(t.Context(), "/k", true, v); err != nil {
		t.Fatal(err)
	}
	if got, _ := p.Get(t.Context(), "/k", true, nil); got != nil {
		t.Errorf("of the data cache after an immediate revalidation: %+v, want a miss", got)
	}
}

// TestPagesRouterHasPathTags: a page of the Pages Router, which Next gives no
// tags, is revalidated by its path like any other.
func TestPagesRouterHasPathTags(t *testing.T) {
	p := open(t)
	var observed []string
	p.OnRevalidate = func(tags []string) { observed = append(observed, tags...) }
	const key = "/route-cache/PAGES/aa/$/stores/faro"
	v := &node.CacheValue{Kind: s3cache.KindPages, Status: 200, Created: time.Now().UnixMilli() - 10, Parts: []node.CachePart{{Name: "html", Body: []byte("<p/>")}}}
	if err := p.Set(t.Context(), key, false, v); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Get(t.Context(), key, false, nil); got == nil || err != nil || len(got.Tags) != 0 {
		t.Fatalf("got %+v, %v, want the page without a tag that Next has not given it", got, err)
	}
	if err := p.RevalidateTag(t.Context(), []string{"_N_T_/stores/faro"}, false, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Get(t.Context(), key, false, nil); got == nil || !got.Expired || err != nil {
		t.Errorf("after its path was revalidated: %v, %v", got, err)
	}
	if len(observed) != 1 || observed[0] != "_N_T_/stores/faro" {
		t.Errorf("observed %v", observed)
	}
}

func TestRevalidatePath(t *testing.T) {
	p := open(t)
	if err := p.RevalidatePath(t.Context(), "/x", nil); err == nil {
		t.Error("no gateway, no error")
	}
	for _, test := range []struct {
		status int
		cache  string
		header map[string]string
		fails  bool
	}{
		{200, "", nil, false},
		{404, "REVALIDATED", nil, false},
		{404, "", map[string]string{"x-prerender-revalidate-if-generated": "1"}, false},
		{404, "", nil, true},
		{500, "", nil, true},
	} {
		p.Refresh = func(_ context.Context, path string, _ http.Header) (*http.Response, error) {
			return &http.Response{StatusCode: test.status, Header: http.Header{"X-Nextjs-Cache": {test.cache}}, Body: io.NopCloser(strings.NewReader(""))}, nil
		}
		var observed []string
		p.OnRevalidate = func(tags []string) { observed = append(observed, tags...) }
		err := p.RevalidatePath(t.Context(), "/x/?y=1", test.header)
		if (err != nil) != test.fails || (len(observed) == 1 && observed[0] == "_N_T_/x") == test.fails {
			t.Errorf("%+v: %v, observed %v", test, err, observed)
		}
	}
}
