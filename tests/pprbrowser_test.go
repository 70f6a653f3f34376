package tests_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPartialPagesInABrowser is a visit to pages with Cache Components: links
// are prefetched, navigations fill in what is dynamic, actions revalidate.
func TestPartialPagesInABrowser(t *testing.T) {
	p := startUpstreamPair(t, "cache-components")
	b := openTab(t, p.pack.url)
	b.run("open /", chromedp.Navigate(b.base+"/"), chromedp.WaitVisible(testID("ready")+`[data-ready="true"]`),
		chromedp.Evaluate[chromedp.Void](`window.sameDocument = true`))
	b.shows(testID("home"), "A page without anything dynamic")
	b.holds("links are prefetched", `performance.getEntriesByType('resource').some((e) => e.name.includes('/store?_rsc'))`)
	b.untroubled()

	b.click(testID("to-store"))
	b.shows(testID("store"), "The store")
	b.shows(testID("visitor"), "Hello, stranger")
	b.shows(testID("query"), "Looking for everything")
	b.shows(testID("moment"), "Rendered ")
	b.click(testID("to-blog-unseen"))
	b.shows(testID("article"), "unseen written ")
	b.shows(testID("reader"), "Read by a stranger")
	b.run("back", chromedp.Evaluate[chromedp.Void](`history.back()`))
	b.shows(testID("store"), "The store")
	b.sameDocument("/store")
	b.untroubled()

	b.click(testID("to-stamps"))
	b.shows(testID("name"), "stranger")
	for _, button := range []string{"do-update", "do-path"} {
		before := b.value(`document.querySelector('[data-testid="stamp"]').textContent`)
		b.click(testID(button))
		b.holds(button+" shows a new stamp", fmt.Sprintf(`document.querySelector('[data-testid="stamp"]').textContent !== %q`, before))
	}
	stamp := b.value(`document.querySelector('[data-testid="stamp"]').textContent`)
	dynamic := b.value(`document.querySelector('[data-testid="dynamic"]').textContent`)
	b.click(testID("do-refresh"))
	b.holds("refresh() renders what is dynamic", fmt.Sprintf(`document.querySelector('[data-testid="dynamic"]').textContent !== %q`, dynamic))
	b.shows(testID("stamp"), stamp)
	b.run("name", chromedp.SendKeys(testID("name-input"), "Ana"))
	b.click(testID("do-rename"))
	b.shows(testID("name"), "Ana")
	b.sameDocument("the action")
	b.untroubled()

	b.click(testID("to-store"))
	b.shows(testID("visitor"), "Hello, Ana")
	b.run("reload", chromedp.Reload(), chromedp.WaitVisible(testID("ready")+`[data-ready="true"]`))
	b.shows(testID("visitor"), "Hello, Ana")
	if left := b.value(`document.querySelectorAll('[data-testid="visitor"]').length + ' ' + document.querySelectorAll('template').length`); !strings.HasPrefix(left, "1 ") {
		t.Errorf("after a reload the page has %s visitors and templates", left)
	}
	b.untroubled()
}
