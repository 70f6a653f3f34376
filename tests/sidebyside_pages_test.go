package tests_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
)

// The pages of the shop, as the App Router and the Pages Router make them.
var (
	builtProducts = []string{
		"dune-mug", "harbour-espresso-cup", "moss-tumbler", "tide-bowl", "ember-ramen-bowl", "reed-vase",
		"pebble-bud-vase", "shoreline-dinner-plate", "linen-side-plate",
	}
	onDemandProducts = []string{"salt-pinch-bowl", "lantern-vase", "clay-cake-stand"}
	categories       = []string{"cups", "bowls", "vases", "plates"}

	staticPages  = []string{"/", "/about", "/shipping", "/repairs", "/login"}
	dynamicPages = []string{"/recommendations", "/cart", "/orders/OK-1", "/account"}
	oldPages     = []string{"/legal/terms", "/stores/lisbon", "/stores/porto", "/stores/faro", "/track"}
)

// appPages lists every page of the App Router.
func appPages() []string {
	pages := append(staticPages[:len(staticPages):len(staticPages)], "/deals")
	for _, slug := range builtProducts {
		pages = append(pages, "/products/"+slug)
	}
	for _, slug := range onDemandProducts {
		pages = append(pages, "/products/"+slug)
	}
	for _, category := range categories {
		pages = append(pages, "/categories/"+category)
	}
	return append(pages, dynamicPages...)
}

// allMethods are those that Node passes on; the last is none of HTTP's common ones.
var allMethods = []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "PROPFIND"}

const (
	anaSession = "session=QW5h.036c0bed6515337d87b16da613d8ffc6fa81a677108a9fc0e3ad797dc7a34cd6"
	fullCart   = "cart=dune-mug:2.tide-bowl:1"
)

// receipt is the cookie of a placed order OK-1.
var receipt = "receipt=" + base64.RawURLEncoding.EncodeToString([]byte(
	`{"id":"OK-1","name":"Ana","placedAt":"2026-01-02T03:04:05Z","totalCents":2800,"lines":[{"slug":"dune-mug","name":"Dune Mug","quantity":1,"cents":2800}]}`))

func pageRequests() []request {
	var list []request
	for _, page := range appPages() {
		list = append(list, get(page))
	}
	for _, page := range []string{"/", "/about", "/deals", "/products/dune-mug", "/products/lantern-vase", "/categories/cups", "/recommendations", "/cart", "/orders/OK-1", "/account"} {
		for _, method := range allMethods {
			list = append(list, request{method: method, target: page})
		}
	}
	for _, page := range append(oldPages[:len(oldPages):len(oldPages)], "/stores/nowhere", "/track?order=OK-1A2B3C4D", "/track?order=zz") {
		for _, method := range allMethods {
			list = append(list, request{method: method, target: page})
		}
	}
	return append(list,
		get("/cart", "Cookie: "+fullCart),
		get("/cart", "Cookie: cart=%zz"),
		get("/recommendations", "Cookie: "+fullCart, "Accept-Language: pt-PT,pt;q=0.9"),
		get("/orders/OK-1", "Cookie: "+receipt),
		get("/orders/OK-2", "Cookie: "+receipt),
		get("/orders/OK-1", "Cookie: receipt=broken"),
		get("/account", "Cookie: "+anaSession),
		get("/account", "Cookie: session=forged.0000"),
		get("/account", "Cookie: "+anaSession+"; "+fullCart),
		get("/account?tab=orders"),
		get("/products/unknown-thing"), get("/products/unknown-thing"),
		get("/categories/rugs"), get("/categories/rugs"),
		get("/products"), get("/categories"), get("/orders"), get("/stores"), get("/legal"), get("/api"),
		get("/?utm_source=letter"), get("/products/dune-mug?colour=sand&colour=blue"), get("/stores/lisbon?x=1"),
		get("/about", "Accept-Encoding: gzip"), get("/cart", "Accept-Encoding: gzip"), get("/humans.txt", "Accept-Encoding: gzip"),
		get("/about", "Range: bytes=0-9"), get("/products/dune-mug", "Range: bytes=0-9"),
		get("/about", "Accept: application/json"), get("/about", "Purpose: prefetch"), get("/about", "Sec-Purpose: prefetch"),
	)
}

// rscRequests ask for the payload of pages, as Next's client does.
func rscRequests() []request {
	var list []request
	for _, page := range append(appPages(), "/products/unknown-thing", "/categories/rugs", "/nowhere", "/stores/lisbon", "/track", "/api/echo") {
		list = append(list, rsc(page), get(page+"?_rsc=wrong", "RSC: 1", "Next-Router-Prefetch: 1"))
	}
	for _, page := range []string{"/", "/about", "/deals", "/products/dune-mug", "/products/clay-cake-stand", "/categories/bowls", "/recommendations", "/cart", "/account", "/legal/terms"} {
		list = append(list,
			rsc(page, "Next-Router-Prefetch: 1"),
			rsc(page, "Next-Router-Prefetch: 2"),
			rsc(page, "Next-Router-Prefetch: 3"),
			rsc(page, "Next-Url: /about"),
			rsc(page, "Next-Router-State-Tree: "+url.PathEscape(`["",{"children":["about",{"children":["__PAGE__",{}]}]},null,null,true]`)),
			rsc(page, "Next-Router-State-Tree: nonsense"),
			get(page, "RSC: 1"),
			get(page, "RSC: 0"),
			get(page, "Next-Router-Prefetch: 1"),
			request{method: "HEAD", target: page, header: []string{"RSC: 1"}},
			request{method: "POST", target: page + "?_rsc", header: []string{"RSC: 1"}},
		)
		for _, segment := range []string{"/_tree", "/_full", "/_index", "/_head", "/nowhere", "/about/__PAGE__", "/products/$d$slug/__PAGE__", "/../x"} {
			list = append(list, rsc(page, "Next-Router-Prefetch: 1", "Next-Router-Segment-Prefetch: "+segment))
		}
	}
	return append(list,
		get("/about.rsc"), get("/index.rsc"), get("/products/dune-mug.rsc"), get("/cart.rsc"),
		get("/about.segments/_tree.segment.rsc"), get("/about.segments/about/__PAGE__.segment.rsc"), get("/about.segments/nowhere.segment.rsc"),
		rsc("/account", "Cookie: "+anaSession), rsc("/cart", "Cookie: "+fullCart), rsc("/geo"), rsc("/p/tide-bowl"), rsc("/sale"), rsc("/old-shop"),
	)
}

// rsc asks for a page's payload with the _rsc that its headers call for.
// Source: next/dist/shared/lib/router/utils/cache-busting-search-param.js.
func rsc(page string, header ...string) request {
	values := make(map[string]string)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		values[name] = value
	}
	input, counts := "", false
	for i, name := range []string{"Next-Router-Prefetch", "Next-Router-Segment-Prefetch", "Next-Router-State-Tree", "Next-Url"} {
		if i > 0 {
			input += ","
		}
		if value, ok := values[name]; ok {
			input, counts = input+value, true
		} else {
			input += "0"
		}
	}
	query := "_rsc"
	if counts {
		sum := sha256.Sum256([]byte(input))
		query = "_rsc=" + base64.RawURLEncoding.EncodeToString(sum[:12])
	}
	return get(page+"?"+query, append([]string{"RSC: 1"}, header...)...)
}

// dataRequests ask for the JSON of the Pages Router.
func dataRequests(buildID string) []request {
	var list []request
	for _, path := range []string{
		"/stores/lisbon.json", "/stores/faro.json", "/stores/nowhere.json", "/track.json", "/track.json?order=OK-1A2B3C4D", "/legal/terms.json",
		"/about.json", "/index.json", "/products/dune-mug.json", "/account.json", "/geo.json", "/nowhere.json", "/stores/lisbon", "/parcel/OK-1A2B3C4D.json",
	} {
		at := "/_next/data/" + buildID + path
		list = append(list, get(at), get(at, "X-Nextjs-Data: 1"), request{method: "HEAD", target: at}, request{method: "POST", target: at})
	}
	return append(list,
		get("/_next/data/another-build/stores/lisbon.json"), get("/_next/data/another-build/stores/lisbon.json", "X-Nextjs-Data: 1"),
		get("/_next/data/"+buildID), get("/_next/data/"+buildID+"/"), get("/_next/data"), get("/_next/data/"),
		get("/stores/lisbon", "X-Nextjs-Data: 1"), get("/track", "X-Nextjs-Data: 1"), get("/about", "X-Nextjs-Data: 1"),
		get("/sale", "X-Nextjs-Data: 1"), get("/account", "X-Nextjs-Data: 1"), get("/geo", "X-Nextjs-Data: 1"),
	)
}
