//go:build linux

package local_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pack/lambda/local"
)

func TestFunctionErrors(t *testing.T) {
	f := function("f")
	f.Timeout = 400 * time.Millisecond
	f.MemoryMB = 200
	fail := func(role string) local.Function {
		g := function(role)
		g.Env[roleVar] = role
		return g
	}
	hog := function("hog")
	hog.MemoryMB = 200
	missing := local.Function{Name: "missing", Command: []string{"/nonexistent/bootstrap"}}
	s, log, _ := serve(t, local.Options{InitTimeout: time.Second}, f, hog, fail("init-error"), fail("init-exit"), fail("init-hang"), missing)
	tests := []struct{ name, do, kind, message string }{
		{"f", "sleep", "Sandbox.Timedout", `^RequestId: [0-9a-f-]{36} Error: Task timed out after 0\.40 seconds$`},
		{"f", "exit", "Runtime.ExitError", `^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 7$`},
		{"f", "fail", "errorString", `^handler failed$`},
		{"f", "panic", "string", `^at the disco$`},
		{"hog", "hog", "Runtime.OutOfMemory", `Error: Runtime exited with error: signal: killed$`},
		{"init-error", "", "Runtime.ExitError", `Error: Runtime exited with error: exit status 2$`},
		{"init-exit", "", "Runtime.ExitError", `Error: Runtime exited with error: exit status 3$`},
		{"init-hang", "", "Sandbox.Timedout", `Error: Init timed out after 1\.00 seconds$`},
		{"missing", "", "Runtime.InvalidEntrypoint", `no such file or directory$`},
	}
	for _, test := range tests {
		t.Run(test.name+"/"+test.do, func(t *testing.T) {
			_, err := call(s, test.name, test.do)
			var failed *local.FunctionError
			if !errors.As(err, &failed) {
				t.Fatalf("got %v", err)
			}
			var doc struct{ ErrorType, ErrorMessage string }
			if err := json.Unmarshal(failed.Payload, &doc); err != nil {
				t.Fatal(err)
			}
			if failed.Type != test.kind || doc.ErrorType != test.kind || !regexp.MustCompile(test.message).MatchString(doc.ErrorMessage) {
				t.Errorf("got %s: %s", failed.Type, failed.Payload)
			}
		})
	}
	if got, err := call(s, "f", "plain"); err != nil {
		t.Errorf("afterwards: %q, %v", got, err)
	}
	if !strings.Contains(log.String(), "] last words\n") {
		t.Error("a last line without an end was not logged")
	}
	if st := s.Stats()["f"]; st.Timeouts != 1 {
		t.Errorf("got %+v", st)
	}
}

// A timeout also ends post-response work, of which the caller has long had its answer.
func TestTimeoutAfterTheResponse(t *testing.T) {
	f := function("f")
	f.Timeout = 200 * time.Millisecond
	s, log, url := serve(t, local.Options{}, f)
	if _, body := get(t, url+"/after"); body != "first" {
		t.Errorf("got %q", body)
	}
	eventually(t, "the instance is ended", func() bool { return s.Stats()["f"].Instances == 0 })
	if text := log.String(); !strings.Contains(text, "Task timed out after 0.20 seconds") || strings.Contains(text, "after done") {
		t.Error("the work was not ended with a line in the log")
	}
}

func TestFrozenBetweenInvocations(t *testing.T) {
	beats := filepath.Join(t.TempDir(), "beats")
	f := function("f")
	f.Env["BEAT_FILE"] = beats
	s, _, _ := serve(t, local.Options{}, f)
	body, err := call(s, "f", "child")
	if err != nil {
		t.Fatal(err)
	}
	var pids struct{ Pid, Child int }
	if err := json.Unmarshal([]byte(body), &pids); err != nil {
		t.Fatal(err)
	}
	stopped := func() bool { return processState(pids.Pid) == "T" && processState(pids.Child) == "T" }
	eventually(t, "the whole group is stopped", stopped)
	if st := s.Instances("f"); len(st) != 1 || st[0].State != "frozen" || st[0].PID != pids.Pid {
		t.Errorf("got %+v", st)
	}
	before, _ := os.ReadFile(beats)
	time.Sleep(50 * time.Millisecond)
	if now, _ := os.ReadFile(beats); string(now) != string(before) {
		t.Error("the child ran on while it was frozen")
	}
	if _, err := call(s, "f", "slow"); err != nil {
		t.Fatal(err)
	}
	if now, _ := os.ReadFile(beats); string(now) == string(before) {
		t.Error("the child did not go on in the next invocation")
	}
	eventually(t, "the group is stopped again", stopped)
	if _, err := call(s, "f", "exit"); err == nil {
		t.Error("exit did not fail")
	}
	eventually(t, "the child is ended with its group", func() bool { return processState(pids.Child) == "gone" })
}

// Freezing races with handing out work at every moment around the grace.
func TestFreezingNeverLosesWork(t *testing.T) {
	f := function("f")
	f.MaxInstances = 2
	s, _, _ := serve(t, local.Options{FreezeAfter: time.Millisecond, MaxWait: 5 * time.Second}, f)
	var wg sync.WaitGroup
	for worker := range 3 {
		wg.Go(func() {
			for i := range 300 {
				if got, err := call(s, "f", "other"); err != nil || got != `"ok"` {
					t.Errorf("got %q, %v", got, err)
					return
				}
				time.Sleep(time.Duration((i*7+worker)%25) * 100 * time.Microsecond)
			}
		})
	}
	wg.Wait()
	if st := s.Stats()["f"]; st.ColdStarts > 2 || st.Timeouts != 0 {
		t.Errorf("got %+v", st)
	}
}

func TestLimits(t *testing.T) {
	f := function("f")
	f.MaxInstances = 2
	s, _, url := serve(t, local.Options{}, f)
	codes := make(chan int, 5)
	for range 5 {
		go func() {
			resp, err := http.Get(url + "/slow")
			if err != nil {
				codes <- 0
				return
			}
			_ = resp.Body.Close()
			codes <- resp.StatusCode
		}()
	}
	var got []int
	for range 5 {
		got = append(got, <-codes)
	}
	slices.Sort(got)
	if want := []int{200, 200, 429, 429, 429}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if st := s.Stats()["f"]; st.Instances != 2 || st.Throttles != 3 {
		t.Errorf("got %+v", st)
	}
}

func TestWaitingAndOneAtATime(t *testing.T) {
	f := function("f")
	f.MaxInstances = 1
	s, _, _ := serve(t, local.Options{MaxWait: time.Second}, f)
	start := time.Now()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if got, err := call(s, "f", "slow"); err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if took := time.Since(start); took < 600*time.Millisecond {
		t.Errorf("three invocations of 200 ms took %v on one instance", took)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Invoke(ctx, "f", do("slow")); err != context.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
	for range 2 { // the abandoned one ran to its end, and the instance lives
		if _, err := call(s, "f", "other"); err != nil {
			t.Error(err)
		}
	}
	if st := s.Stats()["f"]; st.ColdStarts != 1 {
		t.Errorf("got %+v", st)
	}
}

func TestServiceLimitEvictsIdle(t *testing.T) {
	s, _, _ := serve(t, local.Options{Concurrency: 1}, function("a"), function("b"))
	for _, name := range []string{"a", "b", "a"} {
		eventually(t, "an answer of "+name, func() bool {
			_, err := call(s, name, "other")
			var throttled *local.ThrottledError
			if err != nil && !errors.As(err, &throttled) {
				t.Fatal(err)
			}
			return err == nil
		})
	}
	if st := s.Stats(); st["a"].Instances+st["b"].Instances != 1 {
		t.Errorf("got %+v", st)
	}
}

func TestReplaceAndReap(t *testing.T) {
	s, _, _ := serve(t, local.Options{IdleTimeout: 300 * time.Millisecond, MaxWait: 5 * time.Second}, function("f"))
	slow := make(chan error)
	go func() { _, err := call(s, "f", "slow"); slow <- err }()
	eventually(t, "it runs", func() bool { return s.Stats()["f"].Invocations == 1 })
	old := s.Instances("f")[0].PID
	f := function("f")
	f.Env["GENERATION"] = "2"
	if err := s.Add(f); err != nil {
		t.Fatal(err)
	}
	env, err := call(s, "f", "env")
	if err != nil || !strings.Contains(env, "GENERATION=2") {
		t.Errorf("got %s, %v", env, err)
	}
	if err := <-slow; err != nil {
		t.Errorf("the invocation in flight: %v", err)
	}
	eventually(t, "the old instance ends", func() bool { return processState(old) == "gone" })
	eventually(t, "the idle one is reaped", func() bool { return s.Stats()["f"].Instances == 0 })
}

func TestEnvironment(t *testing.T) {
	t.Setenv("SECRET_OF_THE_SHELL", "x")
	t.Setenv("PASSED", "y")
	f := function("f")
	f.Handler, f.MemoryMB, f.Dir = "index.handler", 512, t.TempDir()
	s, _, _ := serve(t, local.Options{Region: "eu-west-1", PassEnv: []string{"PASSED"}}, f)
	body, err := call(s, "f", "env")
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	if err := json.Unmarshal([]byte(body), &env); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"AWS_LAMBDA_FUNCTION_NAME=f", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512",
		"AWS_REGION=eu-west-1", "LAMBDA_TASK_ROOT=" + f.Dir, "_HANDLER=index.handler", "PASSED=y", "TZ=:UTC",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/f",
	} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(body, "SECRET_OF_THE_SHELL") {
		t.Error("the environment of this process leaks")
	}
}

func TestLogLinesAreWhole(t *testing.T) {
	s, log, _ := serve(t, local.Options{}, function("f"))
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if _, err := call(s, "f", "log"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	line := regexp.MustCompile(`^f\[[0-9a-f]{8}\] (a{100}|b{100}|c{100}|d{100}|starting)$`)
	eventually(t, "2400 lines are written", func() bool { return strings.Count(log.String(), "\n") >= 2400 })
	for text := range strings.Lines(log.String()) {
		if !line.MatchString(strings.TrimSuffix(text, "\n")) {
			t.Fatalf("got %q", text)
		}
	}
}

func TestAddRefuses(t *testing.T) {
	s, _, _ := serve(t, local.Options{}, function("f"))
	for _, f := range []local.Function{
		{Name: "a b", Command: []string{"x"}}, {Name: "a"}, {Name: "a", Command: []string{"x"}, Timeout: -1},
	} {
		var wrong *local.FunctionConfigError
		if err := s.Add(f); !errors.As(err, &wrong) {
			t.Errorf("%+v: got %v", f, err)
		}
	}
	if _, err := call(s, "nobody", ""); err == nil || fmt.Sprintf("%T", err) != "*local.NotFoundError" {
		t.Errorf("got %v", err)
	}
}
