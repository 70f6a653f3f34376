package tests_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestExport serves a site of `output: "export"`: files alone, as a web server
// configured after Next's guide to static exports would.
func TestExport(t *testing.T) {
	folder := filepath.Join(root, "export")
	if err := copyTree(filepath.Join("fixtures", "export"), folder, copyFile, "node_modules", ".next", ".pack"); err != nil {
		t.Fatal(err)
	}
	if err := install(folder); err != nil {
		t.Fatal(err)
	}
	if _, err := packBuild(folder); err != nil {
		t.Fatal(err)
	}
	s := servePack(t, folder)
	if functions := s.functions(); len(functions) != 1 || functions["gateway"] == "" {
		t.Errorf("functions %v, want the gateway alone", functions)
	}
	for _, c := range []struct {
		target string
		status int
		kind   string
		holds  string
	}{
		{"/", 200, "text/html; charset=utf-8", "Front"},
		{"/about", 200, "text/html; charset=utf-8", "About"},
		{"/about?x=1", 200, "text/html; charset=utf-8", "About"},
		{"/about/", 308, "", ""},
		{"/about.txt", 200, "text/plain", "$Sreact.fragment"},
		{"/posts/first", 200, "text/html; charset=utf-8", "first"},
		{"/posts/second%20%C3%A9", 200, "text/html; charset=utf-8", "second é"},
		{"/feed.json", 200, "application/json", `{"posts":["first"]}`},
		{"/files/note.txt", 200, "text/plain", "plain text"},
		{"/posts/none", 404, "text/html; charset=utf-8", "Nothing here"},
		{"/nowhere", 404, "text/html; charset=utf-8", "Nothing here"},
		{"/_next/image?url=%2Ffiles%2Fnote.txt&w=640&q=75", 404, "", ""},
	} {
		answer := s.must(t, get(c.target), c.status)
		if kind := answer.header.Get("Content-Type"); c.kind != "" && !strings.HasPrefix(kind, c.kind) || !strings.Contains(answer.body, c.holds) {
			t.Errorf("%s: %s, want %s with %q: %.200s", c.target, kind, c.kind, c.holds, answer.body)
		}
	}
	etag := s.must(t, get("/about"), http.StatusOK).header.Get("Etag")
	s.must(t, get("/about", "If-None-Match: "+etag), http.StatusNotModified)
	s.must(t, request{method: "POST", target: "/about"}, http.StatusMethodNotAllowed)
	if head := s.must(t, request{method: "HEAD", target: "/about"}, http.StatusOK); head.body != "" {
		t.Errorf("HEAD has a body: %q", head.body)
	}
	s.must(t, get("/_next/data/x/index.json"), http.StatusNotFound)
}
