package tests_test

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var edgeKnown = []difference{
	{regexp.MustCompile(`^\S+ /legacy/\S+`), regexp.MustCompile(`^body.*\n.*\n.*isExperimentalCompile`), "a page of the Pages Router on the edge runtime: next start hands it its own settings, and with them no such field"},
}

// TestEdge holds the routes of the edge runtime against `next start`.
func TestEdge(t *testing.T) {
	p, b := fixturePair(t, "edge")
	p.known = edgeKnown
	for _, group := range []struct {
		name     string
		requests []request
	}{
		{"pages", edgePageRequests(b.id)},
		{"handlers", edgeHandlerRequests()},
		{"middleware", edgeMiddlewareRequests()},
	} {
		t.Run(group.name, func(t *testing.T) { p.compare(t, group.requests) })
	}
	stillKnown(t, edgeKnown)
	t.Run("form", func(t *testing.T) { edgeForm(t, p) })
	t.Run("streaming", func(t *testing.T) { edgeStreams(t, p.pack) })
	t.Run("work after the response", func(t *testing.T) { edgeWork(t, p.pack) })
	t.Run("revalidation", func(t *testing.T) { edgeRevalidation(t, p) })
	t.Run("pictures", func(t *testing.T) { edgePictures(t, p) })
	t.Run("failures", func(t *testing.T) { edgeFailures(t, p.pack) })
	t.Run("instrumentation", func(t *testing.T) { edgeInstrumentation(t, p) })
	t.Run("own address", func(t *testing.T) { edgeFunction(t, p.pack) })
	t.Run("secrets", func(t *testing.T) { edgeSecrets(t, b) })
}

func edgePageRequests(buildID string) []request {
	list := []request{
		get("/greeting/ann"), get("/greeting/ann?ms=5&x=1&x=2"), get("/greeting/a%20b"), get("/greeting/caf%C3%A9?name=other"), get("/greeting/a%2Fb"),
		get("/greeting/ann", "Cookie: taste=tea; visitor=bob"), get("/greeting/ann", "User-Agent: Googlebot"),
		get("/greeting/nobody"), get("/greeting/elsewhere"), get("/greeting/broken"), get("/greeting"), get("/greeting/ann/more"),
		get("/renamed/ann"), get("/renamed/ann?q=1&name=2"), get("/form"), get("/"), get("/", "Cookie: visitor=bob"),
		get("/greeting/ann?_rsc=x", "Rsc: 1"), get("/greeting/ann?a=1", "Rsc: 1"), get("/renamed/ann?q=1", "Rsc: 1"), get("/form", "Rsc: 1", "Next-Router-Prefetch: 1"),
		get("/legacy/here?from=moved"), get("/legacy/nothing"), get("/legacy/moved"), get("/legacy"),
		get("/_next/data/" + buildID + "/legacy/8.json?x=1"), get("/_next/data/" + buildID + "/legacy/moved.json"),
	}
	for _, method := range allMethods {
		list = append(list, request{method: method, target: "/greeting/ann"}, request{method: method, target: "/legacy/7?x=1"})
	}
	return list
}

func edgeHandlerRequests() []request {
	var list []request
	for _, route := range []string{"/api/request?a=1&b=2&a=3", "/api/stream", "/api/wasm?a=2&b=40", "/api/asset", "/api/legacy?x=1", "/api/globals", "/api/registered"} {
		for _, method := range allMethods {
			list = append(list, request{method: method, target: route})
		}
	}
	form := "Content-Type: application/x-www-form-urlencoded"
	return append(list,
		get("/api/request", "X-Asked: yes", "X-Secret: hidden", "Cookie: visitor=ann; b=c%20d"),
		get("/api/request?x=%26&y=a+b&z&%C3%A9=%C3%BC", "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"),
		post("/api/request", "a=1&b=%20x", form), post("/api/request", multipart([2]string{"note", "grüße"}), formType),
		post("/api/request?z", "bytes \x00\xff", "Content-Type: image/png"), post("/api/request", ""),
		request{method: "PUT", target: "/api/request", body: strings.Repeat("0123456789", 30_000)},
		post("/api/legacy?x=1&x=2", "text", "Content-Type: text/plain"), get("/api/later?id=0"),
	)
}

func edgeMiddlewareRequests() []request {
	var list []request
	for _, gate := range []string{"moved", "inside", "inside?k=v", "answer", "evaluate", "later?id=0", "other"} {
		list = append(list, get("/gate/"+gate), request{method: "HEAD", target: "/gate/" + gate}, post("/gate/"+gate, "body"))
	}
	return append(list,
		get("/gate/moved", "Rsc: 1"), get("/api/legacy", "X-Middleware-Subrequest: middleware:middleware:middleware:middleware:middleware"),
		get("/isr"), get("/isr", "Cookie: visitor=x"),
	)
}

// edgeForm posts the page's form as a browser without JavaScript does.
func edgeForm(t *testing.T, p *pair) {
	page := p.pack.must(t, get("/form"), http.StatusOK).body
	_, rest, found := strings.Cut(page, `name="$ACTION_ID_`)
	id, _, closed := strings.Cut(rest, `"`)
	if !found || !closed {
		t.Fatalf("the page has no form with an action: %.300s", page)
	}
	p.compare(t, []request{
		post("/form", multipart([2]string{"$ACTION_ID_" + id, ""}, [2]string{"taste", "coffee"}), formType, "Origin: http://{host}"),
		post("/form", multipart([2]string{"$ACTION_ID_" + id, ""}, [2]string{"taste", "water"}), formType, "Origin: http://{host}"),
		post("/form", multipart([2]string{"_1_taste", "water"}, [2]string{"0", `["$K1"]`}), formType, "Origin: http://{host}", "Accept: text/x-component", "Next-Action: "+id),
		post("/form", multipart([2]string{"_1_taste", "coffee"}, [2]string{"0", `["$K1"]`}), formType, "Origin: http://{host}", "Accept: text/x-component", "Next-Action: "+id),
		post("/form", multipart([2]string{"taste", "coffee"}), formType, "Origin: http://{host}"),
	})
	answer := p.pack.must(t, post("/form", multipart([2]string{"$ACTION_ID_" + id, ""}, [2]string{"taste", "coffee"}), formType, "Origin: "+p.pack.url), http.StatusOK)
	if cookie := answer.header.Get("Set-Cookie"); !strings.HasPrefix(cookie, "taste=coffee") || !strings.Contains(answer.body, `value="coffee"`) {
		t.Errorf("the action's cookie: %q; page: %.500s", cookie, answer.body)
	}
}

// edgeStreams sees that the first part comes long before the last.
func edgeStreams(t *testing.T, s *server) {
	for target, first := range map[string]string{"/api/stream?ms=300": "part 0", "/greeting/slow?ms=900": "wait"} {
		s.must(t, get(strings.Split(target, "?")[0]), http.StatusOK) // Its process runs.
		began := time.Now()
		response, err := http.Get(s.url + target)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var text strings.Builder
		var early time.Duration
		buffer := make([]byte, 4096)
		for {
			n, err := response.Body.Read(buffer)
			text.Write(buffer[:n])
			if early == 0 && strings.Contains(text.String(), first) {
				early = time.Since(began)
			}
			if err != nil {
				break
			}
		}
		if whole := time.Since(began); early == 0 || whole-early < 500*time.Millisecond {
			t.Errorf("%s: the first part came after %s, the last after %s", target, early, whole)
		}
	}
}

func edgeWork(t *testing.T, s *server) {
	s.must(t, get("/api/later?id=work-1"), http.StatusOK)
	s.must(t, get("/gate/later?id=work-2"), http.StatusOK)
	eventually(t, 10*time.Second, func() string {
		for _, line := range []string{"later work-1 is done", "gate later work-2 is done"} {
			if !strings.Contains(s.stderr.String(), line) {
				return "not logged: " + line
			}
		}
		return ""
	})
}

// edgeRevalidation sees that the data cache is that of all functions, and that
// what an edge route revalidates is.
func edgeRevalidation(t *testing.T, p *pair) {
	for _, s := range []*server{p.next, p.pack} {
		cached := func() string {
			id, _, _ := strings.Cut(s.must(t, get("/api/cached"), http.StatusOK).body, `"fresh"`)
			return id
		}
		isr := func() string {
			_, id, _ := strings.Cut(s.must(t, get("/isr"), http.StatusOK).body, `id="made">`)
			id, _, _ = strings.Cut(id, "<")
			return id
		}
		data, page := cached(), isr()
		if again := cached(); again != data {
			t.Errorf("%s: fetch was cached as %s, then %s", s.name, data, again)
		}
		s.must(t, post("/api/refresh?tag=now", ""), http.StatusOK)
		eventually(t, 5*time.Second, func() string {
			if cached() == data {
				return s.name + ": the tag was revalidated and the old fetch is answered"
			}
			return ""
		})
		if isr() != page {
			t.Errorf("%s: the page changed by itself", s.name)
		}
		s.must(t, post("/api/refresh?path=/isr", ""), http.StatusOK)
		eventually(t, 5*time.Second, func() string {
			if isr() == page {
				return s.name + ": the path was revalidated and the old page is answered"
			}
			return ""
		})
	}
}

// edgePictures compares what ImageResponse draws on both runtimes.
func edgePictures(t *testing.T, p *pair) {
	for _, target := range []string{"/api/card?title=Edge", "/card?title=Node"} {
		var drawn [2]string
		for i, s := range []*server{p.next, p.pack} {
			answer := s.must(t, get(target), http.StatusOK)
			picture, err := png.Decode(bytes.NewReader([]byte(answer.body)))
			if err != nil {
				t.Fatalf("%s: %s: %v", s.name, target, err)
			}
			drawn[i] = fmt.Sprint(answer.header.Get("Content-Type"), answer.header.Get("Cache-Control"), picture.Bounds(), picture)
		}
		if drawn[0] != drawn[1] {
			t.Errorf("%s is drawn differently", target)
		}
	}
}

func edgeFailures(t *testing.T, s *server) {
	if answer := s.must(t, get("/api/fail"), http.StatusInternalServerError); !strings.Contains(answer.body, "Internal Server Error") {
		t.Errorf("a throwing route: %.200s", answer.body)
	}
	s.must(t, get("/gate/fail"), http.StatusInternalServerError)
	answer, err := s.send(post("/api/fail", ""))
	if err == nil || answer == nil || answer.body != "half" {
		t.Errorf("a stream that fails half-way: %+v, %v", answer, err)
	}
	s.must(t, get("/api/wasm?a=1&b=1"), http.StatusOK)
	eventually(t, 5*time.Second, func() string {
		if !strings.Contains(s.stderr.String(), "this route always fails") {
			return "the error was not logged"
		}
		return ""
	})
}

// edgeInstrumentation: instrumentation.ts runs in the edge runtime as well, and
// is told of errors there.
func edgeInstrumentation(t *testing.T, p *pair) {
	for _, s := range []*server{p.next, p.pack} {
		if got := s.must(t, get("/api/registered"), http.StatusOK).body; got != `{"registered":["edge"]}` {
			t.Errorf("%s: a route of the edge runtime sees %s", s.name, got)
		}
		if _, err := s.send(get("/greeting/broken")); err != nil {
			t.Fatal(err)
		}
		// Of the edge runtime Next reports what rendering throws, and not what
		// route handlers do; and the path as the page gets it.
		want := `reported {"message":"this greeting is broken","path":"/greeting/broken?name=broken","method":"GET","routerKind":"App Router","routePath":"/greeting/[name]","routeType":"render"}`
		eventually(t, 10*time.Second, func() string {
			if !strings.Contains(s.stdout.String()+s.stderr.String(), want) {
				return s.name + " has not " + want
			}
			return ""
		})
	}
}

// edgeFunction asks a function of the edge runtime at its own URL.
func edgeFunction(t *testing.T, s *server) {
	at := s.functions()["greeting-name"]
	if at == "" {
		t.Fatalf("no function greeting-name among %v", s.functions())
	}
	answer, err := send(strings.TrimPrefix(at, "http://"), get("/greeting/direct?x=1"))
	if err != nil || answer.status != http.StatusOK || !strings.Contains(answer.body, "direct</h1>") {
		t.Errorf("%v, %+v", err, answer)
	}
}

// edgeSecrets sees that the build's keys, which edge routes are given as
// environment, are in no deployment document.
func edgeSecrets(t *testing.T, b *built) {
	found := 0
	err := filepath.WalkDir(filepath.Join(b.folder, ".pack"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.Name() != "deployment.json" {
			return err
		}
		found++
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte("ENCRYPTION_KEY")) {
			t.Errorf("%s holds the build's keys", path)
		}
		return err
	})
	if err != nil || found == 0 {
		t.Errorf("%d deployment documents, %v", found, err)
	}
}
