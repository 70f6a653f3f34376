package tests_test

import "testing"

// TestAssortedInABrowser: instrumentation-client.ts and what the configuration
// injects run before the page is alive, and staleTimes keeps a dynamic page.
func TestAssortedInABrowser(t *testing.T) {
	reserveZone(t)
	s := servePack(t, fixture(t, "assorted").folder, "--fresh")
	b := openTab(t, s.url)
	b.ready = testID("nav")
	b.open("/")
	b.holds("both scripts have begun", `window.begun?.join() === 'injected,own'`)
	b.click(testID("to-written"))
	b.shows("h1", "Written in MDX")
	b.holds("the navigation was told", `window.begun.includes('push /written')`)
	payloads := `performance.getEntriesByType('resource').filter((e) => e.name.includes('/named?length=1') && e.name.includes('_rsc')).length`
	for range 3 {
		b.click(testID("to-named"))
		b.shows("h1", "Length 1")
		b.click(testID("to-written"))
		b.shows("h1", "Written in MDX")
	}
	b.sameDocument("/written")
	if asked := b.value(payloads); asked != "1" {
		t.Errorf("with staleTimes.dynamic of 30 s a dynamic page visited three times was asked for %s times", asked)
	}
	b.untroubled()
}
