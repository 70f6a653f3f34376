package manifest_test

import (
	"net/url"
	"testing"

	"pack/manifest"
)

func TestCompletedPath(t *testing.T) {
	for _, test := range []struct {
		pathname, base string
		allow          []string
		path           []string
		want           string
	}{
		{"/blog/[slug]", "", []string{"nxtPslug"}, []string{"blog", "a b"}, "/blog/a%20b"},
		{"/docs/[section]/[page]", "", []string{"nxtPsection"}, []string{"docs", "guide", "start"}, "/docs/guide/[page]"},
		{"/docs/[section]/[page]", "", nil, []string{"docs", "guide", "start"}, "/docs/[section]/[page]"},
		{"/docs/[section]/[page]", "", []string{"nxtPpage"}, []string{"docs", "guide", "start"}, "/docs/[section]/start"},
		{"/all/[...path]", "", []string{"nxtPpath"}, []string{"all", "a", "b", "c"}, "/all/a/b/c"},
		{"/opt/[[...path]]", "", []string{"nxtPpath"}, []string{"opt"}, "/opt/[[...path]]"},
		{"/opt/[[...path]]", "", []string{"nxtPpath"}, []string{"opt", "a"}, "/opt/a"},
		{"/feed/(.)[id]", "", []string{"nxtPid"}, []string{"feed", "(.)7"}, "/feed/(.)7"},
		{"/base/blog/[slug]", "/base", []string{"nxtPslug"}, []string{"blog", "a"}, "/blog/a"},
	} {
		page := &manifest.Page{Pathname: test.pathname, AllowQuery: test.allow, Template: true}
		if got := page.CompletedPath(test.base, test.path, url.PathEscape); got != test.want {
			t.Errorf("%s with %v: %s, want %s", test.pathname, test.path, got, test.want)
		}
	}
}

func TestSeedKey(t *testing.T) {
	for _, test := range []struct {
		page manifest.Page
		want string
	}{
		{manifest.Page{Pathname: "/blog/a", Key: "/k/$/blog/a"}, "/k/$/blog/a"},
		{manifest.Page{Pathname: "/blog/[slug]", Key: "/k/$", Template: true}, "/k/$/blog/[slug]"},
		{manifest.Page{Pathname: "/base/[slug]", Key: "/k/$", Template: true}, "/k/$/[slug]"},
	} {
		base := ""
		if test.page.Pathname == "/base/[slug]" {
			base = "/base"
		}
		if got := test.page.SeedKey(base); got != test.want {
			t.Errorf("%s: %s, want %s", test.page.Pathname, got, test.want)
		}
	}
}
