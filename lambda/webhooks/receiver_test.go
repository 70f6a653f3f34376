package webhooks_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pack/lambda/webhooks"
	"pack/manifest"
	"pack/s3cache"
)

// effects records what a receiver asks for.
type effects struct {
	mu    sync.Mutex
	calls []string
	fails error
}

func (e *effects) note(kind string, items []string, mode manifest.RefreshMode) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fails != nil {
		return e.fails
	}
	e.calls = append(e.calls, string(mode)+" "+kind+" "+strings.Join(items, " "))
	return nil
}

func (e *effects) Tags(_ context.Context, tags []string, mode manifest.RefreshMode) error {
	return e.note("tags", tags, mode)
}

func (e *effects) Paths(_ context.Context, paths []string, mode manifest.RefreshMode) error {
	return e.note("paths", paths, mode)
}

func (e *effects) taken() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	calls := e.calls
	e.calls = nil
	return calls
}

// planned is a webhook as a plan has it.
func planned(t testing.TB, name, members string) manifest.Webhook {
	t.Helper()
	settings, err := manifest.ParsePackJSON([]byte(`{"webhooks":{"`+name+`":{`+members+`}}}`), "pack.json")
	if err != nil {
		t.Fatal(err)
	}
	return settings.Webhooks[name].Planned(name)
}

type receiver struct {
	t       testing.TB
	handler *webhooks.Receiver
	effects *effects
	store   s3cache.Store
}

// receive makes a receiver of one endpoint, named cms, with its secret in the
// second of two variables.
func receive(t testing.TB, members, secret string) *receiver {
	t.Helper()
	r := &receiver{t: t, effects: &effects{}, store: open(t)}
	var err error
	r.handler, err = webhooks.New(webhooks.Options{
		Webhooks: []manifest.Webhook{planned(t, "cms", members+`,"secrets":[{"env":"SECRET_OLD"},{"env":"SECRET_NEW"},{"env":"SECRET_LATER"}]`)},
		BasePath: "/shop",
		Env: func(name string) string {
			return map[string]string{"SECRET_OLD": "was changed", "SECRET_NEW": secret}[name]
		},
		Revalidator: r.effects,
		Deliveries:  &webhooks.Memory{Store: r.store, Prefix: "d1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t testing.TB) s3cache.Store {
	t.Helper()
	store, tags, err := s3cache.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tags.Close() })
	return store
}

// send gives the status and the body of the answer.
func (r *receiver) send(request *http.Request) (int, string) {
	r.t.Helper()
	w := httptest.NewRecorder()
	if !r.handler.Serve(w, request) {
		r.t.Fatalf("%s is taken for the app's", request.URL)
	}
	return w.Code, w.Body.String()
}

// post makes a request; headers are "Name: value".
func post(target, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	return r
}

const tokenHook = `"sender":"token","token":{"header":"x-secret"}`

func TestEndpoints(t *testing.T) {
	r := receive(t, tokenHook+`,"tags":["catalog"]`, "right")
	if r.handler.Serve(httptest.NewRecorder(), post("/_pack/other", "{}")) || r.handler.Serve(httptest.NewRecorder(), post("/webhooks/cms", "{}")) {
		t.Error("an address of the app's is taken for a webhook")
	}
	for _, c := range []struct {
		name    string
		request *http.Request
		status  int
	}{
		{"right", post("/_pack/webhooks/cms", "{}", "X-Secret: right"), 202},
		{"below basePath", post("/shop/_pack/webhooks/cms", "{}", "X-Secret: right"), 202},
		{"the old secret", post("/_pack/webhooks/cms", "{}", "X-Secret: was changed"), 202},
		{"wrong secret", post("/_pack/webhooks/cms", "{}", "X-Secret: wrong"), 401},
		{"an unset variable", post("/_pack/webhooks/cms", "{}", "X-Secret: "), 401},
		{"unknown name", post("/_pack/webhooks/other", "{}", "X-Secret: right"), 404},
		{"no name", post("/_pack/webhooks/", "{}", "X-Secret: right"), 404},
		{"GET", httptest.NewRequest(http.MethodGet, "/_pack/webhooks/cms", nil), 405},
		{"too large", post("/_pack/webhooks/cms", strings.Repeat(" ", 1<<20+1), "X-Secret: right"), 413},
		{"just not too large", post("/_pack/webhooks/cms", strings.Repeat(" ", 1<<20), "X-Secret: right"), 202},
		{"no JSON", post("/_pack/webhooks/cms", "{", "X-Secret: right"), 202},
	} {
		status, _ := r.send(c.request)
		if did := r.effects.taken(); status != c.status || (len(did) > 0) != (c.status == 202) {
			t.Errorf("%s: status %d and effects %q, want status %d", c.name, status, did, c.status)
		}
	}
	chunked := post("/_pack/webhooks/cms", strings.Repeat(" ", 1<<20+1), "X-Secret: right")
	chunked.ContentLength = -1
	if status, _ := r.send(chunked); status != 413 {
		t.Errorf("a body of unknown length that is too large: %d", status)
	}
}

func TestEffects(t *testing.T) {
	for _, c := range []struct {
		name, members, body string
		headers             []string
		want                []string
	}{
		{"tags and paths", `"tags":["p:{slug}","catalog"],"paths":["/products/{slug}/","{full_slug}"]`, `{"slug":"dune-mug","full_slug":"about/us"}`, nil,
			[]string{"expire tags catalog p:dune-mug", "expire paths /about/us /products/dune-mug"}},
		{"stale", `"tags":["p:{slug}"],"mode":"stale"`, `{"slug":"x"}`, nil, []string{"stale tags p:x"}},
		{"nothing to name", `"tags":["p:{slug}"],"paths":["/{slug}"]`, `{}`, nil, nil},
		{"filter", `"tags":["all"],"filter":"kind == 'product'"`, `{"kind":"page"}`, nil, nil},
		{"filter lets through", `"tags":["all"],"filter":"kind == 'product'"`, `{"kind":"product"}`, nil, []string{"expire tags all"}},
		{"one of two expressions fails", `"tags":["p:{lower(slug)}","all"]`, `{"slug":5}`, nil, []string{"expire tags all"}},
		{"a form", `"tags":["hook:{webhook_id}"]`, `webhook_id=12&x=1&x=2`, []string{"Content-Type: application/x-www-form-urlencoded"}, []string{"expire tags hook:12"}},
		{"a form around JSON", `"tags":["{ref}"]`, `payload=%7B%22ref%22%3A%22main%22%7D`, []string{"Content-Type: application/x-www-form-urlencoded"}, []string{"expire tags main"}},
		{"a long id", `"tags":["{id}","{small}"]`, `{"id":9007199254740993,"small":1e3}`, nil, []string{"expire tags 1000 9007199254740993"}},
		{"not ASCII", `"tags":["t:{name}"],"paths":["/{name}"]`, `{"name":"Krüge 1"}`, nil, []string{"expire tags t:Kr%C3%BCge 1", "expire paths /Kr%C3%BCge 1"}},
		{"too long a tag", `"tags":["{name}","all"]`, `{"name":"` + strings.Repeat("x", 257) + `"}`, nil, []string{"expire tags all"}},
		{"a path with a query", `"paths":["/{name}","/b"]`, `{"name":"a?b"}`, nil, []string{"expire paths /b"}},
		{"the front page", `"paths":["/","/{slug || ''}"]`, `{}`, nil, []string{"expire paths /"}},
		{"a header", `"tags":["{@headers.\"x-topic\"}"]`, ``, []string{"X-Topic: a"}, []string{"expire tags a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := receive(t, tokenHook+","+c.members, "right")
			if status, _ := r.send(post("/_pack/webhooks/cms", c.body, append(c.headers, "X-Secret: right")...)); status != 202 {
				t.Errorf("status %d", status)
			}
			if did := r.effects.taken(); !slices.Equal(did, c.want) {
				t.Errorf("did %q, want %q", did, c.want)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	for _, c := range []struct {
		name, members string
		right, wrong  *http.Request
		status        int
	}{
		{"strapi", `"sender":"strapi"`, post("/_pack/webhooks/cms", "{}", "Authorization: Bearer user:right"), post("/_pack/webhooks/cms", "{}", "Authorization: user:right"), 202},
		{"datocms", `"sender":"datocms"`, post("/_pack/webhooks/cms", "{}", "Authorization: Basic dXNlcjpyaWdodA=="), post("/_pack/webhooks/cms", "{}", "Authorization: Bearer user:right"), 202},
		{"query", `"sender":"wordpress","token":{"query":"key"}`, post("/_pack/webhooks/cms?key=user%3Aright", "{}"), post("/_pack/webhooks/cms?key=user", "{}"), 202},
		{"prismic", `"sender":"prismic"`, post("/_pack/webhooks/cms", `{"secret":"user:right","type":"api-update"}`), post("/_pack/webhooks/cms", `{"secret":["user:right"]}`), 200},
	} {
		r := receive(t, c.members+`,"tags":["all"]`, "user:right")
		if status, _ := r.send(c.right); status != c.status || len(r.effects.taken()) != 1 {
			t.Errorf("%s: right is %d, want %d", c.name, status, c.status)
		}
		if status, body := r.send(c.wrong); status != 401 || body != "unauthorized\n" || r.effects.taken() != nil {
			t.Errorf("%s: wrong is %d %q", c.name, status, body)
		}
	}
}

func TestEvents(t *testing.T) {
	for _, c := range []struct{ members, event, body, header string }{
		{`"sender":"strapi"`, "entry.update", `{"event":"other"}`, "X-Strapi-Event: entry.update"},
		{`"sender":"datocms","token":{"header":"authorization"}`, "item.publish", `{"entity_type":"item","event_type":"publish"}`, ""},
		{`"sender":"prismic"`, "api-update", `{"type":"api-update","secret":"right"}`, ""},
	} {
		for _, events := range []string{`"` + c.event + `"`, `"another"`} {
			r := receive(t, c.members+`,"tags":["{@event}"],"events":[`+events+`]`, "right")
			authorization := "Authorization: right"
			if strings.Contains(c.members, "strapi") {
				authorization = "Authorization: Bearer right"
			}
			r.send(post("/_pack/webhooks/cms", c.body, authorization, c.header))
			if did := r.effects.taken(); (len(did) == 1 && did[0] == "expire tags "+c.event) != (events != `"another"`) {
				t.Errorf("%s of events %s: %q", c.event, events, did)
			}
		}
	}
}

// TestStoreFails: what could not be done is not accepted, and is done when the
// sender tries again.
func TestStoreFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receive(t, tokenHook+`,"tags":["all"],"delivery":"{id}"`, "right")
		request := func() *http.Request { return post("/_pack/webhooks/cms", `{"id":"m1"}`, "X-Secret: right") }
		r.effects.fails = context.DeadlineExceeded
		w := httptest.NewRecorder()
		r.handler.Serve(w, request())
		if w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("status %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
		}
		r.effects.fails = nil
		if status, _ := r.send(request()); status != 202 || len(r.effects.taken()) != 1 {
			t.Errorf("the second try is %d", status)
		}
		synctest.Wait()
	})
}

func TestNoSecretSet(t *testing.T) {
	r := receive(t, tokenHook+`,"tags":["all"]`, "right")
	var err error
	r.handler, err = webhooks.New(webhooks.Options{
		Webhooks:    []manifest.Webhook{planned(t, "cms", tokenHook+`,"tags":["all"],"secrets":[{"env":"SECRET"}]`)},
		Env:         func(string) string { return "" },
		Revalidator: r.effects,
	})
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := r.send(post("/_pack/webhooks/cms", "{}", "X-Secret: ")); status != 503 || r.effects.taken() != nil {
		t.Errorf("without any secret the status is %d", status)
	}
}

// TestRepetition: a delivery is carried out once, also by another instance,
// and again when it has been forgotten.
func TestRepetition(t *testing.T) {
	store := open(t)
	memory := func() *webhooks.Memory { return &webhooks.Memory{Store: store, Prefix: "d1"} }
	for i := range 300 { // More than a sweep is far.
		id := strings.Repeat("i", i) + "/../\x00"
		if seen, err := memory().Seen(t.Context(), "cms", id); seen || err != nil {
			t.Fatalf("seen before it was recorded: %v", err)
		}
		for range 2 {
			if err := memory().Record(t.Context(), "cms", id, time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		if seen, err := memory().Seen(t.Context(), "cms", id); !seen || err != nil {
			t.Fatalf("not seen after it was recorded: %v", err)
		}
		if seen, _ := memory().Seen(t.Context(), "other", id); seen {
			t.Fatal("another endpoint's delivery is taken for it")
		}
	}
	if err := memory().Record(t.Context(), "cms", "short", time.Millisecond); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if seen, _ := memory().Seen(t.Context(), "cms", "short"); !seen {
			break
		} else if time.Now().After(deadline) {
			t.Fatal("a delivery is never forgotten")
		}
	}
	if err := memory().Record(t.Context(), "cms", "short", time.Minute); err != nil {
		t.Fatal(err)
	}
	if seen, _ := memory().Seen(t.Context(), "cms", "short"); !seen {
		t.Error("a forgotten delivery cannot be recorded again")
	}
}
