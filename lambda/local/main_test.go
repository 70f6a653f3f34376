package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"pack/lambda/local"
)

// The test binary is also the functions under test, and a program that runs a Service
// to be killed: which one is said by a variable.
const (
	roleVar   = "LOCAL_TEST_ROLE"
	markerVar = "LOCAL_TEST_MARKER"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVar) {
	case "":
		os.Exit(m.Run())
	case "function":
		fmt.Println("starting")
		lambda.Start(handle)
	case "init-error":
		panic("no database")
	case "init-exit":
		os.Exit(3)
	case "init-hang":
		select {}
	case "child":
		beat()
	case "reveal":
		fmt.Println("api=" + os.Getenv("AWS_LAMBDA_RUNTIME_API"))
		select {}
	case "service":
		runVictim()
	case "trivial":
		lambda.Start(func(context.Context, json.RawMessage) (*events.LambdaFunctionURLStreamingResponse, error) {
			return &events.LambdaFunctionURLStreamingResponse{
				Headers: map[string]string{"Content-Type": "text/plain"}, Body: strings.NewReader("hello"),
			}, nil
		})
	}
	os.Exit(1)
}

// afterResponse is a body whose Close is post-response work.
type afterResponse struct {
	io.Reader
	close func()
}

func (a *afterResponse) Close() error {
	a.close()
	return nil
}

func (a *afterResponse) ContentType() string {
	return "application/vnd.awslambda.http-integration-response"
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broke in the middle") }

// handle is what the functions do, chosen by the path of the URL or by the payload.
func handle(ctx context.Context, payload json.RawMessage) (any, error) {
	var ev struct {
		events.LambdaFunctionURLRequest
		Do string
	}
	if err := json.Unmarshal(payload, &ev); err != nil {
		return nil, err
	}
	do := ev.Do
	if do == "" {
		do = strings.TrimPrefix(ev.RawPath, "/")
	}
	stream := func(body io.Reader) *events.LambdaFunctionURLStreamingResponse {
		return &events.LambdaFunctionURLStreamingResponse{
			StatusCode: 201, Body: body, Cookies: []string{"a=1; Path=/", "b=2"},
			Headers: map[string]string{"Content-Type": "text/plain", "X-Pid": fmt.Sprint(os.Getpid())},
		}
	}
	switch do {
	case "echo":
		return map[string]any{"statusCode": 200, "headers": map[string]string{"Content-Type": "application/json"}, "body": string(payload)}, nil
	case "plain":
		return map[string]any{"pid": os.Getpid()}, nil
	case "env":
		return os.Environ(), nil
	case "stream":
		return stream(strings.NewReader("streamed")), nil
	case "after":
		r := stream(strings.NewReader("first"))
		return &afterResponse{r, func() { time.Sleep(300 * time.Millisecond); fmt.Println("after done") }}, nil
	case "drip":
		pr, pw := io.Pipe()
		go func() {
			for i := range 5 {
				_, _ = fmt.Fprintf(pw, "drip %d\n", i)
				time.Sleep(100 * time.Millisecond)
			}
			_ = pw.Close()
		}()
		return stream(pr), nil
	case "big":
		return stream(io.LimitReader(zeros{}, 20<<20)), nil
	case "toobig":
		return strings.Repeat("x", 7<<20), nil
	case "nocontent":
		r := stream(strings.NewReader(""))
		r.StatusCode = 204
		return r, nil
	case "midfail":
		return stream(io.MultiReader(strings.NewReader("some"), failing{})), nil
	case "midexit":
		pr, pw := io.Pipe()
		go func() {
			_, _ = pw.Write([]byte("some"))
			time.Sleep(50 * time.Millisecond)
			os.Exit(4)
		}()
		return stream(pr), nil
	case "fail":
		return nil, errors.New("handler failed")
	case "panic":
		panic("at the disco")
	case "exit":
		fmt.Print("last words")
		os.Exit(7)
	case "sleep":
		time.Sleep(10 * time.Second)
	case "slow":
		time.Sleep(200 * time.Millisecond)
		return "slept", nil
	case "hog":
		hog = bytes.Repeat([]byte{1}, 300<<20)
		time.Sleep(10 * time.Second)
	case "child":
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), roleVar+"=child")
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		return map[string]any{"pid": os.Getpid(), "child": cmd.Process.Pid}, nil
	case "log":
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for range 200 {
					fmt.Printf("%s\n", strings.Repeat(string(rune('a'+i)), 100))
				}
			})
		}
		wg.Wait()
		return "logged", nil
	}
	return "ok", nil
}

var hog []byte

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// beat writes a file again and again, so that a frozen group is seen to stand still.
func beat() {
	for i := 0; ; i++ {
		if f := os.Getenv("BEAT_FILE"); f != "" {
			_ = os.WriteFile(f, fmt.Append(nil, i), 0o600)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// lines is a log that tests can read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func function(name string) local.Function {
	return local.Function{
		Name: name, Command: []string{os.Args[0]}, Timeout: 5 * time.Second,
		Env: map[string]string{roleVar: "function"},
	}
}

// serve starts a Service with functions, and front, its URLs at /NAME/ by host name.
func serve(t testing.TB, o local.Options, functions ...local.Function) (*local.Service, *lines, string) {
	t.Helper()
	log := &lines{}
	if o.Logs == nil {
		o.Logs = log
	}
	s := local.New(o)
	for _, f := range functions {
		if err := s.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := r.Header.Get("X-Function"); name != "" {
			s.URL(name).ServeHTTP(w, r)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/20") {
			s.ServeHTTP(w, r)
			return
		}
		s.URL(functions[0].Name).ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		front.Close()
		if t.Failed() {
			t.Log(log)
		}
	})
	return s, log, front.URL
}

func get(t testing.TB, url string) (*http.Response, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not within 5 s: %s", what)
}

func do(what string) []byte { return []byte(`{"Do":"` + what + `"}`) }

// call invokes in process and reads the whole answer.
func call(s *local.Service, name, what string) (string, error) {
	st, err := s.Invoke(context.Background(), name, do(what))
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(st)
	return string(b), err
}
