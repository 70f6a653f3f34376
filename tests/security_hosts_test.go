package tests_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// inside is a server of the internal network: nothing that a stranger asks for
// may make the app ask it.
type inside struct {
	*httptest.Server
	asked atomic.Int64
}

func startInside(t *testing.T) *inside {
	t.Helper()
	in := &inside{}
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		in.asked.Add(1)
		w.Header().Set("Content-Type", "text/x-component")
		_, _ = w.Write([]byte("the inner secret"))
	}))
	t.Cleanup(in.Close)
	return in
}

func (in *inside) host() string { return strings.TrimPrefix(in.URL, "http://") }

// untouched fails if the server was asked, or an answer is from it.
func (in *inside) untouched(t *testing.T, q request, a *answer) {
	t.Helper()
	if in.asked.Swap(0) > 0 || a != nil && (strings.Contains(a.body, "inner secret") || a.status == http.StatusSwitchingProtocols) {
		t.Errorf("%s reached the internal server", q)
	}
}

// CVE-2024-34351, CVE-2026-94483: the page that a server action redirects to is
// fetched from the app itself, whatever host the request names.
func TestActionRedirectsAskNobodyElse(t *testing.T) {
	in := startInside(t)
	for _, c := range []struct{ app, page, field, value string }{{"app-router", "/forms", "to", "/posts/one"}, {"edge", "/form", "taste", "water"}} {
		s := servePack(t, fixture(t, c.app).folder, "--fresh")
		page := s.must(t, get(c.page), http.StatusOK).body
		if form := strings.Index(page, `id="leave"`); form > 0 {
			page = page[form:]
		}
		_, rest, _ := strings.Cut(page, `name="$ACTION_ID_`)
		id, _, found := strings.Cut(rest, `"`)
		if !found {
			t.Fatalf("%s has no form with an action", c.page)
		}
		body := multipart([2]string{"_1_" + c.field, c.value}, [2]string{"0", `["$K1"]`})
		for _, header := range [][]string{
			{"Host: " + in.host(), "Origin: " + in.URL},
			{"X-Forwarded-Host: " + in.host(), "Origin: " + in.URL},
			{"Host: " + in.host(), "X-Forwarded-Host: " + in.host(), "X-Forwarded-Proto: http", "Origin: " + in.URL},
			{"Host: " + in.host(), "Origin: " + in.URL, "Next-Router-State-Tree: %5B%22%22%5D"},
		} {
			q := post(c.page, body, append(header, formType, "Next-Action: "+id, "Accept: text/x-component")...)
			a, err := s.send(q)
			if err != nil {
				t.Fatal(err)
			}
			in.untouched(t, q, a)
			if !strings.HasPrefix(a.header.Get("X-Action-Redirect"), "/") {
				t.Errorf("%s was not carried out: status %d, %v", q, a.status, a.header)
			}
		}
	}
}

// A form from another site is refused, and does not keep an instance busy.
func TestForeignFormsHoldNoInstance(t *testing.T) {
	s := servePack(t, fixture(t, "app-router").folder, "--fresh")
	fields := hiddenFields(formNamed(t, s.must(t, get("/forms"), http.StatusOK).body, "remember"))
	body := multipart(append(fields, [2]string{"name", "Mallory"})...)
	for range 12 {
		began := time.Now()
		a := s.must(t, post("/forms", body, formType, "Origin: https://elsewhere.example"), http.StatusInternalServerError)
		if took := time.Since(began); took > 10*time.Second || a.header.Get("Set-Cookie") != "" {
			t.Fatalf("refused after %s with the cookie %q", took, a.header.Get("Set-Cookie"))
		}
	}
	s.must(t, get("/forms"), http.StatusOK)
}

// CVE-2026-44578: an upgrade to a WebSocket is no way around what is refused
// otherwise, nor is a request as a proxy gets it.
func TestUpgradesReachNoPrivateAddress(t *testing.T) {
	startElsewhere(t)
	in := startInside(t)
	s := servePack(t, fixture(t, "based").folder, "--fresh")
	upgrade := []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
	for _, target := range []string{
		"/base/zone/a/", "/no-base/a", in.URL + "/", in.URL + "/base/zone/", "//" + in.host() + "/", "/base//" + in.host() + "/", "/base/zone/@" + in.host() + "/", "/base/p/careless/", "/base/p/rewrite/", "/base/api/echo/", "/_next/webpack-hmr", "/base/_next/webpack-hmr", "/",
	} {
		for _, header := range [][]string{nil, {"Host: " + in.host()}, {"Location: " + in.URL, "X-Middleware-Rewrite: " + in.URL}} {
			for _, q := range []request{get(target, header...), get(target, append(header, upgrade...)...)} {
				a, _ := s.send(q) // Breaking the connection off is an answer, too.
				in.untouched(t, q, a)
				if a != nil && a.header.Get("X-From") != "" {
					t.Errorf("%s reached the private address of a rewrite", q)
				}
			}
		}
	}
	if a, err := s.send(request{method: "CONNECT", target: in.host()}); err == nil && a.status == http.StatusOK {
		t.Error("CONNECT is answered with a tunnel")
	}
}

// CVE-2025-57822: a proxy.ts that hands the request's headers back as its
// answer's does not let them steer.
func TestHeadersHandedBackDoNotSteer(t *testing.T) {
	startElsewhere(t)
	in := startInside(t)
	s := servePack(t, fixture(t, "based").folder, "--fresh", "--allow-private-rewrites")
	for _, line := range []string{"Location: " + in.URL + "/x", "X-Middleware-Rewrite: " + in.URL + "/x", "X-Middleware-Redirect: " + in.URL + "/x", "Refresh: 0; url=" + in.URL, "X-Middleware-Next: 0", "X-Nextjs-Rewritten-Path: " + in.URL} {
		q := get("/base/p/careless/", line)
		a, err := s.send(q)
		if err != nil {
			t.Fatal(err)
		}
		in.untouched(t, q, a)
	}
}

// CVE-2025-6087 and its kind: the optimizer asks no address of the internal
// network, however it is written, although the app allows every host.
func pictureHosts(t *testing.T, p *pair) {
	in := startInside(t)
	_, port, _ := net.SplitHostPort(in.host())
	var list []request
	for _, address := range []string{
		in.URL + "/a.png", "http://localhost:" + port + "/a.png", "http://LOCALHOST:" + port + "/", "http://[::1]:" + port + "/", "http://[::ffff:127.0.0.1]:" + port + "/", "http://[::ffff:7f00:1]:" + port + "/", "http://127.1:" + port + "/", "http://2130706433:" + port + "/", "http://0x7f000001:" + port + "/", "http://0177.0.0.1:" + port + "/", "http://0.0.0.0:" + port + "/", "http://[::]:" + port + "/",
		"http://user@127.0.0.1:" + port + "/", "http://127.0.0.1.:" + port + "/", "http://10.0.0.1/", "http://192.168.0.1/", "http://172.16.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://[fd00::1]/", "http://100.64.0.1/",
		"//127.0.0.1:" + port + "/a.png", `\\127.0.0.1:` + port + `\a.png`, "/\\127.0.0.1:" + port + "/", "file:///etc/passwd", "data:image/png;base64,AAAA", "ftp://127.0.0.1/", "http:127.0.0.1:" + port,
	} {
		q := get("/_next/image?url=" + url.QueryEscape(address) + "&w=640&q=75")
		list = append(list, q)
		a, err := p.pack.send(q)
		if err != nil {
			t.Fatal(err)
		}
		in.untouched(t, q, a)
		if a.status < 400 {
			t.Errorf("%s: status %d", q, a.status)
		}
	}
	for _, q := range list {
		next, pack, err := p.ask(q)
		if err != nil || next.status != pack.status {
			t.Errorf("%s: %v, next start %+v, pack serve %+v", q, err, next, pack)
		}
	}
}

// CVE-2025-57752: the optimizer's store is everybody's; what it fetches from the
// app is what anybody would get.
func portraits(t *testing.T, p *pair) {
	q := get("/_next/image?url=%2Fapi%2Fportrait&w=128&q=75", "Accept: image/png")
	for _, cookie := range []string{"height=60", "height=40", "height=20"} {
		one := p.pack.must(t, q.with("Cookie: "+cookie, "Authorization: Bearer "+cookie), http.StatusOK)
		if got := measured(one); got != "png, 100 × 20" {
			t.Errorf("with the cookie %s the optimizer gives %s", cookie, got)
		}
	}
}
