package tests_test

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestUseCache is what an app with Cache Components may count on as time goes
// by, asked of `next start` and of `pack serve` alike.
func TestUseCache(t *testing.T) {
	p := startUpstreamPair(t, "cache-components")
	for _, step := range []struct {
		name string
		do   func(t *testing.T, p *upstreamPair, s *server)
	}{
		{"one value for all instances", oneRemoteValue},
		{"private values", privateValues},
		{"lifetime", briefLifetime},
		{"revalidateTag with a profile", revalidateWithProfile},
		{"revalidateTag at once", revalidateAtOnce},
		{"revalidatePath", revalidateByPath},
		{"route handler", cachedHandler},
		{"actions", actionsOnPartialPage},
		{"draft mode", draftsStayOut},
	} {
		for _, s := range p.both() {
			t.Run(step.name+"/"+who(s), func(t *testing.T) { step.do(t, p, s) })
		}
	}
}

// stampOf is what a page shows in the element of a test id.
func (s *server) stampOf(t *testing.T, page, id string, header ...string) string {
	t.Helper()
	return s.must(t, get(page, header...), http.StatusOK).shown(t, id)
}

// changes waits until a page shows something else than before.
func (s *server) changes(t *testing.T, page, id, before string) string {
	t.Helper()
	var now string
	eventually(t, 30*time.Second, func() string {
		if now = s.stampOf(t, page, id); now == before {
			return fmt.Sprintf("%s: %s of %s stays %s", s.name, id, page, before)
		}
		return ""
	})
	return now
}

func (s *server) revalidate(t *testing.T, query string) {
	t.Helper()
	s.must(t, request{method: http.MethodPost, target: "/api/revalidate?" + query}, http.StatusOK)
}

// oneRemoteValue: two requests at once, which on Lambda are two instances, show
// what a third has cached.
func oneRemoteValue(t *testing.T, p *upstreamPair, s *server) {
	first := s.stampOf(t, "/remote?name=shared", "remote")
	var both sync.WaitGroup
	var seen [2]*answer
	var errs [2]error
	for i := range seen {
		both.Go(func() { seen[i], errs[i] = s.send(get("/remote?name=shared&gate=remote")) })
	}
	eventually(t, 30*time.Second, func() string {
		if n := p.upstream.asked(s, "gate/remote"); n < 2 {
			return fmt.Sprintf("%d of two renders have reached the gate", n)
		}
		return ""
	})
	p.upstream.openGate(s, "remote")
	both.Wait()
	for i, a := range seen {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		if got := a.shown(t, "remote"); got != first {
			t.Errorf("an instance shows %s, want %s", got, first)
		}
	}
	s.revalidate(t, "tag=shared&expire=0")
	if got := s.stampOf(t, "/remote?name=shared", "remote"); got == first {
		t.Errorf("%s is still shown after revalidateTag", got)
	}
}

func privateValues(t *testing.T, _ *upstreamPair, s *server) {
	seen := make(map[string]bool)
	for _, name := range []string{"Ana", "Bo", "Ana"} {
		got := s.stampOf(t, "/private", "secret", "Cookie: name="+name)
		if !strings.HasPrefix(got, name+" ") || seen[got] {
			t.Errorf("%s is shown %q", name, got)
		}
		seen[got] = true
	}
}

// briefLifetime: a page made of a value for two seconds and one for days is
// made anew with what is old, and only that.
func briefLifetime(t *testing.T, p *upstreamPair, s *server) {
	long := s.stampOf(t, "/life/brief", "long")
	// The build's values are in its shell, not in any cache at run time: the
	// first refresh may make all of it anew.
	brief := s.changes(t, "/life/brief", "life", s.stampOf(t, "/life/brief", "life"))
	eventually(t, 30*time.Second, func() string {
		before := long
		if long = s.stampOf(t, "/life/brief", "long"); long != before {
			return "the long-lived value is new"
		}
		return ""
	})
	long = s.stampOf(t, "/life/brief", "long")
	for range 2 {
		brief = s.changes(t, "/life/brief", "life", brief)
	}
	if now := s.stampOf(t, "/life/brief", "long"); now != long {
		t.Errorf("the value for days went from %s to %s while the one for two seconds was renewed", long, now)
	}
	s.revalidate(t, "tag=brief&expire=0")
	if s == p.next {
		// Next start looks at no tag of a page that is old anyway.
		s.changes(t, "/life/brief", "life", brief)
	} else if now := s.stampOf(t, "/life/brief", "life"); now == brief {
		t.Errorf("%s is still shown after revalidateTag", now)
	}
}

func revalidateWithProfile(t *testing.T, _ *upstreamPair, s *server) {
	before := s.stampOf(t, "/store", "shelf")
	if again := s.stampOf(t, "/store", "shelf"); again != before {
		t.Fatalf("%s and then %s", before, again)
	}
	s.revalidate(t, "tag=shelf&profile=max")
	if first := s.stampOf(t, "/store", "shelf"); first != before {
		t.Errorf("a stale page is to be served while a new one is made; it shows %s, want %s", first, before)
	}
	now := s.changes(t, "/store", "shelf", before)
	if again := s.stampOf(t, "/store", "shelf", "Cookie: name=Ana"); again != now {
		t.Errorf("%s and then %s", now, again)
	}
}

func revalidateAtOnce(t *testing.T, _ *upstreamPair, s *server) {
	for _, page := range []struct{ path, id, tag string }{
		{"/store", "shelf", "shelf"},
		{"/blog/second", "article", "article-second"},
		{"/blog/later", "article", "articles"},
		{"/docs/guide/start", "section", "section-guide"},
		{"/docs/late/start", "section", "section-late"},
	} {
		var before string
		// An address that the build did not see gets its own shell first.
		eventually(t, 30*time.Second, func() string {
			one, other := s.stampOf(t, page.path, page.id), s.stampOf(t, page.path, page.id)
			before = other
			if one != other {
				return page.path + " is not cached"
			}
			return ""
		})
		s.revalidate(t, "tag="+page.tag+"&expire=0")
		now := s.stampOf(t, page.path, page.id)
		if now == before {
			t.Errorf("%s: %s is still shown after revalidateTag", page.path, before)
		}
	}
}

func revalidateByPath(t *testing.T, _ *upstreamPair, s *server) {
	for _, query := range []string{"path=/store", "path=/store", "path=/&type=layout"} {
		before := s.stampOf(t, "/store", "shelf")
		if again := s.stampOf(t, "/store", "shelf"); again != before {
			t.Errorf("%s and then %s", before, again)
		}
		s.revalidate(t, query)
		if now := s.stampOf(t, "/store", "shelf"); now == before {
			t.Errorf("%s is still shown after %s", before, query)
		}
	}
}

func cachedHandler(t *testing.T, _ *upstreamPair, s *server) {
	before := s.must(t, get("/api/cached"), http.StatusOK).body
	if again := s.must(t, get("/api/cached"), http.StatusOK).body; again != before {
		t.Errorf("%s and then %s", before, again)
	}
	s.revalidate(t, "tag=route&expire=0")
	if now := s.must(t, get("/api/cached"), http.StatusOK).body; now == before {
		t.Errorf("%s is still answered after revalidateTag", before)
	}
}

var formOf = regexp.MustCompile(`(?s)<form[^>]*>(.*?)</form>`)

// actionForm gives the fields and the id of the action behind a button.
func actionForm(t *testing.T, page *answer, button string) (fields [][2]string, id string) {
	t.Helper()
	for _, form := range formOf.FindAllStringSubmatch(page.body, -1) {
		if strings.Contains(form[1], `data-testid="`+button+`"`) {
			fields = hiddenFields(html.UnescapeString(form[1]))
			return fields, actionID(fields)
		}
	}
	t.Fatalf("no form with the button %s", button)
	return nil, ""
}

// actionsOnPartialPage calls each action as a form without JavaScript would and
// as the client does.
func actionsOnPartialPage(t *testing.T, p *upstreamPair, s *server) {
	page := s.must(t, get("/stamps"), http.StatusOK)
	byForm := func(button string, more ...[2]string) *answer {
		fields, _ := actionForm(t, page, button)
		a := s.must(t, request{method: http.MethodPost, target: "/stamps", header: []string{formType, "Origin: " + s.url}, body: multipart(append(fields, more...)...)}, http.StatusOK)
		if whole := strings.HasPrefix(a.body, "<!DOCTYPE html>"); whole != (s == p.pack) {
			// docs/differences.md; when this fails for next start, Next has mended it.
			t.Errorf("%s: the answer to a plain form is a whole document: %t", s.name, whole)
		}
		return a
	}
	byClient := func(button string) *answer {
		_, id := actionForm(t, page, button)
		return s.must(t, request{method: http.MethodPost, target: "/stamps", header: []string{
			"Next-Action: " + id, "Accept: text/x-component", "Content-Type: text/plain;charset=UTF-8", "Origin: " + s.url,
			"Next-Router-State-Tree: " + `%5B%22%22%2C%7B%22children%22%3A%5B%22stamps%22%2C%7B%22children%22%3A%5B%22__PAGE__%22%2C%7B%7D%5D%7D%5D%7D%2Cnull%2Cnull%2Ctrue%5D`,
		}, body: "[]"}, http.StatusOK)
	}
	stamp := s.stampOf(t, "/stamps", "stamp")
	for _, button := range []string{"do-update", "do-path"} {
		// Whoever revalidates sees the result in the very answer.
		if a := byForm(button); strings.Contains(a.body, stamp) || s == p.pack && a.shown(t, "stamp") == stamp {
			t.Errorf("%s by form: the answer still shows %s", button, stamp)
		}
		now := s.stampOf(t, "/stamps", "stamp")
		if now == stamp {
			t.Errorf("%s by form: %s is still shown", button, now)
		}
		if a := byClient(button); strings.Contains(a.body, now) || !strings.HasPrefix(a.header.Get("Content-Type"), "text/x-component") {
			t.Errorf("%s by the client: the answer still has %s: %.300s", button, now, a.body)
		}
		stamp = s.stampOf(t, "/stamps", "stamp")
		if stamp == now {
			t.Errorf("%s by the client: %s is still shown", button, now)
		}
	}
	byForm("do-revalidate")
	stamp = s.changes(t, "/stamps", "stamp", stamp)
	if a := byForm("do-refresh"); s == p.pack && a.shown(t, "stamp") != stamp {
		t.Errorf("refresh() shows %s, want what is cached, %s", a.shown(t, "stamp"), stamp)
	}
	if got := byClient("do-refresh"); !strings.Contains(got.body, stamp) {
		t.Errorf("refresh() by the client answers without the page: %.300s", got.body)
	}
	renamed := byForm("do-rename", [2]string{"name", "Ana"})
	if got := renamed.shown(t, "name"); got != "Ana" || !strings.HasPrefix(renamed.header.Get("Set-Cookie"), "name=Ana") {
		t.Errorf("after the action the page greets %q, with %v", got, renamed.header["Set-Cookie"])
	}
	if got := s.stampOf(t, "/stamps", "name"); got != "stranger" {
		t.Errorf("somebody else is greeted as %q", got)
	}
}

// draftsStayOut: what a `use cache` function makes in draft mode is seen by the
// editor alone, and never kept.
func draftsStayOut(t *testing.T, _ *upstreamPair, s *server) {
	published := s.stampOf(t, "/draft", "story")
	cookie := strings.Split(s.must(t, get("/api/draft"), http.StatusOK).header.Get("Set-Cookie"), ";")[0]
	if !strings.HasPrefix(cookie, "__prerender_bypass=") {
		t.Fatalf("draft mode sets %q", cookie)
	}
	seen := make(map[string]bool)
	for range 2 {
		draft := s.must(t, get("/draft", "Cookie: "+cookie), http.StatusOK)
		got := draft.shown(t, "story")
		if !strings.HasPrefix(got, "unpublished ") || seen[got] || !strings.Contains(draft.header.Get("Cache-Control"), "no-store") {
			t.Errorf("the editor sees %q, with %v", got, draft.header)
		}
		seen[got] = true
	}
	for _, forged := range []string{"__prerender_bypass=guess", "__prerender_bypass="} {
		if got := s.stampOf(t, "/draft", "story", "Cookie: "+forged); got != published {
			t.Errorf("with %s the page shows %q, want %q", forged, got, published)
		}
	}
	s.revalidate(t, "tag=story&expire=0")
	if got := s.stampOf(t, "/draft", "story"); !strings.HasPrefix(got, "published ") || got == published {
		t.Errorf("after the drafts the page shows %q", got)
	}
}
