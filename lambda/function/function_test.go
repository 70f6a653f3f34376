package function_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pack/lambda/event"
	"pack/lambda/function"
	"pack/lambda/node"
	"pack/manifest"
)

// entry stands for a route of an app: what it does is in the query.
const entry = `
exports.handler = async (req, res, { waitUntil, requestMeta }) => {
  const q = new URL(req.url, 'http://x').searchParams
  const sleep = (ms) => new Promise((r) => setTimeout(r, ms))
  if (q.has('work')) waitUntil(sleep(Number(q.get('work'))).then(() => console.log('work done')))
  if (q.has('fail')) waitUntil(Promise.reject(new Error('background broke')))
  if (q.has('context')) {
    for (const name of ['@next/request-context', '@vercel/request-context']) {
      globalThis[Symbol.for(name)].get().waitUntil(sleep(50).then(() => console.log(name)))
    }
  }
  if (q.has('late')) res.on('close', () => waitUntil(sleep(50).then(() => console.log('late done'))))
  if (q.has('throw')) throw new Error('render broke')
  if (q.has('exit')) process.exit(3)
  if (q.has('hang')) return sleep(60000)
  if (q.has('notfound')) return requestMeta.render404(req, res)
  if (q.has('unread')) return res.end('unread')
  res.setHeader('content-type', 'application/json')
  if (q.has('half')) {
    res.write('half')
    return sleep(60000)
  }
  const chunks = []
  for await (const c of req) chunks.push(c)
  const names = Object.keys(req.headers).concat(req.rawHeaders).filter((n) => /pack/i.test(n))
  res.end(JSON.stringify({ pid: process.pid, url: req.url, cwd: process.cwd(), body: Buffer.concat(chunks).toString(), initURL: requestMeta.initURL, names, agent: req.headers['user-agent'] ?? '' }))
}
`

// archive lays out what a function's archive holds.
func archive(t testing.TB, code string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range map[string]string{
		"shop/.next/server/app/r.js": code,
		"shop/node_modules/next/dist/build/adapter/setup-node-env.external.js": "",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// lines is a log that tests wait on.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), text)
}

func start(t *testing.T, code string, limit int) (*function.Function, *lines, error) {
	t.Helper()
	return startWith(t, code, limit, nil)
}

func startWith(t *testing.T, code string, limit int, afterwards func(context.Context) error) (*function.Function, *lines, error) {
	t.Helper()
	program, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is needed: ", err)
	}
	scripts, err := filepath.Abs("../node")
	if err != nil {
		t.Fatal(err)
	}
	log := &lines{}
	previous := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(func() { slog.SetDefault(previous) })
	f, err := function.New(t.Context(), function.Options{
		Document: &manifest.FunctionDocument{
			App: manifest.App{ProjectDir: "shop"},
			Function: manifest.Function{MaxDuration: limit, Entries: []manifest.Entry{
				{File: "shop/.next/server/app/r.js", Type: "APP_ROUTE", Page: "/r/[id]/route", Pathname: "/r/[id]"},
			}},
		},
		Node: node.Options{Node: program, Scripts: scripts, Root: archive(t, code), Stdout: log, Stderr: log},

		Afterwards: afterwards,
	})
	if err == nil {
		t.Cleanup(f.Close)
	}
	return f, log, err
}

// answer is what a caller of the function sees; after is how long the
// invocation stayed open behind the answer.
type answer struct {
	status int
	header map[string]string
	body   string
	err    error
	after  time.Duration
}

func call(t *testing.T, f *function.Function, method, target, body string, c *event.Call) answer {
	t.Helper()
	request, err := http.NewRequest(method, "http://shop.example"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := event.Encode(request, c)
	if err != nil {
		t.Fatal(err)
	}
	response, err := event.Handle(f)(context.Background(), payload)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(response)
	read := time.Now()
	_ = response.Close()
	a := answer{err: err, after: time.Since(read)}
	head, rest, _ := bytes.Cut(all, event.PreludeEnd)
	var prelude struct {
		StatusCode int
		Headers    map[string]string
	}
	if err := json.Unmarshal(head, &prelude); err != nil {
		t.Fatalf("prelude %q: %v", head, err)
	}
	a.status, a.header, a.body = prelude.StatusCode, prelude.Headers, string(rest)
	return a
}

// Of a module that awaits something, as one of Turbopack's that imports an ES
// module, require gives a promise.
func TestRouteThatIsLoadedAsynchronously(t *testing.T) {
	f, _, err := start(t, "module.exports = new Promise((done) => setTimeout(done, 20)).then(() => ({ handler(req, res) { res.end('late') } }))", 30)
	if err != nil {
		t.Fatal(err)
	}
	if a := call(t, f, http.MethodGet, "/r/1", "", &event.Call{Entry: "/r/[id]"}); a.status != http.StatusOK || a.body != "late" {
		t.Errorf("status %d, body %q", a.status, a.body)
	}
}

func TestRequestReachesTheRoute(t *testing.T) {
	f, _, err := start(t, entry, 30)
	if err != nil {
		t.Fatal(err)
	}
	a := call(t, f, http.MethodPost, "/r/a%20b?x=%2F", "hello", &event.Call{Entry: "/r/[id]", InitURL: "https://shop.example/old"})
	var got struct {
		URL, Cwd, Body, InitURL, Agent string
		Names                          []string
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	if got.URL != "/r/a%20b?x=%2F" || got.Body != "hello" || got.InitURL != "https://shop.example/old" || filepath.Base(got.Cwd) != "shop" {
		t.Errorf("got %+v", got)
	}
	if len(got.Names) > 0 {
		t.Errorf("the route sees pack's own headers: %v", got.Names)
	}
	if got.Agent != "" {
		t.Errorf("the route sees a user agent that the viewer did not send: %q", got.Agent)
	}
}

// TestUnreadRequestBody: a body that the route leaves alone keeps the invocation
// open no longer than it takes to arrive.
func TestUnreadRequestBody(t *testing.T) {
	f, log, err := start(t, entry, 20)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		a := call(t, f, http.MethodPost, "/r/1?unread", strings.Repeat("unread ", 200_000), &event.Call{Entry: "/r/[id]"})
		if a.status != http.StatusOK || a.body != "unread" || a.err != nil {
			t.Errorf("status %d, body %q, error %v", a.status, a.body, a.err)
		}
	}
	if log.has("abandoned") {
		t.Error("the invocation stayed open until maxDuration")
	}
}

func TestOwnURLAnswersItsRoutesOnly(t *testing.T) {
	f, _, err := start(t, entry, 30)
	if err != nil {
		t.Fatal(err)
	}
	if a := call(t, f, http.MethodGet, "/r/1", "", nil); a.status != http.StatusOK {
		t.Errorf("own route: %+v", a)
	}
	if a := call(t, f, http.MethodGet, "/other", "", nil); a.status != http.StatusNotFound {
		t.Errorf("foreign path: %+v", a)
	}
	if a := call(t, f, http.MethodGet, "/r/1?throw", "", nil); a.status != http.StatusInternalServerError || a.header["x-pack-outcome"] != "" {
		t.Errorf("throwing route: %+v", a)
	}
	if a := call(t, f, http.MethodGet, "/r/1?notfound", "", &event.Call{Entry: "/r/[id]"}); a.header["x-pack-outcome"] != "not-found" {
		t.Errorf("the gateway is not asked for its 404 page: %+v", a)
	}
}

func TestPostResponseWork(t *testing.T) {
	f, log, err := start(t, entry, 30)
	if err != nil {
		t.Fatal(err)
	}
	for target, lines := range map[string][]string{
		"/r/1?work=300":                  {"work done"},
		"/r/1?context":                   {"@next/request-context", "@vercel/request-context"},
		"/r/1?late":                      {"late done"},
		"/r/1?work=301&throw":            {"work done"},
		"/r/1?fail":                      {"post-response work failed", "background broke", `route=/r/[id]`},
		"/r/1?work=100&notfound&context": {"work done"},
	} {
		a := call(t, f, http.MethodGet, target, "", &event.Call{Entry: "/r/[id]"})
		if a.err != nil {
			t.Errorf("%s: %v", target, a.err)
		}
		for _, line := range lines {
			// The process's own output takes its way through a pipe.
			for deadline := time.Now().Add(10 * time.Second); !log.has(line); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%s: %q was not logged", target, line)
				}
			}
		}
	}
	if a := call(t, f, http.MethodGet, "/r/1?work=400", "", nil); a.after < 300*time.Millisecond {
		t.Errorf("the invocation was over %v after the answer; its work takes 400ms", a.after)
	}
}

// TestAfterwards: it comes after the app's own work, and within the invocation.
func TestAfterwards(t *testing.T) {
	ran := 0
	f, log, err := startWith(t, entry, 30, func(ctx context.Context) error {
		ran++
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("maxDuration does not bound it")
		}
		return errors.New("purge broke")
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := call(t, f, http.MethodGet, "/r/1?work=300", "", nil); a.err != nil || ran != 1 || a.after < 200*time.Millisecond {
		t.Errorf("ran %d times, %v after the answer, %v", ran, a.after, a.err)
	}
	if !log.has("purge broke") {
		t.Error("its error is not logged")
	}
}

func TestMaxDuration(t *testing.T) {
	f, log, err := start(t, entry, 2)
	if err != nil {
		t.Fatal(err)
	}
	before := call(t, f, http.MethodGet, "/r/1", "", nil)
	hung := call(t, f, http.MethodGet, "/r/1?hang", "", nil)
	if hung.status != http.StatusGatewayTimeout || !strings.Contains(hung.body, "/r/[id]") || !strings.Contains(hung.body, "2 seconds") {
		t.Errorf("nothing sent: %+v", hung)
	}
	if half := call(t, f, http.MethodGet, "/r/1?half", "", nil); half.err == nil {
		t.Errorf("half an answer reads as whole: %+v", half)
	}
	call(t, f, http.MethodGet, "/r/1?work=60000", "", nil)
	if !log.has("post-response work abandoned") {
		t.Error("abandoned work is not reported")
	}
	after := call(t, f, http.MethodGet, "/r/1", "", nil)
	if after.status != http.StatusOK || after.body == before.body {
		t.Errorf("the process was not replaced: %s, then %s", before.body, after.body)
	}
}

func TestDeadProcess(t *testing.T) {
	f, _, err := start(t, entry, 30)
	if err != nil {
		t.Fatal(err)
	}
	if a := call(t, f, http.MethodGet, "/r/1?exit", "", nil); a.status != http.StatusBadGateway {
		t.Errorf("request in flight: %+v", a)
	}
	if a := call(t, f, http.MethodGet, "/r/1", "", nil); a.status != http.StatusOK {
		t.Errorf("next request: %+v", a)
	}
}

func TestCodeThatCannotBeLoaded(t *testing.T) {
	_, _, err := start(t, "require('not-there')", 30)
	var load *node.LoadError
	if !errors.As(err, &load) || !strings.Contains(load.Message, "not-there") || load.Stack == "" {
		t.Errorf("error %v", err)
	}
}

func BenchmarkRequest(b *testing.B) {
	program, err := exec.LookPath("node")
	if err != nil {
		b.Fatal(err)
	}
	scripts, err := filepath.Abs("../node")
	if err != nil {
		b.Fatal(err)
	}
	f, err := function.New(b.Context(), function.Options{
		Document: &manifest.FunctionDocument{
			App: manifest.App{ProjectDir: "shop"},
			Function: manifest.Function{MaxDuration: 30, Entries: []manifest.Entry{
				{File: "shop/.next/server/app/r.js", Type: "APP_ROUTE", Page: "/r/[id]/route", Pathname: "/r/[id]"},
			}},
		},
		Node: node.Options{Node: program, Scripts: scripts, Root: archive(b, entry), Stdout: io.Discard, Stderr: io.Discard},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	request, err := http.NewRequest(http.MethodGet, "http://shop.example/r/1", nil)
	if err != nil {
		b.Fatal(err)
	}
	payload, err := event.Encode(request, nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		response, err := event.Handle(f)(b.Context(), payload)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, response); err != nil {
			b.Fatal(err)
		}
		if err := response.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
