package router_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pack/lambda/router"
)

// patterns are those that Next generates, those that apps write in matchers
// and conditions, and those on which regular-expression engines disagree.
var patterns = []string{
	// Next's own.
	`^(?:\/((?:[^\/]+?)(?:\/(?:[^\/]+?))*))?(?:\/)?$`,
	`^(?:\/((?:[^\/]+?)(?:\/(?:[^\/]+?))*))\/$`,
	`^\/old(?:\/([^\/]+?))(?:\/)?$`,
	`^(?:\/(_next\/data\/[^/]{1,}))?\/acc(?:\/((?:[^\/#\?]+?)(?:\/(?:[^\/#\?]+?))*))?(\.json|\.rsc|\.segments\/.+\.segment\.rsc)?[\/#\?]?$`,
	`^/_next/data/EAO_88QUmA2Ks0i70oZzB[/]?/city/(?<nxtPname>[^/]+?)\.json(?:/)?$`,
	`^[/]?/blog/(?<nxtPslug>[^/]+?)(\.rsc|\.segments/.+\.segment\.rsc|)(?:/)?$`,
	`^[/]?/opt(?:/(?<nxtPall>.+?))?(\.rsc|\.segments/.+\.segment\.rsc|)(?:/)?$`,
	`^[/]?(?<nextLocale>[^/]{1,})/blog/(?<nxtPslug>[^/]+?)(?:/)?$`,
	`/_next/static/(?:[^/]+/pages|pages|chunks|immutable|runtime|css|image|media|EAO_88QUmA2Ks0i70oZzB)/.+`,
	`^(?:\/(en|fr))\/old(?:\/([^\/]+?))(?:\/)?$`,
	`^(?:\/((?!\.well-known(?:\/.*)?)(?:[^\/]+\/)*[^\/]+\.\w+))\/$`,
	`^(?:\/((?!\.well-known(?:\/.*)?)(?:[^\/]+\/)*[^\/\.]+))$`,
	// Apps' own.
	`^\/((?!api|_next\/static|_next\/image|favicon\.ico).*)$`,
	`^\/(?!.*\.).*$`,
	`^\/post-(\d{1,})(?:\/)?$`,
	`^\/docs\/(v\d+\.\d+)(?:\/(.*))?$`,
	`^(?<sub>[a-z0-9-]+)\.example\.com$`,
	`^Bearer\s+(?<token>.+)$`,
	`^a|b$`,
	`^(yes|no|)$`,
	// The engines' quarrels.
	`(?:(a)|b)*`, `(?:a|(b))+`, `(z)((a+)?(b+)?(c))*`, `(a*)*`, `(a*)+`, `(?:a*)?b`, `(?:|a)+`, `(?:a|)*b`, `((a)|(b)|)*`,
	`(?:(a*))?`, `(x|)?y`, `(a)?b`, `(a?)?b`, `a??b`, `(?:ab|a)(?:c|bcd)(d*)`, `(a|ab)(c|bcd)(d*)`,
	`(?=(a))\1`, `(?!(a))b`, `(?<=a)b`, `(?<!a)b`, `(a)\1`, `(?<x>a)\k<x>`, `\1(a)`, `(?=(a+))a*b\1`,
	`[^]`, `[]`, `[^a]`, `[a-]`, `[\w-]`, `[\w-.]`, `[a\]]`, `[[]`, `[[:alpha:]]`, `[\b]`, `[\s\S]`, `[\d\D]`, `[^\w]`, `[.]`,
	`.`, `a.b`, `\s`, `\S`, `\w`, `\W`, `\d`, `\b`, `\Bb`, `^$`, `$`, `a$`, `^`, `\v`, `\f`, `\cA`, `\x41`, `\u0041`, `\0`, `\/`, `\-`, `\_`, `\ `,
	`a{2}`, `a{2,}`, `a{1,2}?`, `a{,3}`, `a{`, `{`, `}`, `]`, `x{1001}`, `a{0}b`, `\p{L}`, `(?:)`, `()`, `|`, `a||b`,
	`k`, `s`, `é`, `[é]`, `É`, `日`, `[a-z]`, `[A-z]`, `[^k]`, `[k-s]`, `\u212a`, `ſ`,
	// Mistakes.
	`(`, `)`, `(a`, `a)`, `[a`, `*`, `+a`, `a**`, `?`, `\`, `(?<a`, `(?<>a)`, `^*`, `(?`, `a(?P<x>b)`, `|*`, `(*)`, `{2}`, `[z-a]`, `(?<n>a)(?<n>b)`,
}

var subjects = []string{
	"", "/", "/a", "/a/", "/a/b", "/a/b/", "//", "/old/x", "/OLD/x", "/blog/a", "/blog/a.rsc", "/blog/a.segments/_tree.segment.rsc",
	"/blog/a%2Fb", "/opt", "/opt/", "/opt/x/y", "/opt.rsc", "/acc/x", "/acc", "/_next/data/B/acc/x.json", "/en/blog/x", "/en/old/x", "/EN/old/x",
	"/_next/data/EAO_88QUmA2Ks0i70oZzB/city/x.json", "/_next/static/chunks/a.js", "/api/x", "/apix", "/favicon.ico", "/x.txt/", "/.well-known/x", "/post-12", "/docs/v1.2/a",
	"a", "b", "ab", "aab", "abc", "abcd", "aba", "baaab", "aaa", "bb", "y", "xy", "yes", "no", "zaacbbbcac", "acme.example.com", "Bearer  x",
	"a\nb", "a\rb", "a\u2028b", "\n", "\r", "\v", "\ufeff", "\u00a0", "\x00", "\x01", "\b", "A", "K", "k", "S", "s", "\u212a", "\u017f", "é", "É", "日本", "😀", "é/a/日",
	"[", "]", "{", "}", "a{,3}", "a{", "-", "_", ".", ":", " ", "p{L}", "1", "٣", "Z", "z", "`",
}

type patternQuestion struct {
	Pattern string `json:"pattern"`
	Fold    bool   `json:"fold"`
	Subject string `json:"subject"`
}

type patternAnswer struct {
	Valid  bool      `json:"valid"`
	Groups []*string `json:"groups"`
}

// TestPatternsMatchLikeJavaScript holds both engines against Node's.
func TestPatternsMatchLikeJavaScript(t *testing.T) {
	var questions []patternQuestion
	for _, pattern := range patterns {
		for _, fold := range []bool{false, true} {
			for _, subject := range subjects {
				questions = append(questions, patternQuestion{pattern, fold, subject})
			}
		}
	}
	answers := ask[patternQuestion, patternAnswer](t, "regexp.js", nil, questions)
	linear := map[string]bool{}
	var compiled *router.Pattern
	var err error
	for i, q := range questions {
		if i%len(subjects) == 0 {
			compiled, err = router.CompilePattern(q.Pattern, q.Fold)
			if (err == nil) != answers[i].Valid {
				t.Errorf("compile %q: error %v, valid in JavaScript: %v", q.Pattern, err, answers[i].Valid)
			}
		}
		if err != nil || !answers[i].Valid || splitsSurrogates(answers[i]) {
			continue
		}
		linear[q.Pattern] = compiled.Common()
		for name, p := range map[string]*router.Pattern{"decided": compiled, "backtracking": compiled.Backtracking()} {
			groups, err := p.Match(q.Subject)
			if err != nil {
				t.Errorf("match %q: %v", q.Pattern, err)
				continue
			}
			if diff := cmp.Diff(answers[i].Groups, groups); diff != "" {
				t.Errorf("%q on %q, fold %v, engine %s, common %v (-JavaScript +ours):\n%s", q.Pattern, q.Subject, q.Fold, name, p.Common(), diff)
			}
		}
	}
	for _, pattern := range patterns[:10] {
		if !linear[pattern] {
			t.Errorf("%q is one of Next's and should run on the linear engine", pattern)
		}
	}
}

// splitsSurrogates reports whether JavaScript matched half of a character
// outside the basic plane. Its strings are UTF-16, ours are not; no path holds
// such a character, because it is percent-encoded there.
func splitsSurrogates(answer patternAnswer) bool {
	for _, group := range answer.Groups {
		if group != nil && strings.ContainsRune(*group, '\ufffd') {
			return true
		}
	}
	return false
}

func TestPatternErrorsSayWhere(t *testing.T) {
	for pattern, offset := range map[string]int{"ab(c": 2, "ab)": 2, "a[b": 1, "a|*b": 2, `ab\`: 2, "a(?<b": 1, "(a)(b": 3} {
		_, err := router.CompilePattern(pattern, false)
		var mistake *router.PatternError
		if !errors.As(err, &mistake) {
			t.Errorf("%q: %v", pattern, err)
			continue
		}
		if mistake.Offset != offset {
			t.Errorf("%q: offset %d, want %d", pattern, mistake.Offset, offset)
		}
	}
}

// TestPatternsEnd: a pattern that backtracks without end is an error in time.
func TestPatternsEnd(t *testing.T) {
	p, err := router.CompilePattern(`^(?=.)(a+)+$`, false)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if _, err := p.Match(strings.Repeat("a", 64) + "!"); !errors.Is(err, router.ErrPatternTimeout) || strings.Contains(err.Error(), "aaa") {
		t.Fatalf("error %v, want a timeout that does not repeat the subject", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Fatalf("took %v", took)
	}
}
