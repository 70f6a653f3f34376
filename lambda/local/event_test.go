package local_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"pack/lambda/local"
)

func decodeEvent(t *testing.T, r *http.Request, body []byte) events.LambdaFunctionURLRequest {
	t.Helper()
	doc := local.Event(r, body)
	var ev events.LambdaFunctionURLRequest
	if err := json.Unmarshal(doc, &ev); err != nil {
		t.Fatalf("%v: %s", err, doc)
	}
	return ev
}

func TestEvent(t *testing.T) {
	r := httptest.NewRequest("PUT", "/a%20b/%C3%A9?x=1&y=%26&x=2&flag&=&bad=%zz&z=a+%2Bb", nil)
	r.Host = "f.localhost:8080"
	r.RemoteAddr = "10.0.0.1:1234"
	r.Header = http.Header{
		"Content-Type": {"application/json; charset=utf-8"}, "User-Agent": {`a "b"`}, "Cookie": {"a=1; b=2", "c=3"},
		"X-Forwarded-For": {"1.2.3.4"}, "X-Forwarded-Proto": {"gopher"}, "X-Many": {"1", "2"},
	}
	got := decodeEvent(t, r, []byte("{\"a\":\"\u2028é\x01\"}"))
	trace := got.Headers["x-amzn-trace-id"]
	delete(got.Headers, "x-amzn-trace-id")
	want := events.LambdaFunctionURLRequest{
		Version: "2.0", RawPath: "/a%20b/%C3%A9", RawQueryString: "x=1&y=%26&x=2&flag&=&bad=%zz&z=a %2Bb",
		Cookies: []string{"a=1", "b=2", "c=3"},
		Headers: map[string]string{
			"content-type": "application/json; charset=utf-8", "user-agent": `a "b"`, "host": "f.localhost:8080",
			"x-forwarded-for": "1.2.3.4, 10.0.0.1", "x-forwarded-proto": "http", "x-forwarded-port": "8080", "x-many": "1,2",
		},
		QueryStringParameters: map[string]string{"x": "1,2", "y": "&", "flag": "", "": "", "bad": "%zz", "z": "a +b"},
		Body:                  "{\"a\":\"\u2028é\x01\"}",
		RequestContext: events.LambdaFunctionURLRequestContext{
			AccountID: "anonymous", RequestID: "id", APIID: "f", DomainName: "f.localhost:8080", DomainPrefix: "f",
			Time: "14/Nov/2023:22:13:20 +0000", TimeEpoch: 1_700_000_000_005,
			HTTP: events.LambdaFunctionURLRequestContextHTTPDescription{
				Method: "PUT", Path: "/a%20b/%C3%A9", Protocol: "HTTP/1.1", SourceIP: "10.0.0.1", UserAgent: `a "b"`,
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(trace) != len("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1") {
		t.Errorf("trace %q", trace)
	}
}

// A query as long as net/http lets through must not cost more than its length.
func TestEventOfManyParameters(t *testing.T) {
	var query strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&query, "p%d=%d&", i, i)
	}
	query.WriteString("p7=again")
	r := httptest.NewRequest("GET", "/?"+query.String(), nil)
	start := time.Now()
	got := decodeEvent(t, r, nil).QueryStringParameters
	if len(got) != 100_000 || got["p7"] != "7,again" {
		t.Errorf("got %d parameters, p7=%q", len(got), got["p7"])
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func FuzzEvent(f *testing.F) {
	f.Add("/a", "x=1&x=2", "X-A", "v", "a=1; b", "text/plain", []byte("body"))
	f.Add("/%ff", "\xff=%ff&\xfe=1", "Cookie", "\xff\x00", ";;", "image/png", []byte{0, 255})
	f.Add("no slash", "&&=", "host", "\"\\\u2028", "", "application/json", []byte("{\"\x01\"}"))
	f.Fuzz(func(t *testing.T, path, query, name, value, cookie, contentType string, body []byte) {
		r := &http.Request{Method: "POST", Proto: "HTTP/1.1", Host: value, RemoteAddr: "[::1]:80", URL: &url.URL{}, Header: http.Header{}}
		r.RequestURI = "/" + path + "?" + query
		r.Header.Set("X-A", value)
		r.Header.Set("Cookie", cookie)
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Z"+strings.Map(func(c rune) rune { // names are tokens, see RFC 9110
			if c > ' ' && c < 0x7f && !strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c) {
				return c
			}
			return -1
		}, name), value)
		ev := decodeEvent(t, r, body)
		utf := func(s string) string { return strings.ToValidUTF8(replaced(s), "\uFFFD") }
		wantPath, wantQuery, _ := strings.Cut(r.RequestURI, "?")
		wantQuery = strings.ReplaceAll(wantQuery, "+", " ")
		if ev.RawPath != utf(wantPath) || ev.RawQueryString != utf(wantQuery) || ev.Headers["x-a"] != utf(value) {
			t.Errorf("got %q %q %q", ev.RawPath, ev.RawQueryString, ev.Headers["x-a"])
		}
		if ev.Headers["content-type"] != utf(contentType) || ev.Headers["host"] != utf(value) {
			t.Errorf("got %v", ev.Headers)
		}
		got := []byte(ev.Body)
		if ev.IsBase64Encoded {
			var err error
			if got, err = base64.StdEncoding.DecodeString(ev.Body); err != nil {
				t.Fatal(err)
			}
		}
		if string(got) != string(body) {
			t.Errorf("body %q became %q", body, got)
		}
		for _, c := range ev.Cookies {
			if c == "" || strings.Contains(c, ";") {
				t.Errorf("cookie %q", c)
			}
		}
	})
}

// replaced does to every single bad byte what strings.ToValidUTF8 does to runs of them.
func replaced(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}
