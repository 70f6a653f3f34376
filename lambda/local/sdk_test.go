package local_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"pack/lambda/local"
)

func client(url string) *lambda.Client {
	return lambda.New(lambda.Options{
		BaseEndpoint: aws.String(url), Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""), HTTPClient: awshttp.NewBuildableClient(),
	})
}

func TestSDKInvoke(t *testing.T) {
	s, _, url := serve(t, local.Options{}, function("f"))
	c := client(url)
	ctx := context.Background()
	invoke := func(name, what string, kind types.InvocationType, qualifier *string) (*lambda.InvokeOutput, error) {
		return c.Invoke(ctx, &lambda.InvokeInput{
			FunctionName: aws.String(name), Payload: do(what), InvocationType: kind, Qualifier: qualifier,
			ClientContext: aws.String("e30="),
		})
	}
	out, err := invoke("f", "other", types.InvocationTypeRequestResponse, nil)
	if err != nil || string(out.Payload) != `"ok"` || out.StatusCode != 200 || aws.ToString(out.ExecutedVersion) != "$LATEST" {
		t.Fatalf("got %+v, %v", out, err)
	}
	out, err = invoke("arn:aws:lambda:us-east-1:123456789012:function:f", "fail", "", aws.String("$LATEST"))
	if err != nil || aws.ToString(out.FunctionError) != "Unhandled" ||
		!strings.Contains(string(out.Payload), `"errorMessage":"handler failed"`) {
		t.Errorf("got %+v, %v", out, err)
	}
	if out, err = invoke("f", "toobig", "", nil); err != nil || aws.ToString(out.FunctionError) != "Unhandled" ||
		!strings.Contains(string(out.Payload), "Function.ResponseSizeTooLarge") {
		t.Errorf("got %+v, %v", out, err)
	}
	if out, err = invoke("f", "x", types.InvocationTypeDryRun, nil); err != nil || out.StatusCode != 204 {
		t.Errorf("dry run: got %+v, %v", out, err)
	}
	before := s.Stats()["f"].Invocations
	if out, err = invoke("f", "slow", types.InvocationTypeEvent, nil); err != nil || out.StatusCode != 202 {
		t.Errorf("event: got %+v, %v", out, err)
	}
	eventually(t, "the event is handled", func() bool { return s.Stats()["f"].Invocations == before+1 })
	var notFound *types.ResourceNotFoundException
	if _, err = invoke("nobody", "x", "", nil); !errors.As(err, &notFound) {
		t.Errorf("got %v", err)
	}
	if _, err = invoke("f", "x", "", aws.String("7")); !errors.As(err, &notFound) {
		t.Errorf("got %v", err)
	}
	var tooLarge *types.RequestTooLargeException
	if _, err = invoke("f", strings.Repeat("x", 6<<20), "", nil); !errors.As(err, &tooLarge) {
		t.Errorf("got %v", err)
	}
	var content *types.InvalidRequestContentException
	if _, err = invoke("f", `"`, "", nil); !errors.As(err, &content) {
		t.Errorf("got %v", err)
	}
}

func TestSDKThrottled(t *testing.T) {
	f := function("f")
	f.MaxInstances = 1
	s, _, url := serve(t, local.Options{}, f)
	done := make(chan error)
	go func() { _, err := call(s, "f", "slow"); done <- err }()
	eventually(t, "it is busy", func() bool { return s.Stats()["f"].Instances == 1 })
	_, err := client(url).Invoke(context.Background(), &lambda.InvokeInput{FunctionName: aws.String("f")})
	var throttled *types.TooManyRequestsException
	if !errors.As(err, &throttled) || throttled.Reason != types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded {
		t.Errorf("got %v", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// streamed reads an answer of the streaming API: its pieces, the time of the first,
// and the error at its end.
func streamed(t *testing.T, c *lambda.Client, what string) (pieces []string, first time.Time, end types.InvokeWithResponseStreamCompleteEvent) {
	t.Helper()
	out, err := c.InvokeWithResponseStream(context.Background(), &lambda.InvokeWithResponseStreamInput{FunctionName: aws.String("f"), Payload: do(what)})
	if err != nil {
		t.Fatal(err)
	}
	stream := out.GetStream()
	defer func() { _ = stream.Close() }()
	complete := false
	for e := range stream.Events() {
		switch e := e.(type) {
		case *types.InvokeWithResponseStreamResponseEventMemberPayloadChunk:
			if len(pieces) == 0 {
				first = time.Now()
			}
			pieces = append(pieces, string(e.Value.Payload))
		case *types.InvokeWithResponseStreamResponseEventMemberInvokeComplete:
			complete, end = true, e.Value
		}
	}
	if err := stream.Err(); err != nil || !complete {
		t.Errorf("%s: complete %v, %v", what, complete, err)
	}
	return pieces, first, end
}

func TestSDKStream(t *testing.T) {
	_, _, url := serve(t, local.Options{}, function("f"))
	c := client(url)
	pieces, first, end := streamed(t, c, "drip")
	if whole := strings.Join(pieces, ""); !strings.HasSuffix(whole, "\x00\x00drip 0\ndrip 1\ndrip 2\ndrip 3\ndrip 4\n") ||
		end.ErrorCode != nil || time.Since(first) < 250*time.Millisecond {
		t.Errorf("got %q within %v, %+v", pieces, time.Since(first), end)
	}
	for what, detail := range map[string]string{
		"fail": "handler failed", "midfail": "broke in the middle", "midexit": "exit status 4", "exit": "Runtime.ExitError",
	} {
		if _, _, end = streamed(t, c, what); aws.ToString(end.ErrorCode) != "Unhandled" || !strings.Contains(aws.ToString(end.ErrorDetails), detail) {
			t.Errorf("%s: got %s %s", what, aws.ToString(end.ErrorCode), aws.ToString(end.ErrorDetails))
		}
	}
}

// The Runtime API itself, as a runtime that makes mistakes sees it. The function does
// nothing; the test speaks for it.
func TestRuntimeAPIStatuses(t *testing.T) {
	f := function("f")
	f.Env[roleVar] = "reveal"
	log := &lines{}
	s, _, _ := serve(t, local.Options{Logs: log, FreezeAfter: -1}, f)
	type result struct {
		body string
		err  error
	}
	answers := make(chan result, 1)
	go func() {
		st, err := s.Invoke(context.Background(), "f", []byte(`{"n":1}`))
		if err != nil {
			answers <- result{"", err}
			return
		}
		b, err := io.ReadAll(st)
		answers <- result{string(b), err}
	}()
	var api string
	eventually(t, "the function says where its API is", func() bool {
		_, after, ok := strings.Cut(log.String(), "api=")
		api, _, _ = strings.Cut(after, "\n")
		return ok && strings.Contains(after, "\n")
	})
	base := "http://" + api + "/2018-06-01/runtime/"
	expect := func(method, path string, header http.Header, body string, status int) *http.Response {
		t.Helper()
		req, _ := http.NewRequest(method, base+path, strings.NewReader(body))
		for k, v := range header {
			req.Header[k] = v
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != status || !json.Valid(text) {
			t.Errorf("%s %s: got %d %s, want %d", method, path, resp.StatusCode, text, status)
		}
		return resp
	}
	expect("POST", "invocation/x/response", nil, "", 403) // nothing was handed out
	expect("GET", "invocation/x/response", nil, "", 405)
	expect("GET", "nowhere", nil, "", 404)
	next := expect("GET", "invocation/next", nil, "", 200)
	id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
	for _, name := range []string{"Lambda-Runtime-Deadline-Ms", "Lambda-Runtime-Invoked-Function-Arn", "Lambda-Runtime-Trace-Id"} {
		if next.Header.Get(name) == "" {
			t.Errorf("%s is missing", name)
		}
	}
	expect("POST", "invocation/wrong/response", nil, "x", 400)
	expect("GET", "invocation/next", nil, "", 403) // an answer is due
	expect("POST", "init/error", nil, "{}", 403)   // too late
	expect("POST", "invocation/"+id+"/response", http.Header{"Expect": {"100-continue"}}, strings.Repeat("x", 2000), 202)
	expect("POST", "invocation/"+id+"/response", nil, "twice", 400)
	if got := <-answers; got.err != nil || got.body != strings.Repeat("x", 2000) {
		t.Errorf("got %q, %v", got.body, got.err)
	}

	go func() {
		_, err := s.Invoke(context.Background(), "f", []byte(`{"n":2}`))
		answers <- result{"", err}
	}()
	id = expect("GET", "invocation/next", nil, "", 200).Header.Get("Lambda-Runtime-Aws-Request-Id")
	expect("POST", "invocation/"+id+"/error", http.Header{"Lambda-Runtime-Function-Error-Type": {"My.Type"}}, `{"errorMessage":"m"}`, 202)
	var failed *local.FunctionError
	if got := <-answers; !errors.As(got.err, &failed) || failed.Type != "My.Type" || string(failed.Payload) != `{"errorMessage":"m"}` {
		t.Errorf("got %v", got.err)
	}
	// A buffered answer over 6 MiB, asked for as the Invoke API does.
	go func() {
		w := &recorder{header: http.Header{}}
		r, _ := http.NewRequest("POST", "/2015-03-31/functions/f/invocations", strings.NewReader("{}"))
		s.ServeHTTP(w, r)
		answers <- result{fmt.Sprint(w.header.Get("X-Amz-Function-Error"), w.body.String()), nil}
	}()
	id = expect("GET", "invocation/next", nil, "", 200).Header.Get("Lambda-Runtime-Aws-Request-Id")
	expect("POST", "invocation/"+id+"/response", nil, strings.Repeat("x", 6<<20+101), 413)
	if got := <-answers; !strings.Contains(got.body, "Unhandled") || !strings.Contains(got.body, "6291556 bytes") {
		t.Errorf("got %.200s", got.body)
	}
}

type recorder struct {
	header http.Header
	status int
	body   strings.Builder
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
