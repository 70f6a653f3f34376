package local_test

import (
	"bufio"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pack/lambda/local"
	"pack/tests/runtimeclients"
)

// AWS's own Node runtime client, as its managed runtimes run it.
func TestNodeClient(t *testing.T) {
	node, err := runtimeclients.Install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs("testdata/node")
	if err != nil {
		t.Fatal(err)
	}
	function := func(name string) local.Function {
		return local.Function{
			Name: name, Command: []string{node.Binary, node.Client, "index." + name}, Handler: "index." + name,
			Dir: dir, Timeout: 10 * time.Second, MemoryMB: 512,
		}
	}
	s, _, url := serve(t, local.Options{InitTimeout: 30 * time.Second}, function("streamed"), function("buffered"))

	t.Run("streamed", func(t *testing.T) {
		resp, err := http.Get(url + "/page")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		pieces := bufio.NewReader(resp.Body)
		first, err := pieces.ReadString(' ')
		at := time.Now()
		if err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(pieces)
		if got := first + string(rest); err != nil || got != "one two three" || time.Since(at) < 150*time.Millisecond {
			t.Errorf("got %q, %v; the rest %v after the first piece", got, err, time.Since(at))
		}
		if resp.StatusCode != 203 || resp.Header.Get("X-Number") != "7" || resp.Header.Get("Content-Type") != "text/plain" {
			t.Errorf("got %d %v", resp.StatusCode, resp.Header)
		}
		if diff := cmp.Diff([]string{"n=1", "m=2"}, resp.Header.Values("Set-Cookie")); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("without prelude", func(t *testing.T) {
		if resp, body := get(t, url+"/raw"); resp.StatusCode != 200 || body != "a,b\n" || resp.Header.Get("Content-Type") != "text/csv" {
			t.Errorf("got %d %v %q", resp.StatusCode, resp.Header, body)
		}
	})
	t.Run("error inside the stream", func(t *testing.T) {
		resp, err := http.Get(url + "/midfail")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err == nil {
			t.Errorf("got %q to its end", body)
		}
	})
	t.Run("buffered", func(t *testing.T) {
		req, _ := http.NewRequest("GET", url+"/b", nil)
		req.Header.Set("X-Function", "buffered")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != 202 || string(body) != "é" || resp.Header.Get("X-Path") != "/b" || resp.Header.Get("Set-Cookie") != "c=3" {
			t.Errorf("got %d %v %q, %v", resp.StatusCode, resp.Header, body, err)
		}
	})
	t.Run("thrown", func(t *testing.T) {
		for _, name := range []string{"streamed", "buffered"} {
			st, err := s.Invoke(t.Context(), name, []byte(`{"rawPath":"/throw"}`))
			if err == nil {
				_, err = io.ReadAll(st)
			}
			if err == nil || !strings.Contains(err.Error(), `"errorType":"TypeError"`) || !strings.Contains(err.Error(), `"errorMessage":"thrown"`) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
	if got := s.Stats(); got["streamed"].ColdStarts > 2 || got["buffered"].ColdStarts != 1 {
		t.Errorf("instances did not live on: %+v", got)
	}
}
