package tests_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// routeSamples is one request that each route answers with 200 or 204 on its
// own, without the gateway.
var routeSamples = map[string]request{
	"/products/[slug]": get("/products/dune-mug"), "/products/[slug]/opengraph-image": get("/products/dune-mug/opengraph-image"),
	"/categories/[category]": get("/categories/cups"), "/stores/[city]": get("/stores/lisbon"), "/api/invoice/[id]": get("/api/invoice/OK-1"),
	"/orders/[id]": get("/orders/OK-1", "Cookie: "+receipt), "/account": get("/account", "Cookie: "+anaSession),
	"/api/products": get("/api/products?q=mug"), "/api/after": get("/api/after?id=alone"),
}

// routeStatus holds the routes that answer otherwise than with 200.
var routeStatus = map[string]int{
	"/api/visit": 204, "/api/after-throws": 500, "/api/refresh": 405, "/api/revalidate": 401, "/api/upload": 405,
	"/api/shipments": 405, "/api/parcels": 405, "/api/cron/kiln-report": 401,
}

// at is the same server, asked at another of its addresses.
func (s *server) at(url string) *server {
	return &server{name: s.name + " at " + url, url: url, cmd: s.cmd, ended: s.ended}
}

// functionAt gives the function URL of a route.
func (s *server) functionAt(t *testing.T, route string) *server {
	t.Helper()
	name := deployment(t).functionOf(t, route)
	url := s.functions()[name]
	if url == "" {
		t.Fatalf("pack serve printed no URL for function %s:\n%s", name, s.stderr.String())
	}
	return s.at(url)
}

func TestEveryFunctionAnswersAlone(t *testing.T) {
	s := sharedPack(t)
	urls := s.functions()
	for _, f := range deployment(t).Functions {
		url := urls[f.Name]
		if url == "" {
			t.Errorf("function %s has no URL", f.Name)
			continue
		}
		for _, route := range f.Routes {
			want := routeStatus[route]
			if want == 0 {
				want = http.StatusOK
			}
			q, ok := routeSamples[route]
			if !ok {
				q = get(route)
			}
			if f.Kind != "route" {
				q, want = get("/about"), http.StatusOK
			}
			if a, err := s.at(url).send(q); err != nil || a.status != want {
				t.Errorf("function %s: %s: %v, %+v, want status %d", f.Name, q, err, a, want)
			}
		}
	}
}

func TestMaxDuration(t *testing.T) {
	s := sharedPack(t)
	for _, at := range []*server{s, s.functionAt(t, "/api/slow")} {
		a := at.must(t, get("/api/slow?ms=60000"), http.StatusGatewayTimeout)
		var body struct {
			Error struct{ Code, Message string }
		}
		if err := json.Unmarshal([]byte(a.body), &body); err != nil || !strings.Contains(body.Error.Message, "/api/slow") || !strings.Contains(body.Error.Message, "5 seconds") {
			t.Errorf("%s: the 504 does not name the route and its 5 seconds in JSON: %s", at.name, a.body)
		}
		at.must(t, get("/api/slow?ms=1"), http.StatusOK)
	}
}

func TestStreamedEventsComeOneByOne(t *testing.T) {
	s := sharedPack(t)
	for _, at := range []string{s.url, s.functionAt(t, "/api/stock/stream").url} {
		response, err := http.Get(at + "/api/stock/stream")
		if err != nil {
			t.Fatal(err)
		}
		var times []time.Time
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "data: ") {
				times = append(times, time.Now())
			}
		}
		response.Body.Close()
		if err := lines.Err(); err != nil || len(times) != 5 {
			t.Fatalf("%s: %d events, error %v, want 5", at, len(times), err)
		}
		// Sent 200 ms apart; all at the end would be no time apart.
		if spread := times[4].Sub(times[0]); spread < 400*time.Millisecond {
			t.Errorf("%s: five events that are sent over 800 ms came within %s", at, spread)
		}
	}
}

func TestBodiesArriveWhole(t *testing.T) {
	s := sharedPack(t)
	const logDigest = "5ae8b10b2fd8ebb9d0ade5ed15da9f6dc2cd2ad3719b79706f22c836bb798e51"
	for _, at := range []*server{s, s.functionAt(t, "/api/glaze-log")} {
		a := at.must(t, get("/api/glaze-log"), http.StatusOK)
		if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(a.body))); sum != logDigest {
			t.Errorf("%s: a stream of 1 MiB came as %d bytes with digest %s", at.name, len(a.body), sum)
		}
	}
	photo := make([]byte, 2<<20)
	random := rand.NewChaCha8([32]byte{7})
	_, _ = random.Read(photo)
	body := "--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"pot.png\"\r\nContent-Type: image/png\r\n\r\n" + string(photo) + "\r\n--" + boundary + "--\r\n"
	for _, at := range []*server{s, s.functionAt(t, "/api/upload")} {
		a := at.must(t, post("/api/upload", body, formType), http.StatusOK)
		var got struct {
			Size   int
			SHA256 string
		}
		if err := json.Unmarshal([]byte(a.body), &got); err != nil || got.Size != len(photo) || got.SHA256 != fmt.Sprintf("%x", sha256.Sum256(photo)) {
			t.Errorf("%s: an upload of %d bytes arrived as %s", at.name, len(photo), a.body)
		}
	}
}

func TestAnswersWithoutBodyEndAtOnce(t *testing.T) {
	s := sharedPack(t)
	etag := s.must(t, get("/about"), http.StatusOK).header.Get("Etag")
	for _, at := range []*server{s, s.functionAt(t, "/api/visit")} {
		conn, err := net.Dial("tcp", at.host())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(answerPatience))
		in := bufio.NewReader(conn)
		requests := []string{"GET /api/visit", "POST /api/visit", "HEAD /api/visit", "GET /api/visit"}
		if at == s {
			requests = append(requests, "HEAD /about", "GET /about", "GET /humans.txt", "HEAD /api/glaze-log", "GET /api/visit")
		}
		for i, line := range requests {
			fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n", line, at.host())
			if line == "GET /about" {
				fmt.Fprintf(conn, "If-None-Match: %s\r\n", etag)
			}
			_, _ = io.WriteString(conn, "\r\n")
			method, _, _ := strings.Cut(line, " ")
			response, err := http.ReadResponse(in, &http.Request{Method: method})
			if err != nil {
				t.Fatalf("%s: request %d on one connection, %s: %v", at.name, i, line, err)
			}
			body, err := io.ReadAll(response.Body)
			if err != nil || len(body) > 0 != (line == "GET /humans.txt") {
				t.Errorf("%s: %s: status %d, %d bytes, %v", at.name, line, response.StatusCode, len(body), err)
			}
		}
	}
}

func TestTwoCookies(t *testing.T) {
	s := sharedPack(t)
	for _, at := range []*server{s, s.functionAt(t, "/api/preferences")} {
		a := at.must(t, get("/api/preferences?currency=USD"), http.StatusOK)
		cookies := a.header.Values("Set-Cookie")
		if len(cookies) != 2 || !strings.HasPrefix(cookies[0], "currency=USD;") || !strings.HasPrefix(cookies[1], "units=metric;") {
			t.Errorf("%s: Set-Cookie is %q, want currency and units", at.name, cookies)
		}
	}
}

// TestUnreadBodies: a body that no code reads is not in the way of the next
// request.
func TestUnreadBodies(t *testing.T) {
	s := sharedPack(t)
	body := strings.Repeat("0123456789", 20_000)
	for _, target := range []string{"/api/visit", "/account/ping", "/old-shop/api", "/old-shop"} {
		for _, body := range []string{body, body + body} {
			if _, err := s.send(post(target, body)); err != nil {
				t.Errorf("POST %s with a body of %d bytes: %v", target, len(body), err)
			}
			if _, err := s.send(get(target)); err != nil {
				t.Fatalf("GET %s after a POST: %v", target, err)
			}
		}
	}
	s.functionAt(t, "/api/visit").must(t, post("/api/visit", body), http.StatusNoContent)
	s.functionAt(t, "/api/visit").must(t, get("/api/visit"), http.StatusNoContent)
}

// orderLogged waits for a line of the order log.
func (s *server) orderLogged(t *testing.T, event, id string) {
	t.Helper()
	eventually(t, 30*time.Second, func() string {
		if text, _ := os.ReadFile(s.orders); !strings.Contains(string(text), fmt.Sprintf(`"event":%q,"id":%q`, event, id)) {
			return fmt.Sprintf("%s %s is not in the order log: %s", event, id, text)
		}
		return ""
	})
}
