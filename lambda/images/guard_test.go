package images_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"pack/lambda/images"
	"pack/manifest"
)

// guarded asks for an address of an app that allows every host. Requests that
// get through the guard reach transport, if there is one.
func guarded(t *testing.T, address string, client *http.Client) *httptest.ResponseRecorder {
	t.Helper()
	settings := resolved(t, nil)
	settings.RemotePatterns = []manifest.ImagePattern{{Hostname: "**"}}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/_next/image?w=64&q=75&url="+url.QueryEscape(address), nil)
	images.New(images.Options{Images: settings, Client: client, Timeout: 300 * time.Millisecond}).ServeHTTP(w, r)
	return w
}

func TestGuardRefusesBeforeConnecting(t *testing.T) {
	reached := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	for _, host := range []string{"127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "127.0.0.1.", "0.0.0.0"} {
		address := "http://" + host + server.URL[strings.LastIndex(server.URL, ":"):]
		if w := guarded(t, address, nil); w.Code != 400 || w.Body.String() != `"url" parameter is not allowed` {
			t.Errorf("%s: %d %s", address, w.Code, w.Body)
		}
	}
	if reached {
		t.Error("a guarded address was connected to")
	}
}

// TestGuardOnRedirects: the first host is public as far as the client knows; the
// second goes through the guard.
func TestGuardOnRedirects(t *testing.T) {
	for _, target := range []string{"http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:1/", "http://[fd00:ec2::254]/", "//10.0.0.1/a.png"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Location"] = []string{target}
			w.WriteHeader(http.StatusFound)
		}))
		client := &http.Client{Transport: firstHop{server.URL, images.GuardedTransport()}}
		if w := guarded(t, "http://pictures.test/a.png", client); w.Code != 400 || w.Body.String() != `"url" parameter is not allowed` {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
		server.Close()
	}
}

// firstHop sends requests for pictures.test to a server on this machine.
type firstHop struct {
	origin string
	rest   http.RoundTripper
}

func (f firstHop) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "pictures.test" {
		return f.rest.RoundTrip(r)
	}
	to, err := http.NewRequestWithContext(r.Context(), r.Method, f.origin, nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultTransport.RoundTrip(to)
}

func TestGuardOnNames(t *testing.T) {
	address := func(texts ...string) (out []netip.Addr) {
		for _, text := range texts {
			out = append(out, netip.MustParseAddr(text))
		}
		return out
	}
	names := images.FakeNames{
		"public.test": address("198.20.0.1", "2606:4700::1"),
		"mixed.test":  address("198.20.0.1", "10.0.0.1"),
		"inner.test":  address("169.254.169.254"),
	}
	for _, c := range []struct {
		host    string
		dialled int
		private bool
	}{
		{"public.test", 2, false}, {"mixed.test", 0, true}, {"inner.test", 0, true}, {"none.test", 0, false},
	} {
		dialled, err := images.DialPublic(names, c.host+":80")
		if err == nil || errors.Is(err, images.ErrPrivate) != c.private || len(dialled) != c.dialled {
			t.Errorf("%s: dialled %v, %v", c.host, dialled, err)
		}
	}
}

// FuzzParameters: every request gets an answer that the endpoint knows, and
// only addresses that the app's patterns allow are fetched.
func FuzzParameters(f *testing.F) {
	for _, query := range []string{"", ask1, "?url=//x&w=64&q=75", "?url=/%zz&w=64&q=75", "?url=http://[::1]/&w=64&q=75", "?url=/made/a.png%3Fx&w=64&q=75", "?url=%&w=1&q="} {
		f.Add(query, "image/webp,*/*;q=0.1")
	}
	f.Fuzz(func(t *testing.T, query, accept string) {
		a := newApp(t, nil)
		a.body = []byte("<svg/>")
		r := httptest.NewRequest(http.MethodGet, "/_next/image", nil)
		r.URL.RawQuery = strings.TrimPrefix(query, "?")
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		a.handler.ServeHTTP(w, r)
		if w.Code != 400 && w.Code != 500 {
			t.Errorf("%q: %d", query, w.Code)
		}
		if w.Header().Get("Content-Type") != "" || w.Body.Len() == 0 {
			t.Errorf("%q: %v %q", query, w.Header(), w.Body)
		}
		if strings.Contains(fmt.Sprint(w.Header()), "\n") {
			t.Errorf("%q: %v", query, w.Header())
		}
	})
}
