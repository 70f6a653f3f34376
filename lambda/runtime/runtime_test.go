package runtime_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"pack/lambda/event"
	"pack/lambda/invoke"
	"pack/lambda/local"
	"pack/lambda/runtime"
)

// TestMain is also the function under test: the local Lambda service starts
// this binary again.
func TestMain(m *testing.M) {
	api := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	if api == "" {
		os.Exit(m.Run())
	}
	if os.Getenv("REFUSE_TO_START") != "" {
		_ = runtime.ReportInit(api, detailed{errors.New("no database")})
		os.Exit(1)
	}
	if os.Getenv("ANSWER_EVENTS") != "" {
		fmt.Fprintln(os.Stderr, runtime.ServeEvents(api, reverse))
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, runtime.Serve(api, event.Handle(http.HandlerFunc(answer))))
	os.Exit(1)
}

type detailed struct{ error }

func (detailed) Kind() string    { return "ConnectError" }
func (detailed) Trace() []string { return []string{"at connect (db.js:1)"} }

func answer(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/echo":
		body, _ := io.ReadAll(r.Body)
		w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
		w.Header().Set("X-Method", r.Method)
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(body)
	case "/slowly":
		for i := range 3 {
			fmt.Fprintln(w, i)
			w.(http.Flusher).Flush()
			time.Sleep(100 * time.Millisecond)
		}
	case "/break":
		_, _ = io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	case "/later":
		event.AfterResponse(r.Context(), func() { time.Sleep(500 * time.Millisecond) })
		_, _ = io.WriteString(w, "now")
	case "/deadline":
		deadline, ok := r.Context().Deadline()
		fmt.Fprint(w, ok, " ", time.Until(deadline) > 2*time.Second, time.Until(deadline) <= 5*time.Second)
	case "/large":
		_, _ = w.Write(bytes.Repeat([]byte("0123456789abcdef"), 1<<16))
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// open starts a service with this binary as its one function.
func open(t *testing.T, env map[string]string) (*local.Service, *invoke.Client) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	service := local.New(local.Options{Logs: t.Output()})
	if err := service.Add(local.Function{Name: "f", Command: []string{program}, Dir: t.TempDir(), Env: env, Timeout: 5 * time.Second}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(service)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := service.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return service, &invoke.Client{Endpoint: server.URL}
}

func ask(t *testing.T, c *invoke.Client, method, path, body string) (*http.Response, string, error) {
	t.Helper()
	request, err := http.NewRequest(method, "http://shop.example"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Invoke(t.Context(), "f", request, nil)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	return response, string(all), err
}

func TestAnswers(t *testing.T) {
	_, client := open(t, nil)
	response, body, err := ask(t, client, http.MethodPut, "/echo", "höllo")
	if err != nil || response.StatusCode != http.StatusCreated || body != "höllo" || response.Header.Get("X-Method") != "PUT" || len(response.Header["Set-Cookie"]) != 2 {
		t.Errorf("echo: %v %q %v", response, body, err)
	}
	if response, body, err = ask(t, client, http.MethodGet, "/none", ""); err != nil || response.StatusCode != http.StatusNoContent || body != "" {
		t.Errorf("204: %v %q %v", response, body, err)
	}
	if _, body, err = ask(t, client, http.MethodGet, "/large", ""); err != nil || len(body) != 1<<20 {
		t.Errorf("1 MiB: %d bytes, %v", len(body), err)
	}
	if _, body, err = ask(t, client, http.MethodGet, "/deadline", ""); err != nil || body != "true true true" {
		t.Errorf("deadline: %q %v", body, err)
	}
}

func TestStreamArrivesPieceByPiece(t *testing.T) {
	_, client := open(t, nil)
	request, _ := http.NewRequest(http.MethodGet, "http://shop.example/slowly", nil)
	response, err := client.Invoke(t.Context(), "f", request, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	started := time.Now()
	buffer := make([]byte, 64)
	n, err := response.Body.Read(buffer)
	first := time.Since(started)
	if err != nil || string(buffer[:n]) != "0\n" {
		t.Fatalf("first piece %q, %v", buffer[:n], err)
	}
	rest, err := io.ReadAll(response.Body)
	if all := time.Since(started); err != nil || string(rest) != "1\n2\n" || first > all/2 {
		t.Errorf("rest %q, %v; the first piece took %v of %v", rest, err, first, all)
	}
}

func TestBrokenStreamIsAnError(t *testing.T) {
	_, client := open(t, nil)
	_, body, err := ask(t, client, http.MethodGet, "/break", "")
	var failed *invoke.Error
	if !errors.As(err, &failed) || body != "half" {
		t.Errorf("body %q, error %v", body, err)
	}
	if _, _, err := ask(t, client, http.MethodGet, "/none", ""); err != nil {
		t.Errorf("the invocation after it: %v", err)
	}
}

func TestPostResponseWorkHoldsTheInstanceNotTheCaller(t *testing.T) {
	service, client := open(t, nil)
	if _, _, err := ask(t, client, http.MethodGet, "/none", ""); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	if _, body, err := ask(t, client, http.MethodGet, "/later", ""); err != nil || body != "now" {
		t.Fatalf("%q %v", body, err)
	}
	if taken := time.Since(started); taken > 400*time.Millisecond {
		t.Errorf("the caller waited %v for work that takes 500ms", taken)
	}
	if _, _, err := ask(t, client, http.MethodGet, "/none", ""); err != nil {
		t.Fatal(err)
	}
	if n := len(service.Instances("f")); n != 2 {
		t.Errorf("%d instances; the first is still at work, so a second was needed", n)
	}
}

func TestForeignEventIsReported(t *testing.T) {
	service, _ := open(t, nil)
	stream, err := service.Invoke(t.Context(), "f", []byte(`{"Records":[]}`))
	if err == nil {
		_, err = io.ReadAll(stream)
	}
	var failed *local.FunctionError
	if !errors.As(err, &failed) || failed.Type != "Runtime.InvalidEvent" && !strings.Contains(string(failed.Payload), "Runtime.InvalidEvent") {
		t.Errorf("error %v", err)
	}
}

func TestInitError(t *testing.T) {
	service, _ := open(t, map[string]string{"REFUSE_TO_START": "1"})
	_, err := service.Invoke(t.Context(), "f", []byte(`{}`))
	var failed *local.FunctionError
	if !errors.As(err, &failed) || !strings.Contains(string(failed.Payload), "no database") || !strings.Contains(string(failed.Payload), "db.js:1") {
		t.Errorf("error %v", err)
	}
}

func TestRefusals(t *testing.T) {
	_, client := open(t, nil)
	request, _ := http.NewRequest(http.MethodGet, "http://shop.example/", nil)
	_, err := client.Invoke(t.Context(), "missing", request, nil)
	var refused *invoke.Error
	if !errors.As(err, &refused) || refused.Type != "ResourceNotFoundException" || refused.Status != http.StatusNotFound {
		t.Errorf("error %v", err)
	}
}
