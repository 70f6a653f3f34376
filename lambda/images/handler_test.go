package images_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pack/lambda/images"
)

// app is an app with one picture, whose server can change.
type app struct {
	status  int
	header  http.Header
	body    []byte
	fetches atomic.Int32
	now     time.Time
	shelf   *shelf
	later   []func(context.Context)
	handler *images.Handler
}

func newApp(t *testing.T, change func(*images.Options)) *app {
	a := &app{status: 200, header: http.Header{}, body: pngOf(t, 300, 200), now: time.Unix(1_800_000_000, 0), shelf: newShelf()}
	o := images.Options{
		Images: resolved(t, nil),
		Store:  a.shelf,
		Now:    func() time.Time { return a.now },
		Local: func(context.Context, string, http.Header) (*http.Response, error) {
			a.fetches.Add(1)
			return &http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body))}, nil
		},
		Background: func(_ context.Context, work func(context.Context)) { a.later = append(a.later, work) },
	}
	if change != nil {
		change(&o)
	}
	a.handler = images.New(o)
	return a
}

func pngOf(t *testing.T, width, height int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.Set(x, y, color.NRGBA{uint8(x), uint8(y), uint8(x + y), 255})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (a *app) get(query string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/_next/image"+query, nil)
	r.Header.Set("Accept", "image/webp")
	a.handler.ServeHTTP(w, r)
	return w
}

// settle runs what was left for after the response.
func (a *app) settle() {
	later := a.later
	a.later = nil
	for _, work := range later {
		work(context.Background())
	}
}

const ask1 = "?url=/a.png&w=128&q=75"

func TestStaleWhileRevalidating(t *testing.T) {
	a := newApp(t, nil)
	state := func(want string, fetches int32) *httptest.ResponseRecorder {
		t.Helper()
		w := a.get(ask1)
		if got := w.Header().Get("X-Nextjs-Cache"); got != want || w.Code != 200 {
			t.Errorf("%d %s, want %s", w.Code, got, want)
		}
		a.settle()
		if got := a.fetches.Load(); got != fetches {
			t.Errorf("%d fetches after %s, want %d", got, want, fetches)
		}
		return w
	}
	first := state("MISS", 1)
	state("HIT", 1)
	a.now = a.now.Add(14399 * time.Second)
	state("HIT", 1)
	a.now = a.now.Add(2 * time.Second)
	// The original is unchanged: the picture is kept and counts as new.
	again := state("STALE", 2)
	if diff := cmp.Diff(first.Body.Bytes(), again.Body.Bytes()); diff != "" {
		t.Error("a stale picture changed")
	}
	state("HIT", 2)
	// The original changes: the next but one visitor sees it.
	a.now = a.now.Add(14401 * time.Second)
	a.body = pngOf(t, 100, 100)
	state("STALE", 3)
	if w := state("HIT", 3); w.Header().Get("ETag") == first.Header().Get("ETag") {
		t.Error("the refreshed picture isn't served")
	}
	// The app fails: the old picture stays.
	a.now = a.now.Add(14401 * time.Second)
	a.status = 500
	state("STALE", 4)
	state("HIT", 4)
	// Another type is another picture.
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/_next/image"+ask1, nil))
	if w.Code != 500 {
		t.Errorf("a picture that isn't stored: %d", w.Code)
	}
}

func TestStoreFails(t *testing.T) {
	a := newApp(t, func(o *images.Options) { o.Store = brokenStore{} })
	for range 2 {
		if w := a.get(ask1); w.Code != 200 || w.Header().Get("X-Nextjs-Cache") != "MISS" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		a.settle()
	}
}

type brokenStore struct{}

func (brokenStore) Get(context.Context, string) (*images.Entry, error) {
	return nil, errors.New("no store")
}
func (brokenStore) Put(context.Context, string, *images.Entry) error { return errors.New("no store") }

// TestOneFetch: requests that miss at the same time share the work, and one
// that is cancelled doesn't end it for the others.
func TestOneFetch(t *testing.T) {
	wait := make(chan struct{})
	var fetches atomic.Int32
	body := pngOf(t, 300, 200)
	h := images.New(images.Options{Images: resolved(t, nil), Local: func(ctx context.Context, _ string, _ http.Header) (*http.Response, error) {
		fetches.Add(1)
		<-wait
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}, ctx.Err()
	}})
	ctx, cancel := context.WithCancel(t.Context())
	codes := make(chan int)
	for i := range 5 {
		go func() {
			r := httptest.NewRequest(http.MethodGet, "/_next/image"+ask1, nil)
			if i == 0 {
				r = r.WithContext(ctx)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			codes <- w.Code
		}()
	}
	for fetches.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if code := <-codes; code != 500 {
		t.Errorf("the cancelled request: %d", code)
	}
	time.Sleep(20 * time.Millisecond)
	close(wait)
	for range 4 {
		if code := <-codes; code != 200 {
			t.Errorf("a waiting request: %d", code)
		}
	}
	if n := fetches.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

// TestWithoutComparison is what next start answers otherwise: with an app's
// HTML page, or never.
func TestWithoutComparison(t *testing.T) {
	a := newApp(t, func(o *images.Options) { o.Images.Unoptimized = true })
	if w := a.get(ask1); w.Code != 404 {
		t.Errorf("unoptimized: %d", w.Code)
	}
	a = newApp(t, func(o *images.Options) { o.Images.Loader = "custom" })
	if w := a.get(ask1); w.Code != 404 {
		t.Errorf("custom loader: %d", w.Code)
	}
	a = newApp(t, func(o *images.Options) { o.Images.MaximumResponseBody = 100 })
	if w := a.get(ask1); w.Code != 413 || !strings.Contains(w.Body.String(), "internal response is invalid") {
		t.Errorf("long body: %d %s", w.Code, w.Body)
	}
	a = newApp(t, func(o *images.Options) { o.MaxInputPixels = 300*200 - 1 })
	if w := a.get(ask1); w.Code != 200 || !bytes.Equal(w.Body.Bytes(), a.body) || w.Header().Get("Content-Type") != "image/png" {
		t.Errorf("too many pixels: %d %v", w.Code, w.Header())
	}
	a = newApp(t, func(o *images.Options) { o.BasePath = "/shop" })
	w := a.get("?url=/shop/_next/static/media/a.png&w=128&q=75")
	if got := w.Header().Get("Cache-Control"); got != "public, max-age=315360000, immutable" {
		t.Errorf("static: %q", got)
	}
	if got := a.get("?url=/_next/static/media/a.png&w=128&q=75").Header().Get("Cache-Control"); strings.Contains(got, "immutable") {
		t.Errorf("outside the basePath: %q", got)
	}
}
