package images_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pack/lambda/images"
	"pack/manifest"
)

// shelf is a Cache in memory.
type shelf struct {
	mu      sync.Mutex
	entries map[string]images.Entry
}

func newShelf() *shelf { return &shelf{entries: map[string]images.Entry{}} }

func (s *shelf) Get(_ context.Context, key string) (*images.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.entries[key]; ok {
		return &e, nil
	}
	return nil, nil
}

func (s *shelf) Put(_ context.Context, key string, e *images.Entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries[key] = *e
	return nil
}

// resolved is the `images` block as Next completes it
// (next/dist/shared/lib/image-config.js and server/config.js).
func resolved(t *testing.T, settings map[string]any) manifest.Images {
	t.Helper()
	empty := ""
	out := manifest.Images{
		Path:        "/_next/image",
		Loader:      "default",
		DeviceSizes: []int{640, 750, 828, 1080, 1200, 1920, 2048, 3840},
		ImageSizes:  []int{32, 48, 64, 96, 128, 256, 384},
		Qualities:   []int{75}, Formats: []string{"image/webp"},
		LocalPatterns:   []manifest.ImagePattern{{Pathname: "**", Search: &empty}},
		MinimumCacheTTL: 14400, MaximumRedirects: 3, MaximumResponseBody: 50_000_000,
		ContentSecurityPolicy:  "script-src 'none'; frame-src 'none'; sandbox;",
		ContentDispositionType: "attachment",
	}
	block, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	if settings["localPatterns"] != nil {
		out.LocalPatterns = nil
	}
	if err := json.Unmarshal(block, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// handler serves the same settings, with the app's own addresses fetched from
// `next start` at origin.
func handler(t *testing.T, origin string, settings map[string]any) string {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	server := httptest.NewServer(images.New(images.Options{
		Images: resolved(t, settings),
		Store:  newShelf(),
		Local: func(ctx context.Context, path string, header http.Header) (*http.Response, error) {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+path, nil)
			if err != nil {
				return nil, err
			}
			request.Header = header.Clone()
			return client.Do(request)
		},
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// answer is what a viewer sees, without what differs between two encoders.
type answer struct {
	Status                int
	Type, Caching, Vary   string
	Disposition, Policy   string
	State, ETag, Location string
	Body                  string
	Width, Height         int
}

// visit is one request.
type visit struct {
	query  string
	method string
	header http.Header
}

func (v visit) String() string {
	name := v.query
	if len(name) > 120 {
		name = name[:120] + "…"
	}
	for _, field := range []string{"Accept", "If-None-Match", "Cache-Control", "If-Modified-Since"} {
		if value := v.header.Get(field); value != "" {
			name += " " + field + ": " + value
		}
	}
	return v.method + " " + name
}

// look makes a request (Vary without the part of Next's compression) and returns what is seen and, of a picture that an
// encoder made, its bytes.
func look(t *testing.T, origin string, v visit) (answer, []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, v.method, origin+"/_next/image"+v.query, nil)
	if err != nil {
		t.Error(err)
		return answer{}, nil
	}
	for name, values := range v.header {
		request.Header[name] = values
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Errorf("%s: %v", v, err)
		return answer{}, nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Errorf("%s: %v", v, err)
	}
	h := response.Header
	a := answer{
		Status: response.StatusCode, Type: h.Get("Content-Type"), Caching: h.Get("Cache-Control"), Vary: strings.TrimSuffix(h.Get("Vary"), ", Accept-Encoding"),
		Disposition: h.Get("Content-Disposition"), Policy: h.Get("Content-Security-Policy"), State: h.Get("X-Nextjs-Cache"), ETag: h.Get("ETag"),
	}
	picture := decodeAny(a.Type, body)
	if a.Status == 200 && picture == nil || a.Status != 200 {
		a.Body = string(body)
	}
	if v.method == http.MethodHead || picture != nil {
		a.ETag = strconv.Itoa(len(a.ETag)) + " characters"
	}
	if picture == nil {
		return a, nil
	}
	if length := h.Get("Content-Length"); length != strconv.Itoa(len(body)) {
		t.Errorf("%s: Content-Length %q for %d bytes", v, length, len(body))
	}
	a.Width, a.Height = picture.Bounds().Dx(), picture.Bounds().Dy()
	return a, body
}

// upstreamServer is another host: what it does with a request is in its path.
func upstreamServer(t *testing.T, folder string) string {
	t.Helper()
	read := func(name string) []byte {
		content, _ := os.ReadFile(filepath.Join(folder, "public", "made", name))
		return content
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/open/{name}", func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.URL.Query() {
			w.Header().Set(name, values[0])
		}
		content := read(r.PathValue("name"))
		if content == nil {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write(content)
	})
	mux.HandleFunc("/open/status/{status}", func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(r.PathValue("status"))
		w.WriteHeader(status)
	})
	mux.HandleFunc("/open/hop/{left}", func(w http.ResponseWriter, r *http.Request) {
		left, _ := strconv.Atoi(r.PathValue("left"))
		target := "/open/small.png"
		if left > 1 {
			target = fmt.Sprint("/open/hop/", left-1)
		}
		http.Redirect(w, r, target, http.StatusFound)
	})
	mux.HandleFunc("/open/to", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Location"] = []string{r.URL.Query().Get("url")}
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/open/nowhere", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) })
	mux.HandleFunc("/open/empty", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("/open/long", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 300_000)) })
	mux.HandleFunc("/open/slow-body", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(read("small.png")[:100])
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(9 * time.Second):
		}
	})
	mux.HandleFunc("/open/reset", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/open/coded/{coding}", func(w http.ResponseWriter, r *http.Request) {
		coding := r.PathValue("coding")
		w.Header().Set("Content-Encoding", coding)
		var out bytes.Buffer
		switch coding {
		case "gzip":
			z := gzip.NewWriter(&out)
			_, _ = z.Write(read("small.png"))
			_ = z.Close()
		case "deflate":
			z := zlib.NewWriter(&out)
			_, _ = z.Write(read("small.png"))
			_ = z.Close()
		default:
			out.Write(read("small.png"))
		}
		_, _ = w.Write(out.Bytes())
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

const (
	browser = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
	older   = "image/webp,*/*"
)

func get(query string) visit {
	return visit{query: query, method: http.MethodGet, header: http.Header{}}
}

func getAs(accept, query string) visit {
	return visit{query: query, method: http.MethodGet, header: http.Header{"Accept": {accept}}}
}

func of(address, rest string) string { return "?url=" + url.QueryEscape(address) + rest }

// compare makes the visits to both and reports every difference.
func compare(t *testing.T, settings map[string]any, visits []visit) {
	t.Helper()
	origin := startNext(t, settings)
	ours := handler(t, origin, settings)
	for _, v := range visits {
		var want answer
		var theirs []byte
		var next sync.WaitGroup
		next.Go(func() { want, theirs = look(t, origin, v) })
		got, mine := look(t, ours, v)
		next.Wait()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: next start (-) and the handler (+) differ:\n%s", v, diff)
			continue
		}
		if mine == nil || bytes.Equal(mine, theirs) {
			continue
		}
		quality := likeness(t, want.Type, theirs, mine)
		t.Logf("%s: %s %d×%d, %.1f dB, %d bytes, sharp %d", v, want.Type, want.Width, want.Height, quality, len(mine), len(theirs))
		// CMYK is converted without sharp's profile; at quality 1, and in 40
		// pixels of AVIF, each encoder drops what it likes.
		if quality < 30 && !(v.header.Get("Accept") != "" && want.Width < 64 && quality > 27) && !strings.Contains(v.query, "cmyk") && !strings.HasSuffix(v.query, "q=1") {
			t.Errorf("%s: %.1f dB between the pictures", v, quality)
		}
	}
}
