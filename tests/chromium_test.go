package tests_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// stepPatience is how long a page may take to show what a step waits for.
const stepPatience = 30 * time.Second

// tab is one tab of a headless Chromium, with what went wrong in it.
type tab struct {
	t   *testing.T
	ctx context.Context
	// base is the app's address; ready selects what an app shows when it is alive.
	base  string
	ready chromedp.CSS

	mu       sync.Mutex
	troubles []string
	urls     map[network.RequestID]string
}

// openTab starts a browser that knows nothing of any other.
func openTab(t *testing.T, base string) *tab {
	t.Helper()
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		t.Fatal("no Chromium is on PATH: install the package chromium")
	}
	profile, err := filepath.Abs(filepath.Join(root, "browser"))
	if err != nil {
		t.Fatal(err)
	}
	allocator, closeBrowser := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(program), chromedp.UserDataDir(profile), chromedp.Env("TESTS_FOLDER="+root),
		chromedp.WindowSize(1280, 1000), chromedp.WSURLReadTimeout(startPatience),
		chromedp.Flag("headless", true), chromedp.Flag("no-sandbox", true), chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true), chromedp.Flag("no-first-run", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
	)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		closeTab()
		closeBrowser()
	})
	b := &tab{t: t, ctx: ctx, base: base, ready: testID("cart-count") + `[data-ready="true"]`, urls: make(map[network.RequestID]string)}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	watch := page.AddScriptToEvaluateOnNewDocumentParams{Source: watchTestIDs}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, watch); err != nil {
		t.Fatalf("prepare the tab: %v", err)
	}
	return b
}

// watchTestIDs notes when an element with a data-testid is first in the page.
const watchTestIDs = `
window.seenTestIDs = []
new MutationObserver(() => {
  for (const element of document.querySelectorAll('[data-testid]')) {
    const id = element.dataset.testid
    if (!window.seenTestIDs.includes(id)) window.seenTestIDs.push(id)
  }
}).observe(document, { subtree: true, childList: true })`

// ownIcon is what the browser asks for by itself when, in the middle of a
// client navigation, the page has no icon for a moment. The shop has none there.
const ownIcon = "/favicon.ico"

// listen notes everything that a careful developer would not want to see.
func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	trouble := func(format string, args ...any) { b.troubles = append(b.troubles, fmt.Sprintf(format, args...)) }
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			var words []string
			for _, arg := range e.Args {
				words = append(words, string(arg.Value)+arg.Description)
			}
			trouble("console.%s: %s", e.Type, strings.Join(words, " "))
		}
	case *runtime.EventExceptionThrown:
		what := e.ExceptionDetails.Text
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			what += " " + thrown.Description
		}
		trouble("exception: %s", what)
	case *log.EventEntryAdded:
		if strings.HasSuffix(e.Entry.URL, ownIcon) {
			return
		}
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			trouble("browser log: %s: %s (%s)", e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		b.urls[e.RequestID] = e.Request.URL
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 && !strings.HasSuffix(e.Response.URL, ownIcon) {
			trouble("status %d: %s", e.Response.Status, e.Response.URL)
		}
	case *network.EventLoadingFailed:
		// The client cancels prefetches that it no longer needs.
		if !e.Canceled {
			trouble("request failed: %s: %s", e.ErrorText, b.urls[e.RequestID])
		}
	}
}

// untroubled fails for what has been noted since it was last called.
func (b *tab) untroubled() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, trouble := range b.troubles {
		b.t.Errorf("in the browser: %s", trouble)
	}
	b.troubles = nil
}

// run does a step, and stops the test if it does not succeed in time.
func (b *tab) run(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepPatience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("%s: %v\n%s", what, err, b.state())
	}
}

// state describes what a person in front of the browser would see.
func (b *tab) state() string {
	ctx, cancel := context.WithTimeout(b.ctx, stepPatience)
	defer cancel()
	shown, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body?.innerText.slice(0, 600)`))
	if err != nil {
		shown = err.Error()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return "the page shows: " + shown + "\nwhat went wrong in it: " + strings.Join(b.troubles, "\n")
}

// testID selects an element of the page.
func testID(id string) chromedp.CSS { return chromedp.CSS(fmt.Sprintf(`[data-testid="%s"]`, id)) }

// open loads a page as from the address bar, and waits until it is alive.
func (b *tab) open(path string) {
	b.t.Helper()
	b.run("open "+path, chromedp.Navigate(b.base+path), chromedp.WaitVisible(b.ready),
		chromedp.Evaluate[chromedp.Void](`window.sameDocument = true`))
}

// click clicks what the selector names.
func (b *tab) click(selector chromedp.CSS) {
	b.t.Helper()
	b.run("click "+string(selector), chromedp.ScrollIntoView(selector), chromedp.Click(selector, chromedp.NodeVisible))
}

// shows waits until the first element of a selector has the text.
func (b *tab) shows(selector chromedp.CSS, text string) {
	b.t.Helper()
	b.holds(fmt.Sprintf("%s shows %q", selector, text), fmt.Sprintf(`document.querySelector(%q)?.textContent.trim().includes(%q)`, selector, text))
}

// holds waits until a JavaScript expression is true. A page that is just being
// left evaluates nothing: that only takes another look.
func (b *tab) holds(what, expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepPatience)
	defer cancel()
	for {
		truth, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if truth {
			return
		}
		if ctx.Err() != nil {
			b.t.Fatalf("waited in vain until %s (%v)\n%s", what, err, b.state())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// value evaluates a JavaScript expression, and awaits it if it is a promise.
func (b *tab) value(expression string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepPatience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("Promise.resolve("+expression+").then(String)", chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("evaluate %s: %v\n%s", expression, err, b.state())
	}
	return text
}

// sameDocument fails if the page was loaded anew since it was opened.
func (b *tab) sameDocument(where string) {
	b.t.Helper()
	if b.value("window.sameDocument === true") != "true" {
		b.t.Errorf("%s was reached by loading a new document, want client navigation", where)
	}
}
