package tests_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPagesRouterInABrowser navigates between pages of every kind and between
// languages as next/link does it.
func TestPagesRouterInABrowser(t *testing.T) {
	s := servePack(t, fixture(t, "pages-router").folder, "--fresh")
	b := openTab(t, s.url)
	b.ready = testID("ready") + `[data-ready="true"]`
	for _, step := range []struct {
		name string
		do   func(t *testing.T, b *tab)
	}{
		{"links", followLinks},
		{"languages", changeLanguage},
		{"history", walkHistory},
		{"fallback", waitForFallback},
		{"query of a static page", readQuery},
	} {
		if !t.Run(step.name, func(t *testing.T) {
			b.t = t
			step.do(t, b)
			b.untroubled()
		}) {
			return
		}
	}
}

func followLinks(t *testing.T, b *tab) {
	b.open("/")
	b.shows(testID("name"), "home")
	for _, step := range []struct{ link, name, path, holds string }{
		{"post", "post", "/posts/first", `"slug":"first"`},
		{"server", "server", "/server?x=1", `"query":{"x":"1"}`},
		{"guide", "guide", "/guides/start/install", `"path":["start","install"]`},
		{"initial", "initial", "/initial", `"side":"browser"`},
		{"item", "item", "/items/7?colour=blue", "null"},
		{"moved", "post", "/posts/first", `"slug":"first"`},
		{"about", "about", "/about", "null"},
		{"home", "home", "/", `"locale":"en"`},
	} {
		b.click(testID("to-" + step.link))
		b.holds("the address is "+step.path, `location.pathname + location.search === "`+step.path+`"`)
		b.shows(testID("name"), step.name)
		b.shows(testID("props"), step.holds)
		b.sameDocument(step.path)
	}
}

func changeLanguage(t *testing.T, b *tab) {
	b.open("/")
	b.click(testID("to-home-fr"))
	b.holds("the French home page is shown", `location.pathname === '/fr'`)
	b.shows(testID("locale"), "fr")
	b.shows(testID("props"), `"locale":"fr"`)
	b.click(testID("to-server"))
	b.holds("the language stays", `location.pathname === '/fr/server'`)
	b.shows(testID("props"), `"locale":"fr"`)
	b.click(testID("to-post-fr"))
	b.shows(testID("props"), `"slug":"first","locale":"fr"`)
	b.click(testID("to-home-en"))
	b.holds("the English home page is shown", `location.pathname === '/'`)
	b.shows(testID("locale"), "en")
	b.sameDocument("a page in another language")
}

func walkHistory(t *testing.T, b *tab) {
	b.open("/")
	b.click(testID("to-post"))
	b.shows(testID("name"), "post")
	b.click(testID("to-server"))
	b.shows(testID("name"), "server")
	b.run("back", chromedp.Evaluate[chromedp.Void](`history.back()`))
	b.shows(testID("name"), "post")
	b.run("back", chromedp.Evaluate[chromedp.Void](`history.back()`))
	b.shows(testID("name"), "home")
	b.run("forward", chromedp.Evaluate[chromedp.Void](`history.go(2)`))
	b.shows(testID("name"), "server")
	b.sameDocument("a page of the history")
}

// waitForFallback opens an address that nobody has asked for: the page says that
// it is loading, and then shows what its data brought.
func waitForFallback(t *testing.T, b *tab) {
	b.open("/posts/lazy")
	b.shows(testID("name"), "post")
	b.shows(testID("props"), `"slug":"lazy"`)
	if seen := b.value(`window.seenTestIDs.filter((id) => id === 'loading' || id === 'name').join()`); seen != "loading,name" {
		t.Errorf("the page showed %s, want its loading state and then its content", seen)
	}
	b.open("/posts/lazy")
	b.shows(testID("name"), "post")
	if seen := b.value(`window.seenTestIDs.filter((id) => id === 'loading').join()`); seen != "" {
		t.Error("a page that has been rendered shows its loading state again")
	}
}

func readQuery(_ *testing.T, b *tab) {
	b.open("/about?x=1&x=2")
	b.shows(testID("query"), `{"x":["1","2"]}`)
	b.open("/items/9?x=1")
	b.shows(testID("query"), `"id":"9"`)
}
