package tests_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// partialPages are pages of the cache-components fixture: with a shell and
// something dynamic, wholly static, with a shell for addresses that the build
// did not see, and without anything.
var partialPages = []string{
	"/", "/store", "/store?q=pots", "/blog/first", "/blog/second", "/docs/guide/start", "/manual/start", "/life/minutes",
	"/life/seconds", "/private", "/remote", "/stamps", "/gated", "/draft", "/gone", "/nowhere",
	"/static-only", "/unprefetched", "/deferred", "/any/x/y", "/blocking/one", "/blocking/two",
}

// TestPartialPrerendering holds pages with Cache Components beside those of
// `next start`.
func TestPartialPrerendering(t *testing.T) {
	p := startUpstreamPair(t, "cache-components")
	t.Run("documents", func(t *testing.T) {
		var list []request
		for _, page := range partialPages {
			list = append(list, get(page), request{method: http.MethodHead, target: page}, get(page, "Cookie: name=Ana"))
		}
		for _, page := range []string{"/store", "/blog/first"} {
			list = append(list,
				get(page, "User-Agent: Twitterbot/1.0"), get(page, "User-Agent: Googlebot/2.1"),
				request{method: http.MethodPost, target: page}, request{method: http.MethodOptions, target: page},
				request{method: http.MethodDelete, target: page},
				get(page, "Next-Resume: 1"), get(page, "X-Next-Resume-State-Length: 4"),
				request{method: http.MethodPost, target: page, header: []string{"Next-Resume: 1"}, body: "4:nullnull"},
			)
		}
		p.compare(t, append(list, get("/api/cached")))
	})
	t.Run("payloads", func(t *testing.T) {
		// The adapter API has no prerender of the not-found page's payload.
		p.pack.must(t, rsc("/nowhere"), http.StatusNotFound)
		var list []request
		for _, page := range partialPages {
			list = append(list, rsc(page), rsc(page, "Next-Router-Prefetch: 1"), rsc(page, "Next-Router-Prefetch: 2"), rsc(page, "Cookie: name=Ana"))
		}
		p.compare(t, list)
	})
	t.Run("segments", func(t *testing.T) {
		var list []request
		for _, page := range partialPages {
			own := page
			if page == "/" {
				own = ""
			}
			for _, segment := range []string{"/_tree", "/_full", own + "/__PAGE__", "/unknown"} {
				if page != "/nowhere" {
					list = append(list, segmentPrefetch(page, segment))
				}
			}
		}
		p.compare(t, append(list, segmentPrefetch("/docs/guide/start", "/docs/$d$section/$d$page/__PAGE__"), segmentPrefetch("/blog/first", "/blog/$d$slug/__PAGE__")))
	})
	t.Run("an address that the build did not see", func(t *testing.T) { unseenAddress(t, p) })
	t.Run("shell before the rest", func(t *testing.T) { shellFirst(t, p) })
	t.Run("odd addresses", func(t *testing.T) {
		p.compare(t, []request{get("/blog/%5Bslug%5D"), get("/blog/f%C3%BCr"), get("/blog/a%2Fb"), get("/docs/gu%69de/start"), get("/blog/nothing")})
	})
}

// segmentPrefetch is how the client asks for a piece of a page in advance.
func segmentPrefetch(page, segment string) request {
	return rsc(page, "Next-Router-Prefetch: 1", "Next-Router-Segment-Prefetch: "+segment)
}

// unseenAddress: the template's shell stands in, at once, and the address then
// gets a shell of its own.
func unseenAddress(t *testing.T, p *upstreamPair) {
	for _, page := range []string{
		"/blog/unseen",
		"/docs/other/start",
		"/any",
		"/any/p/q/r",
	} {
		tree := segmentPrefetch(page, "/_tree")
		p.compare(t, []request{tree})
		for _, s := range p.both() {
			eventually(t, 30*time.Second, func() string {
				if a := s.must(t, tree, http.StatusOK); a.header.Get("X-Nextjs-Cache") != "HIT" {
					return fmt.Sprintf("%s: %s has no shell of its own: x-nextjs-cache is %q", s.name, page, a.header.Get("X-Nextjs-Cache"))
				}
				return ""
			})
		}
		p.compare(t, []request{tree, segmentPrefetch(page, "/_full"), get(page), rsc(page)})
	}
	// The article is in the shell now, and the same for every reader.
	one := p.pack.must(t, get("/blog/unseen"), http.StatusOK).shown(t, "article")
	if other := p.pack.must(t, get("/blog/unseen", "Cookie: name=Ana"), http.StatusOK).shown(t, "article"); one != other || !strings.HasPrefix(one, "unseen written ") {
		t.Errorf("the article is %q and then %q", one, other)
	}
}

// shellFirst: the shell arrives, whole, while the dynamic part still waits at a
// gate; then the rest comes in the same response.
func shellFirst(t *testing.T, p *upstreamPair) {
	var shells []string
	for _, s := range p.both() {
		conn, err := net.DialTimeout("tcp", s.host(), 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(answerPatience))
		fmt.Fprintf(conn, "GET /gated?gate=shell HTTP/1.1\r\nHost: %s\r\n\r\n", s.host())
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		shell := readUntil(t, s, response.Body, `data-testid="after"`)
		if strings.Contains(shell, "Behind the gate") {
			t.Errorf("%s: the shell holds what is behind the gate", s.name)
		}
		shells = append(shells, shell[:strings.Index(shell, `data-testid="after"`)])
		p.upstream.openGate(s, "shell")
		rest, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if !strings.Contains(string(rest), "Behind the gate") || !strings.HasSuffix(shell+string(rest), "</html>") {
			t.Errorf("%s: the shell is followed by %.300s", s.name, rest)
		}
	}
	if shells[0] != shells[1] {
		t.Errorf("the shells differ:\n%s\n%s", shells[0], shells[1])
	}
}

// readUntil reads what has come of a stream until it has the mark.
func readUntil(t *testing.T, s *server, body io.Reader, mark string) string {
	t.Helper()
	var text []byte
	for !strings.Contains(string(text), mark) {
		piece := make([]byte, 4096)
		n, err := body.Read(piece)
		text = append(text, piece[:n]...)
		if err != nil && !strings.Contains(string(text), mark) {
			t.Fatalf("%s: no %s in the first %d bytes: %v", s.name, mark, len(text), err)
		}
	}
	return string(text)
}
