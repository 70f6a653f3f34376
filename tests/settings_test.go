package tests_test

import (
	"net/http"
	"strings"
	"testing"
)

// settingRequests ask for what next.config of the fixture "assorted" changes.
func settingRequests(id string) []request {
	reader := "User-Agent: PlainReader/1.0"
	list := []request{
		get("/written"), get("/written", "Rsc: 1"), get("/ignored"), get("/kept"), get("/api/external"),
		get("/named?length=3", reader), get("/worlds/earth/paris"), get("/worlds/earth/rome"), get("/worlds/mars/base"), get("/worlds/mars/base", "Rsc: 1"),
		get("/tainted/name"), get("/tainted/object"), get("/tainted/value"), get("/aged"), get("/_next/data/" + id + "/aged.json"), get("/_next/data/"+id+"/aged.json", "X-Nextjs-Data: 1"), get("/_next/data/another/aged.json"),
	}
	for _, page := range []string{"/kept/", "/written/", "/aged/", "/api/registered/", "/nonce/", "/nowhere/", "//kept", "/kept//", "/seen", "/seen/", "/seen/a/?x=1", "/seen/a%2Fb/"} {
		list = append(list, each([]string{"GET", "HEAD", "POST"}, []string{page})...)
	}
	list = append(list, get("/_next/data/"+id+"/seen.json", "X-Nextjs-Data: 1"), get("/_next/data/"+id+"/seen/a.json", "X-Nextjs-Data: 1"))
	for i := range list {
		list[i] = list[i].with("X-Test-Nonce: abc123")
	}
	return list
}

// settingsOfPages: expireTime, generateEtags, htmlLimitedBots, mdx-components, next/root-params and taint do what they are
// for, besides being as under next start.
func settingsOfPages(t *testing.T, p *pair, b *built) {
	s := p.pack
	for _, target := range []string{"/kept", "/aged", "/_next/data/" + b.id + "/aged.json"} {
		a := s.must(t, get(target), http.StatusOK)
		if got := a.header.Get("Cache-Control"); got != "s-maxage=600, stale-while-revalidate=6600" {
			t.Errorf("%s: expireTime of 7200 makes it Cache-Control %q", target, got)
		}
		if got := a.header.Get("Etag"); got != "" {
			t.Errorf("%s: without generateEtags it has the ETag %s", target, got)
		}
	}
	if b.id != "assorted-build" {
		t.Errorf("generateBuildId made the id %s", b.id)
	}
	head := func(agent string) string {
		head, _, _ := strings.Cut(s.must(t, get("/named?length=7", "User-Agent: "+agent), http.StatusOK).body, "</head>")
		return head
	}
	for agent, early := range map[string]bool{"PlainReader/2": true, "Twitterbot/1.0": false, "Mozilla/5.0": false} {
		if got := strings.Contains(head(agent), "<title>Named by 7</title>"); got != early {
			t.Errorf("the title is in the head for %s: %t", agent, got)
		}
	}
	for target, want := range map[string]string{
		"/written":            `<h1 class="from-mdx-components">`,
		"/worlds/earth/paris": `data-world="earth"`,
		"/worlds/mars/base":   `data-world="mars"`,
		"/tainted/name":       `Ana`,
		"/api/external":       `{"external":true}`,
	} {
		if a := s.must(t, get(target), http.StatusOK); !strings.Contains(a.body, want) {
			t.Errorf("%s lacks %s: %.300s", target, want, a.body)
		}
	}
	s.must(t, get("/ignored"), http.StatusNotFound)
	for _, what := range []string{"object", "value"} {
		if a, err := s.send(get("/tainted/" + what)); err != nil || strings.Contains(a.body, "a long secret") {
			t.Errorf("/tainted/%s: %v, the secret left the server: %.300s", what, err, a.body)
		}
	}
}

// settingsOfAddresses: with skipTrailingSlashRedirect and skipProxyUrlNormalize
// proxy.ts sees addresses as they were asked for.
func settingsOfAddresses(t *testing.T, p *pair, b *built) {
	for target, want := range map[string]string{
		"/seen":                                "/seen /seen",
		"/seen/a/?x=1":                         "/seen/a/?x=1 /seen/a/",
		"/_next/data/" + b.id + "/seen/a.json": "",
	} {
		a, err := p.pack.send(get(target, "X-Nextjs-Data: 1"))
		if err != nil {
			t.Fatal(err)
		}
		if got := a.header.Get("X-Seen"); want != "" && got != want {
			t.Errorf("%s is seen by proxy.ts as %q, want %q", target, got, want)
		}
	}
	data := p.pack.must(t, get("/_next/data/"+b.id+"/aged.json"), http.StatusOK)
	if got := data.header.Get("X-Seen"); got != "" && !strings.HasPrefix(got, "/_next/data/") {
		t.Errorf("with skipProxyUrlNormalize proxy.ts sees data as %q", got)
	}
	p.pack.must(t, get("/kept/"), http.StatusOK)
}

// settingsOfBodies: serverActions.bodySizeLimit is 20 kB, proxyClientMaxBodySize
// 10 kB.
func settingsOfBodies(t *testing.T, p *pair) {
	var list []request
	for _, size := range []int{10, 10 << 10, 15 << 10, 30 << 10} {
		list = append(list, post("/api/body", strings.Repeat("x", size), "Content-Type: text/plain", "X-Test-Nonce: abc123"))
	}
	for _, size := range []int{10, 15 << 10, 25 << 10} {
		list = append(list, countAction(t, p.next, size, "Origin: http://{host}"), countForm(t, p.next, size))
	}
	p.compare(t, list)
	// A body longer than the proxy may hold is lost to next start, which its
	// documentation does not say.
	whole := p.pack.must(t, post("/api/body", strings.Repeat("x", 30<<10)), http.StatusOK)
	if whole.body != `{"received":30720,"read":"30720"}` {
		t.Errorf("a body of 30 kB arrives as %s", whole.body)
	}
	for size, taken := range map[int]bool{15 << 10: true, 25 << 10: false} {
		a, err := p.pack.send(countAction(t, p.next, size, "Origin: "+p.pack.url))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.HasPrefix(a.header.Get("X-Action-Redirect"), "/named"); got != taken {
			t.Errorf("an action is called with %d bytes: taken: %t, status %d", size, got, a.status)
		}
	}
}

// settingsOfOrigins: serverActions.allowedOrigins.
func settingsOfOrigins(t *testing.T, p *pair) {
	var list []request
	for origin, allowed := range map[string]bool{
		"https://front.example": true, "https://shop.front.example": true, "https://a.shop.front.example": false, "https://front.example:8443": false,
		"https://ports.example:8443": true, "https://ports.example": false, "https://elsewhere.example": false, "https://front.example.elsewhere.example": false, "null": false,
	} {
		q := countAction(t, p.next, 3, "Origin: "+origin)
		list = append(list, q)
		a, err := p.pack.send(q)
		if err != nil {
			t.Fatal(err)
		}
		if (a.header.Get("X-Action-Redirect") != "") != allowed {
			t.Errorf("an action called from %s: status %d", origin, a.status)
		}
	}
	p.compare(t, list)
}

// countAction calls the action of /actions as Next's client does.
func countAction(t *testing.T, s *server, size int, header ...string) request {
	t.Helper()
	id := actionID(hiddenFields(formNamed(t, s.must(t, get("/actions"), http.StatusOK).body, "count")))
	if id == "" {
		t.Fatal("the page has no form with an action")
	}
	body := multipart([2]string{"_1_text", strings.Repeat("x", size)}, [2]string{"0", `["$K1"]`})
	return post("/actions", body, append(header, formType, "Next-Action: "+id, "Accept: text/x-component")...)
}

// countForm posts its form without JavaScript.
func countForm(t *testing.T, s *server, size int) request {
	t.Helper()
	fields := hiddenFields(formNamed(t, s.must(t, get("/actions"), http.StatusOK).body, "count"))
	return post("/actions", multipart(append(fields, [2]string{"text", strings.Repeat("x", size)})...), formType, "Origin: http://{host}")
}
