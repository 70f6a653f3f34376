package tests_test

import (
	"regexp"
	"strings"
	"testing"
)

// upstreamPair is `next start` and `pack serve` of a fixture, with nothing but
// the pages of the build, beside the upstream of both.
type upstreamPair struct {
	pair
	upstream *upstream
}

func startUpstreamPair(t *testing.T, name string) *upstreamPair {
	t.Helper()
	b := fixture(t, name)
	alone(t)
	p := &upstreamPair{upstream: startUpstream()}
	t.Cleanup(p.upstream.close)
	p.next = nextStart(b.next)
	p.pack = packServe(b.folder, "--fresh")
	for s, urlOf := range map[*server]func(string) string{p.next: nextLine, p.pack: wholeLine} {
		s.cmd.Env = append(s.cmd.Env, "UPSTREAM="+p.upstream.address(who(s)))
		if err := s.start(urlOf); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.endWith(t) })
		if err := s.await(startPatience); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// both are the two servers, next start first.
func (p *upstreamPair) both() []*server { return []*server{p.next, p.pack} }

// who names a server to the upstream.
func who(s *server) string {
	if s.name == "pack serve" {
		return "pack"
	}
	return "next"
}

// compiledHint is in pages that were rendered after the build.
var compiledHint = regexp.MustCompile(`"isExperimentalCompile":false,`)

// madeUp is what a fixture makes anew in every render, by lib/stamps.ts, and
// Next's names for parameters that a shell leaves open.
var madeUp = regexp.MustCompile(`\b[0-9a-f]{8}\b|%%drp:\w+:[0-9a-f]+%%`)

// compare asks both for everything and reports what differs but for what a
// render makes up.
func (p *upstreamPair) compare(t *testing.T, requests []request) {
	t.Helper()
	for _, q := range requests {
		next, pack, err := p.ask(q)
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		for _, a := range []*answer{next, pack} {
			if next.body != pack.body {
				delete(a.header, "Etag") // It follows the bytes.
			}
		}
		for _, a := range []*answer{next, pack} {
			a.body = compiledHint.ReplaceAllString(a.body, "")
			a.body = settleBoundaries(madeUp.ReplaceAllString(a.body, "(stamp)"))
		}
		for _, line := range differences(q, next, pack) {
			t.Errorf("%s\n    %s", q, line)
		}
	}
}

var (
	pendingBoundary = regexp.MustCompile(`<!--\$\?--><template id="B:([0-9a-f]+)"></template>`)
	lateContent     = regexp.MustCompile(`(?s)<div hidden id="S:([0-9a-f]+)">`)
	swapScript      = regexp.MustCompile(`(?s)<script>\$R[A-Z]=.*?</script>|<script>\$R[A-Z]\(.*?</script>|<script>requestAnimationFrame\(.*?</script>`)
)

// settleBoundaries puts what a stream brings late where it belongs: in which
// order parts of a page become ready, and whether before its first bytes leave,
// is up to the time.
func settleBoundaries(page string) string {
	late := make(map[string]string)
	for {
		at := lateContent.FindStringSubmatchIndex(page)
		if at == nil {
			break
		}
		end := at[1] + closing(page[at[1]:])
		late[page[at[2]:at[3]]] = page[at[1]:end]
		page = page[:at[0]] + page[end+len("</div>"):]
	}
	page = swapScript.ReplaceAllString(page, "")
	for {
		at := pendingBoundary.FindStringSubmatchIndex(page)
		if at == nil {
			return page
		}
		content, ok := late[page[at[2]:at[3]]]
		if !ok {
			content = "(never came)"
		}
		end := at[1] + strings.Index(page[at[1]:], "<!--/$-->")
		page = page[:at[0]] + "<!--$-->" + content + page[end:]
	}
}

// closing is where the div ends whose content a text starts with.
func closing(text string) int {
	depth, at := 1, 0
	for {
		next := strings.Index(text[at:], "</div>")
		if next < 0 {
			return len(text)
		}
		depth += strings.Count(text[at:at+next], "<div") - 1
		at += next
		if depth == 0 {
			return at
		}
		at += len("</div>")
	}
}

var testIDText = regexp.MustCompile(`data-testid="([^"]+)"[^>]*>((?:[^<]|<!-- -->)*)<`)

// shown is what a page's HTML shows in the element of a test id: the last one,
// which is what a stream of it ends with.
func (a *answer) shown(t testing.TB, id string) string {
	t.Helper()
	text, found := "", false
	for _, one := range testIDText.FindAllStringSubmatch(a.body, -1) {
		if one[1] == id {
			text, found = comment.ReplaceAllString(one[2], ""), true
		}
	}
	if !found {
		t.Fatalf("nothing with the test id %s in a body of %d bytes: %.400s", id, len(a.body), a.body)
	}
	return text
}

var comment = regexp.MustCompile(`<!-- -->`)
