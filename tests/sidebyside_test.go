package tests_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// pair is `next start` and `pack serve` on the same build.
type pair struct {
	next, pack *server
	// known are differences of this app's only.
	known []difference
}

// startPair starts both with nothing but the pages of the build.
func startPair(t *testing.T) *pair {
	t.Helper()
	b := shop(t)
	alone(t)
	p := &pair{pack: sharedPack(t)}
	var err error
	p.next, err = launchNext(b.next)
	if p.next != nil {
		t.Cleanup(func() { p.next.endWith(t) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ask sends one request to both at the same time.
func (p *pair) ask(q request) (next, pack *answer, err error) {
	var errs [2]error
	var both sync.WaitGroup
	both.Go(func() { next, errs[0] = p.next.ask(q) })
	both.Go(func() { pack, errs[1] = p.pack.ask(q) })
	both.Wait()
	switch {
	case (errs[0] == nil) != (errs[1] == nil):
		return nil, nil, fmt.Errorf("one connection broke off:\n      next start: %v\n      pack serve: %v", errs[0], errs[1])
	case errs[0] != nil:
		return nil, nil, nil
	}
	return next, pack, nil
}

// ask sends a request in which {host} stands for the server's own address, and
// puts {host} back into the answer.
func (s *server) ask(q request) (*answer, error) {
	host := s.host()
	own := q
	own.target = strings.ReplaceAll(q.target, "{host}", host)
	own.header = nil
	for _, line := range q.header {
		own.header = append(own.header, strings.ReplaceAll(line, "{host}", host))
	}
	a, err := s.send(own)
	if err != nil {
		return nil, err
	}
	a.body = strings.ReplaceAll(a.body, host, "{host}")
	for _, values := range a.header {
		for i := range values {
			values[i] = strings.ReplaceAll(values[i], host, "{host}")
		}
	}
	return a, nil
}

// TestSideBySide holds every answer of `pack serve` against that of
// `next start`, in the order in which a viewer, a client of the app and a
// stranger would ask.
func TestSideBySide(t *testing.T) {
	b := shop(t)
	p := startPair(t)
	files, err := fileRequests(b)
	if err != nil {
		t.Fatal(err)
	}
	pictures, err := builtPictures(b)
	if err != nil {
		t.Fatal(err)
	}
	var everything [][]request
	for _, group := range []struct {
		name     string
		requests []request
	}{
		{"pages", pageRequests()},
		{"payloads", rscRequests()},
		{"data", dataRequests(b.id)},
		{"handlers", handlerRequests()},
		{"files", files},
		{"rules", ruleRequests()},
		{"odd targets", oddRequests()},
		{"internal headers", hostileRequests()},
		{"pictures", append(pictureRequests(), pictures...)},
	} {
		everything = append(everything, group.requests)
		t.Run(group.name, func(t *testing.T) { p.compare(t, group.requests) })
	}
	t.Run("actions", func(t *testing.T) { p.compare(t, actionRequests(t, p.next)) })
	t.Run("no more is let pass than has to be", func(t *testing.T) { stillKnown(t, known) })
	t.Run("every route is among them", func(t *testing.T) { coverRoutes(t, everything) })
}

// compare asks everything, with a conditional request after each answer that
// allows one, and reports what differs.
func (p *pair) compare(t *testing.T, requests []request) {
	t.Helper()
	const shown = 60
	different, began := 0, time.Now()
	report := func(q request, lines []string) {
		if different++; different <= shown {
			t.Errorf("%s\n    %s", q, strings.Join(lines, "\n    "))
		}
	}
	for _, q := range requests {
		next, lines := p.differences(q)
		for try := 0; try < 3 && reordered(next, lines) && !p.isKnown(q, lines); try++ {
			next, lines = p.differences(q)
		}
		if len(lines) > 0 {
			if !p.isKnown(q, lines) {
				report(q, lines)
			}
			continue
		}
		if next == nil || q.method != http.MethodGet || next.header.Get("Etag") == "" || next.status != http.StatusOK || q.conditional() {
			continue
		}
		if lines := p.again(q); len(lines) > 0 {
			report(q.with("If-None-Match: (the ETag received)"), lines)
		}
	}
	if different > shown {
		t.Errorf("… and %d more requests are answered differently", different-shown)
	}
	t.Logf("%d requests, %d answered differently, %s", len(requests), different, time.Since(began).Round(time.Millisecond))
}

// differences compares the answers to one request, and returns that of next
// start, nil if it gave none.
func (p *pair) differences(q request) (next *answer, lines []string) {
	next, pack, err := p.ask(q)
	switch {
	case err != nil:
		return nil, []string{err.Error()}
	case next == nil:
		return nil, nil
	}
	return next, differences(q, next, pack)
}

// reordered reports whether nothing but the body of a page differs that was rendered for
// this request. React writes such a page in the order in which its parts become ready, on
// a busy machine not always in the same; what really differs does so every time.
func reordered(next *answer, lines []string) bool {
	return len(lines) == 1 && strings.HasPrefix(lines[0], "body at ") && next != nil && next.header.Get("Etag") == ""
}

// again repeats a request with the ETag that each server gives. A page may be
// refreshed in between, but not every time.
func (p *pair) again(q request) (lines []string) {
	for range 4 {
		one, errOne := p.next.conditional(q)
		other, errOther := p.pack.conditional(q)
		if err := errors.Join(errOne, errOther); err != nil {
			return []string{err.Error()}
		}
		if lines = differences(q, one, other); len(lines) == 0 {
			return nil
		}
	}
	return lines
}

// conditional is true of a request with a condition of its own.
func (q request) conditional() bool {
	return slices.ContainsFunc(q.header, func(line string) bool { return strings.HasPrefix(line, "If-") })
}

// conditional asks twice, the second time with the ETag of the first answer.
func (s *server) conditional(q request) (*answer, error) {
	first, err := s.ask(q)
	if err != nil {
		return nil, err
	}
	return s.ask(q.with("If-None-Match: " + first.header.Get("Etag")))
}

// builtPictures asks the optimizer for the pictures that the build emitted.
func builtPictures(b *built) (list []request, err error) {
	static := filepath.Join(b.next, ".next", "static")
	err = filepath.WalkDir(static, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Base(filepath.Dir(path)) != "media" || filepath.Ext(path) == ".svg" {
			return err
		}
		name, err := filepath.Rel(static, path)
		list = append(list, get("/_next/image?url="+url.QueryEscape("/_next/static/"+name)+"&w=640&q=75", "Accept: image/webp"))
		return err
	})
	return list, err
}
