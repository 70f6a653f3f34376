package main

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"pack/lambda/event"
	"pack/lambda/images"
	"pack/lambda/state"
)

// TestPictures: one function keeps the pictures of several deployments apart, and
// those of a request that names none only where there is one deployment.
func TestPictures(t *testing.T) {
	opened, err := state.Open(state.Settings{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	p := pictures{cache: opened.Cache("", "", -1)}
	of := func(deployment string) context.Context {
		return event.WithCall(httptest.NewRequest("GET", "/", nil), &event.Call{Deployment: deployment}).Context()
	}
	put := func(ctx context.Context) {
		t.Helper()
		if err := p.Put(ctx, "k", &images.Entry{Created: time.Now(), Body: []byte("picture")}); err != nil {
			t.Fatal(err)
		}
	}
	found := func(ctx context.Context, want bool) {
		t.Helper()
		if e, err := p.Get(ctx, "k"); err != nil || (e != nil) != want {
			t.Errorf("found %v, %v", e, err)
		}
	}
	put(of("one"))
	put(t.Context())
	found(of("one"), true)
	found(of("two"), false)
	found(t.Context(), false)
	p.deployment = "two"
	put(t.Context())
	found(t.Context(), true)
	found(of("two"), true)
}
