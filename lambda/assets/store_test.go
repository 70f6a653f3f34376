package assets_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"pack/lambda/assets"
	"pack/lambda/bucket"
	"pack/lambda/gateway"
	"pack/manifest"
	"pack/s3cache"
	"pack/tests/awsservers"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }

// transfer counts requests and the bytes of their answers.
type transfer struct{ requests, bytes atomic.Int64 }

func (c *transfer) RoundTrip(r *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	response, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		response.Body = &counted{response.Body, &c.bytes}
	}
	return response, err
}

type counted struct {
	io.ReadCloser
	bytes *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}

// TestGateway: the gateway answers with files of the bucket, of which it reads
// no more than what is asked for, and the small ones once.
func TestGateway(t *testing.T) {
	storage := awsservers.S3(t)
	name, traffic := awsservers.NewBucket(t, storage), &transfer{}
	client := s3.NewFromConfig(storage.Config, func(o *s3.Options) {
		o.UsePathStyle, o.HTTPClient = true, &http.Client{Transport: traffic}
	})
	large := bytes.Repeat([]byte("0123456789abcdef"), 200<<10/16*8) // 1.6 MB
	d := &manifest.Deployment{ID: "d1", App: manifest.App{BasePath: "/shop", GenerateETags: true}}
	file := func(pathname, source string, content []byte) {
		sum := sha256.Sum256(content)
		d.Assets = append(d.Assets, manifest.Asset{
			Pathname: pathname, File: "nowhere", Size: int64(len(content)), Digest: hex.EncodeToString(sum[:]), Source: source, Immutable: source == "static",
		})
	}
	put := func(key string, content []byte) {
		t.Helper()
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &name, Key: &key, Body: bytes.NewReader(content)}); err != nil {
			t.Fatal(err)
		}
	}
	file("/shop/size guide.txt", "public", []byte("S, M and L"))
	file("/shop/film.mp4", "public", large)
	file("/shop/_next/static/chunks/a.js", "static", []byte("1+1"))
	file("/shop/404", "page", []byte("<h1>not here</h1>"))
	for i := range d.Assets {
		put("assets/"+d.AssetKey(&d.Assets[i]), [][]byte{[]byte("S, M and L"), large, []byte("1+1"), []byte("<h1>not here</h1>")}[i])
	}
	put("assets/static/shop/_next/static/chunks/old.js", []byte("0+1"))
	put("assets/static/secret", []byte("secret"))
	file("/shop/lost.txt", "public", []byte("lost"))
	store, tags, err := s3cache.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer tags.Close()
	g, err := gateway.New(gateway.Options{
		Deployment: d, Cache: s3cache.New(s3cache.Options{Store: store, Tags: tags}),
		Files: &assets.Store{Bucket: bucket.New(client, name), Prefix: "assets", Deployment: d},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g)
	defer server.Close()
	ask := func(method, path, line string) (*http.Response, []byte, error) {
		r := &http.Request{Method: method, Header: http.Header{}, URL: &url.URL{Scheme: "http", Host: server.Listener.Addr().String(), Opaque: path}}
		if name, value, ok := strings.Cut(line, ": "); ok {
			r.Header.Set(name, value)
		}
		response, err := http.DefaultTransport.RoundTrip(r.WithContext(t.Context()))
		if err != nil {
			return nil, nil, err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return response, body, err
	}
	for _, c := range []struct {
		method, path, header string
		status               int
		body                 []byte
		// requests and most are what may be asked of the bucket: requests, bytes.
		requests, most int64
	}{
		{"GET", "/shop/size%20guide.txt", "", 200, []byte("S, M and L"), 1, 100},
		{"GET", "/shop/size%20guide.txt", "", 200, []byte("S, M and L"), 0, 0},
		{"GET", "/shop/size%20guide.txt", "Range: bytes=3-3", 206, []byte("M"), 0, 0},
		{"HEAD", "/shop/film.mp4", "", 200, nil, 0, 0},
		{"GET", "/shop/film.mp4", `If-None-Match: "` + d.Assets[1].Digest[:32] + `"`, 304, nil, 0, 0},
		{"GET", "/shop/film.mp4", "", 200, large, 1, int64(len(large))},
		{"GET", "/shop/film.mp4", "Range: bytes=1000000-1000015", 206, large[1000000:1000016], 1, 16},
		{"GET", "/shop/film.mp4", "Range: bytes=-10", 206, large[len(large)-10:], 1, 10},
		{"GET", "/shop/film.mp4", "Range: bytes=9999999-", 416, nil, 0, 0},
		{"GET", "/shop/_next/static/chunks/a.js", "", 200, []byte("1+1"), 1, 100},
		{"GET", "/shop/_next/static/chunks/old.js", "", 200, []byte("0+1"), 1, 100},
		{"GET", "/shop/_next/static/chunks/none.js", "", 404, []byte("Not Found"), 1, 1000},
		{"GET", "/shop/_next/static/../../../secret", "", 404, nil, -1, 0},
		{"GET", "/shop/nothing", "", 404, []byte("<h1>not here</h1>"), 1, 100},
		{"GET", "/shop/nothing", "", 404, []byte("<h1>not here</h1>"), 0, 0},
	} {
		requests, read := traffic.requests.Load(), traffic.bytes.Load()
		response, body, err := ask(c.method, c.path, c.header)
		if err != nil || response.StatusCode != c.status || c.body != nil && !bytes.Equal(body, c.body) || strings.Contains(string(body), "secret") {
			t.Errorf("%s %s %s: %v, %v, %d bytes: %.40s", c.method, c.path, c.header, err, response, len(body), body)
			continue
		}
		requests, read = traffic.requests.Load()-requests, traffic.bytes.Load()-read
		if c.requests >= 0 && (requests != c.requests || read > c.most) {
			t.Errorf("%s %s %s: %d requests, %d bytes read", c.method, c.path, c.header, requests, read)
		}
		if strings.HasSuffix(c.path, ".js") && c.status == 200 &&
			(response.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || !strings.HasPrefix(response.Header.Get("Content-Type"), "application/javascript")) {
			t.Errorf("%s: %v", c.path, response.Header)
		}
	}
	if _, body, err := ask("GET", "/shop/lost.txt", ""); err == nil {
		t.Errorf("a file that is not in the bucket is answered with %q", body)
	}
}

// TestBrokenOff: a file whose transfer breaks off is gone on with where it ended.
func TestBrokenOff(t *testing.T) {
	storage := awsservers.S3(t)
	name, faults := awsservers.NewBucket(t, storage), awsservers.NewFaults(t, storage)
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<20/16)
	key := "assets/files/d"
	direct := s3.NewFromConfig(storage.Config, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := direct.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &name, Key: &key, Body: bytes.NewReader(content)}); err != nil {
		t.Fatal(err)
	}
	client := s3.New(direct.Options(), func(o *s3.Options) { o.BaseEndpoint = &faults.Server.Endpoint })
	s := &assets.Store{Bucket: bucket.New(client, name), Prefix: "assets", Deployment: &manifest.Deployment{}}
	asset := &manifest.Asset{Pathname: "/film.mp4", Digest: "d", Size: int64(len(content))}
	read := func() ([]byte, error) {
		f := s.Open(t.Context(), asset, -1)
		defer f.Close()
		return io.ReadAll(f)
	}
	faults.Next(2, awsservers.Fault{Kind: awsservers.HalfAnswer})
	if got, err := read(); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if seen := faults.Seen(); len(seen) != 3 {
		t.Errorf("asked %q", seen)
	}
	faults.Next(1000, awsservers.Fault{Kind: awsservers.HalfAnswer})
	if got, err := read(); err == nil {
		t.Errorf("%d bytes read as whole", len(got))
	}
}
