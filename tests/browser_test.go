package tests_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestShopInABrowser is a visit to the shop, from the first page to the order.
func TestShopInABrowser(t *testing.T) {
	s := sharedPack(t)
	b := openTab(t, s.url)
	for _, step := range []struct {
		name string
		do   func(t *testing.T, b *tab)
	}{
		{"finder", useFinder},
		{"product", lookAtProduct},
		{"cart", fillCart},
		{"order", func(t *testing.T, b *tab) { placeOrder(t, b, s) }},
		{"recommendations", waitForRecommendations},
		{"account", signInAndOut},
		{"pages router", visitPagesRouter},
		{"back and forward", goBackAndForward},
		{"upload", uploadPhoto},
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

func useFinder(t *testing.T, b *tab) {
	b.open("/")
	b.shows(testID("finder-count"), "12 pieces")
	b.run("type", chromedp.SendKeys(testID("finder-text"), "vase"))
	b.shows(testID("finder-count"), "3 pieces")
	b.run("sort", chromedp.SetValue(testID("finder-order"), "cheap"),
		chromedp.Evaluate[chromedp.Void](`document.querySelector('[data-testid="finder-order"]').dispatchEvent(new Event('change', { bubbles: true }))`))
	b.holds("the cheapest vase is first", `document.querySelector('.product-grid article')?.dataset.testid === 'card-pebble-bud-vase'`)
	b.pictureLoads(".hero-picture")
}

func lookAtProduct(t *testing.T, b *tab) {
	b.click(testID("hero-shop"))
	b.shows(testID("category-name"), "Cups")
	b.sameDocument("/categories/cups")
	b.click(testID("card-dune-mug") + " a")
	b.shows(testID("product-name"), "Dune Mug")
	b.shows(testID("product-price"), "€28.00")
	b.sameDocument("/products/dune-mug")
	b.pictureLoads(testID("gallery-picture"))
	b.click(testID("gallery-thumb-1"))
	b.holds("the other picture is on the stage", `document.querySelector('[data-testid="gallery-picture"]').currentSrc.includes('dune-mug-detail')`)
	b.pictureLoads(testID("gallery-picture"))
	b.click(testID("watch-stock"))
	b.shows(testID("stock-left"), "7 left")
}

// pictureLoads waits until next/image's optimizer has delivered a picture.
func (b *tab) pictureLoads(selector chromedp.CSS) {
	b.t.Helper()
	b.holds(string(selector)+" is loaded", fmt.Sprintf(`((i) => i && i.complete && i.naturalWidth > 0 && i.currentSrc.includes('/_next/image'))(document.querySelector(%q))`, selector))
}

func fillCart(t *testing.T, b *tab) {
	b.run("quantity", chromedp.SetValue(testID("qty-input"), "2"))
	b.click(testID("add-to-cart"))
	b.shows(testID("add-status"), "Dune Mug is in your cart.")
	b.shows(testID("cart-count"), "2")
	b.click(testID("nav-bowls"))
	b.shows(testID("category-name"), "Bowls")
	b.click(testID("card-salt-pinch-bowl") + " a")
	b.shows(testID("product-name"), "Salt Pinch Bowl")
	b.click(testID("add-to-cart"))
	b.shows(testID("cart-count"), "3")
	b.click(testID("nav-cart"))
	b.shows(testID("cart-total"), "€70.00")
	b.sameDocument("/cart")
	mug := testID("line-dune-mug") + " "
	b.run("quantity", chromedp.SetValue(mug+testID("qty-input"), "3"))
	b.click(mug + testID("qty-update"))
	b.shows(testID("cart-total"), "€98.00")
	b.shows(testID("cart-count"), "4")
	b.click(testID("line-salt-pinch-bowl") + " " + testID("remove"))
	b.shows(testID("cart-total"), "€84.00")
	b.shows(testID("cart-count"), "3")
	b.holds("the removed line is gone", `!document.querySelector('[data-testid="line-salt-pinch-bowl"]')`)
}

func placeOrder(t *testing.T, b *tab, s *server) {
	b.run("fill in", chromedp.SendKeys(testID("checkout-name"), "Ana"), chromedp.SendKeys(testID("checkout-email"), "ana@ostra.example"))
	b.click(testID("checkout"))
	b.shows(testID("order-total"), "€84.00")
	b.shows(testID("cart-count"), "0")
	b.sameDocument("the order")
	id := b.value(`document.querySelector('[data-testid="order-id"]').textContent`)
	if !regexp.MustCompile(`^OK-[0-9A-F]{8}$`).MatchString(id) || !strings.HasSuffix(b.value("location.pathname"), "/orders/"+id) {
		t.Errorf("the order is %q at %s", id, b.value("location.pathname"))
	}
	s.orderLogged(t, "order", id)
	start := b.value(`fetch(document.querySelector('[data-testid="invoice"]').href).then((r) => r.text()).then((text) => text.slice(0, 5))`)
	if start != "%PDF-" {
		t.Errorf("the invoice starts with %q", start)
	}
}

func waitForRecommendations(t *testing.T, b *tab) {
	b.open("/recommendations")
	b.shows(testID("picks"), "our own favourites")
	order := b.value("window.seenTestIDs.filter((id) => id.startsWith('picks'))")
	if order != "picks-skeleton,picks" {
		t.Errorf("the page showed %s, want the skeleton and then the picks", order)
	}
	b.holds("the skeleton is gone", `!document.querySelector('[data-testid="picks-skeleton"]')`)
}

func signInAndOut(t *testing.T, b *tab) {
	b.click(testID("nav-account"))
	b.run("name", chromedp.SendKeys(testID("login-name"), "Ana", chromedp.NodeVisible))
	b.sameDocument("/login, where proxy.ts redirects to")
	b.click(testID("login-submit"))
	b.shows(testID("account-name"), "Hello, Ana.")
	b.shows(testID("account-visitor"), "member")
	b.click(testID("sign-out"))
	b.run("signed out", chromedp.WaitVisible(testID("login-name")))
}

func visitPagesRouter(t *testing.T, b *tab) {
	b.click(`footer a[href="/legal/terms"]`)
	b.shows("h1", "Terms of sale")
	b.open("/stores/lisbon")
	b.shows(testID("store-name"), "Lisbon studio shop")
	b.click(testID("store-faro"))
	b.shows(testID("store-name"), "Faro summer stall")
	b.sameDocument("/stores/faro")
	b.open("/track")
	b.run("order number", chromedp.SendKeys(testID("track-order"), "OK-1A2B3C4D"))
	b.click(testID("track-submit"))
	b.shows(testID("track-status"), "OK-1A2B3C4D: ")
}

func goBackAndForward(t *testing.T, b *tab) {
	b.open("/")
	b.click(testID("nav-about"))
	b.holds("/about is shown", `location.pathname === '/about' && document.title.startsWith('About')`)
	b.click(testID("nav-vases"))
	b.shows(testID("category-name"), "Vases")
	b.click(testID("card-reed-vase") + " a")
	b.shows(testID("product-name"), "Reed Vase")
	b.run("back", chromedp.Evaluate[chromedp.Void](`history.back()`))
	b.shows(testID("category-name"), "Vases")
	b.run("back", chromedp.Evaluate[chromedp.Void](`history.go(-2)`))
	b.run("home again", chromedp.WaitVisible(testID("finder-text")))
	b.run("forward", chromedp.Evaluate[chromedp.Void](`history.go(3)`))
	b.shows(testID("product-name"), "Reed Vase")
	b.sameDocument("a page of the history")
	b.run("reload", chromedp.Reload(), chromedp.WaitVisible(testID("product-name")))
	b.shows(testID("product-name"), "Reed Vase")
}

func uploadPhoto(t *testing.T, b *tab) {
	photo, err := filepath.Abs(filepath.Join(storefront, "public", "pictures", "reed-vase-detail.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := os.ReadFile(photo)
	if err != nil {
		t.Fatal(err)
	}
	b.open("/repairs")
	b.run("choose", chromedp.SetUploadFiles(testID("repair-file"), []string{photo}), chromedp.SendKeys(testID("repair-note"), "a chip"))
	b.click(testID("repair-send"))
	b.shows(testID("repair-status"), fmt.Sprintf("%d bytes. Reference %s", len(bytes), fmt.Sprintf("%x", sha256.Sum256(bytes))[:12]))
}
