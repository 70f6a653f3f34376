package local_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"pack/lambda/local"
)

func TestURLAnswers(t *testing.T) {
	_, _, url := serve(t, local.Options{}, function("f"))
	tests := []struct {
		path, method string
		status       int
		kind, body   string
	}{
		{"/stream", "GET", 201, "text/plain", "streamed"},
		{"/stream", "HEAD", 201, "text/plain", ""},
		{"/nocontent", "GET", 204, "text/plain", ""},
		{"/other", "GET", 200, "application/json", `"ok"`},
		{"/fail", "GET", 502, "application/json", "Internal Server Error"},
		{"/toobig", "GET", 502, "application/json", "Internal Server Error"},
		{"/panic", "GET", 502, "application/json", "Internal Server Error"},
		{"/exit", "GET", 502, "application/json", "Internal Server Error"},
		{"/stream", "GET", 201, "text/plain", "streamed"},
	}
	for _, test := range tests {
		t.Run(test.method+test.path, func(t *testing.T) {
			req, _ := http.NewRequest(test.method, url+test.path, nil)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != test.status || resp.Header.Get("Content-Type") != test.kind || string(body) != test.body {
				t.Errorf("got %d %s %.100q, want %d %s %q", resp.StatusCode, resp.Header.Get("Content-Type"), body,
					test.status, test.kind, test.body)
			}
			if test.path == "/stream" {
				if diff := cmp.Diff([]string{"a=1; Path=/", "b=2"}, resp.Header.Values("Set-Cookie")); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestURLEventAndBody(t *testing.T) {
	_, _, url := serve(t, local.Options{}, function("f"))
	req, _ := http.NewRequest("POST", url+"/echo?a=1&a=2&b=%20c", strings.NewReader("\x00\xffbinary"))
	req.Header.Set("Content-Type", "image/png")
	req.Header.Set("Cookie", "x=1; y=2")
	req.Header["X-Multi"] = []string{"one", "two"}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var ev events.LambdaFunctionURLRequest
	if err := json.NewDecoder(resp.Body).Decode(&ev); err != nil {
		t.Fatal(err)
	}
	if ev.Body != "AP9iaW5hcnk=" || !ev.IsBase64Encoded || ev.RawQueryString != "a=1&a=2&b=%20c" ||
		ev.QueryStringParameters["a"] != "1,2" || ev.Headers["x-multi"] != "one,two" || ev.Headers["cookie"] != "" ||
		ev.RequestContext.HTTP.Method != "POST" || ev.RequestContext.HTTP.SourceIP != "127.0.0.1" {
		t.Errorf("got event %+v", ev)
	}
	if diff := cmp.Diff([]string{"x=1", "y=2"}, ev.Cookies); diff != "" {
		t.Error(diff)
	}
	if got := resp.Header.Get("X-Amzn-Requestid"); got != ev.RequestContext.RequestID {
		t.Errorf("request id %s in the answer, %s in the event", got, ev.RequestContext.RequestID)
	}
}

func TestURLRefusals(t *testing.T) {
	s, _, url := serve(t, local.Options{}, function("f"))
	resp, err := http.Post(url+"/echo", "text/plain", strings.NewReader(strings.Repeat("x", 6<<20+1)))
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("6 MiB and a byte: got %s", resp.Status)
	}
	req, _ := http.NewRequest("GET", url, nil)
	req.Header.Set("X-Function", "nobody")
	if resp, err = http.DefaultClient.Do(req); err != nil || resp.StatusCode != http.StatusNotFound {
		t.Errorf("unknown function: got %v, %v", resp, err)
	}
	if n := s.Stats()["f"].Invocations; n != 0 {
		t.Errorf("%d invocations were made", n)
	}
}

func TestURLStreamsPieceByPiece(t *testing.T) {
	_, _, url := serve(t, local.Options{}, function("f"))
	get(t, url+"/other") // no cold start below
	start := time.Now()
	resp, err := http.Get(url + "/drip")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewReader(resp.Body)
	if line, err := lines.ReadString('\n'); line != "drip 0\n" || err != nil {
		t.Fatalf("got %q, %v", line, err)
	}
	first := time.Since(start)
	rest, err := io.ReadAll(lines)
	if err != nil || !strings.HasSuffix(string(rest), "drip 4\n") {
		t.Fatalf("got %q, %v", rest, err)
	}
	if whole := time.Since(start); first > whole-250*time.Millisecond {
		t.Errorf("the first line came after %v, the last after %v", first, whole)
	}
}

func TestURLLargeStream(t *testing.T) {
	_, _, url := serve(t, local.Options{}, function("f"))
	if _, body := get(t, url+"/big"); len(body) != 20<<20 {
		t.Errorf("got %d bytes", len(body))
	}
}

func TestURLBreaksOff(t *testing.T) {
	_, _, url := serve(t, local.Options{}, function("f"))
	for _, path := range []string{"/midfail", "/midexit"} {
		resp, err := http.Get(url + path)
		if err != nil { // the failure came before anything was sent
			continue
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err == nil {
			t.Errorf("%s: got %d %q to its end", path, resp.StatusCode, body)
		}
	}
	if resp, _ := get(t, url+"/stream"); resp.StatusCode != 201 {
		t.Errorf("afterwards: got %d", resp.StatusCode)
	}
}

func TestPostResponseWork(t *testing.T) {
	f := function("f")
	f.MaxInstances = 1
	_, log, url := serve(t, local.Options{MaxWait: 5 * time.Second}, f)
	get(t, url+"/other")
	start := time.Now()
	resp, body := get(t, url+"/after")
	if took := time.Since(start); body != "first" || took > 200*time.Millisecond {
		t.Errorf("got %q after %v; want it before 300 ms of post-response work", body, took)
	}
	again, _ := get(t, url+"/stream")
	if took := time.Since(start); took < 300*time.Millisecond {
		t.Errorf("the next invocation was answered after %v, inside the post-response work", took)
	}
	if again.Header.Get("X-Pid") != resp.Header.Get("X-Pid") {
		t.Error("the second invocation got another instance")
	}
	if !strings.Contains(log.String(), "] after done\n") {
		t.Error("the post-response work was not completed")
	}
}

func TestClientGoesAway(t *testing.T) {
	f := function("f")
	s, _, url := serve(t, local.Options{FreezeAfter: -1}, f)
	resp, err := http.Get(url + "/drip")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	eventually(t, "the function runs to its end", func() bool { return s.Stats()["f"].Idle == 1 })
	if st := s.Stats()["f"]; st.Errors != 0 || st.Instances != 1 {
		t.Errorf("got %+v", st)
	}
}
