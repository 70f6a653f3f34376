package tests_test

import "strings"

// ruleRequests follow the redirects, rewrites and headers of next.config and
// what proxy.ts does.
func ruleRequests() []request {
	var list []request
	for _, target := range []string{
		"/catalogue", "/catalogue?page=2", "/shop-item/dune-mug", "/shop-item/caf%C3%A9%20cup", "/shop-item/a%2Fb", "/shop-item", "/shop-item/a/b",
		"/collections/cups", "/collections/cups/blue/small", "/collections/cups/blue?x=1", "/collections", "/home", "/sale", "/sale?from=letter",
		"/find?item=tide-bowl", "/find?item=TIDE", "/find?item=", "/find", "/find?item=tide-bowl&x=1", "/find?x=1&item=tide-bowl", "/find?item=a&item=b",
		"/size-guide", "/p/tide-bowl", "/p/lantern-vase", "/p/unknown-thing", "/p", "/shop/cups", "/shop/rugs", "/shop/cups?sort=price", "/parcel/OK-1A2B3C4D", "/parcel/zz",
		"/parcel/OK-1A2B3C4D?order=OK-0", "/help", "/help/returns", "/help/returns/cups?x=1",
		"/geo", "/geo?x=1", "/geo/more", "/old-shop", "/old-shop/", "/old-shop/item/dune-mug", "/old-shop/item", "/old-shop/item/a%20b", "/old-shop/api", "/old-shop/api?x=1&x=2&y=%20",
		"/account", "/account/", "/account/ping", "/account/ping?x=1", "/account/orders", "/ACCOUNT",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS"} {
			list = append(list, request{method: method, target: target})
		}
	}
	press := "X-Shop-Audience: press"
	return append(list,
		get("/about", press), get("/about", "X-Shop-Audience: pressure"), rsc("/about", press), request{method: "HEAD", target: "/about", header: []string{press}},
		get("/geo", "X-Vercel-Ip-Country: BR"), get("/geo", "X-Shop-Country: forged"),
		get("/old-shop/api?a=1", "X-Shop-Secret: hidden", "X-Shop-Open: seen", "X-Shop-Legacy: forged"),
		post("/old-shop/api?a=1", "the body travels through the proxy\x00\xff", "X-Shop-Open: seen"),
		post("/old-shop/api", strings.Repeat("0123456789", 20_000)),
		get("/account/ping", "Cookie: "+anaSession), post("/account/ping", `{"a":1}`, "Content-Type: application/json"),
		get("/account/orders", "Cookie: "+anaSession), get("/account", "Cookie: last_area=cart; "+anaSession),
	)
}

// oddRequests have targets that few clients send.
func oddRequests() []request {
	var list []request
	for _, target := range []string{
		"/%", "/%zz", "/%E0%A4%A", "/products/%", "/products/%zz", "/products/%E0%A4%A", "/%00", "/products/a%00b", "/api/echo?x=%", "/api/echo?x=%zz&y=1", "/about?%zz=1",
		"//", "//about", "///about", "/about//", "/products//dune-mug", "//evil.example/about", "/%2F", "/%2F%2Fevil.example", `/\evil.example`, `/\/evil.example`, "/products/dune-mug/", "/about/", "/about/?x=1",
		"/api/echo/", "/stores/lisbon/", "/humans.txt/", "/%2e", "/./about", "/../about", "/a/../about", "/products/../about", "/products/%2e%2e/about",
		"/products/%64une-mug", "/products/dune%2Dmug", "/products/dune-mug%20", "/products/dune-mug;x=1", "/products/a%2Fb", "/products/caf%C3%A9", "/products/café", "/products/%F0%9F%8D%B5",
		"/products/a+b", "/products/%23", "/products/%3F", "/products/%25", "/stores/%25", "/stores/a%2Fb", "/stores/caf%C3%A9", "/categories/c%75ps",
		"/About", "/PRODUCTS/dune-mug", "/Humans.txt", "/API/echo", "/index", "/index/", "/index.html", "/about.html", "/about.txt", "/about.json", "/404", "/500", "/_error", "/_app", "/_document",
		"/_not-found", "/favicon.ico", "/products/[slug]", "/products/%5Bslug%5D", "/stores/[city]", "/stores/%5Bcity%5D", "/orders/[id]", "/api/invoice/[id]",
		"/?", "/about?", "/about?&", "/about?a=b=c", "/about?a=%20+b", "/about#part", "/~", "/!", "/'", `/"`, "/<script>", "/{}", "/|", "/^", "/`",
		"/" + strings.Repeat("a", 3000), "/products/" + strings.Repeat("b/", 300), "/about?" + strings.Repeat("c", 6000),
	} {
		list = append(list, get(target))
	}
	for _, kind := range []string{"image", "style", "script", "font", "empty", "document", "video", "manifest", "iframe", "x"} {
		dest := "Sec-Fetch-Dest: " + kind
		list = append(list, get("/nowhere", dest), get("/nowhere.png", dest), get("/products/unknown-"+kind, dest), get("/stores/nowhere", dest), get("/about", dest))
	}
	return append(list,
		request{method: "HEAD", target: "/nowhere", header: []string{"Sec-Fetch-Dest: image"}}, post("/nowhere", "x", "Sec-Fetch-Dest: image"), rsc("/nowhere", "Next-Url: /"),
		get("/about", "Cookie: "+strings.Repeat("a=b; ", 300)), get("/about", "X-Long: "+strings.Repeat("x", 7000)),
		get("/api/echo", "X-Forwarded-Host: elsewhere.example", "X-Forwarded-Proto: https"), get("/account", "X-Forwarded-Host: elsewhere.example", "X-Forwarded-Proto: https"),
		get("/old-shop", "X-Forwarded-Host: elsewhere.example"), get("/about", "Cache-Control: no-cache"), get("/products/dune-mug", "Cache-Control: no-cache", "Pragma: no-cache"),
		get("/about", "If-None-Match: *"), get("/about", `If-None-Match: "nonsense"`), get("/about", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"), get("/about", `If-Match: "nonsense"`),
	)
}

// hostileRequests carry headers that Next keeps for the platform in front of it
// and believes when they arrive.
func hostileRequests() []request {
	lines := []string{
		"X-Middleware-Subrequest: proxy:proxy:proxy:proxy:proxy", "X-Middleware-Subrequest: src/proxy", "X-Middleware-Subrequest: middleware:middleware:middleware:middleware:middleware",
		"X-Middleware-Rewrite: /login", "X-Middleware-Next: 1", "X-Middleware-Redirect: /login", "X-Middleware-Refresh: 1", "X-Middleware-Invoke: 1", "X-Middleware-Prefetch: 1",
		"X-Middleware-Skip: 1", "X-Middleware-Override-Headers: x-shop-visitor", "X-Middleware-Request-X-Shop-Visitor: forged", "X-Middleware-Set-Cookie: session=forged", "X-Middleware-Cache: no-cache",
		"X-Invoke-Path: /login", "X-Invoke-Status: 500", "X-Invoke-Output: /login", "X-Invoke-Query: %7B%7D", "X-Invoke-Error: %7B%22message%22%3A%22x%22%7D",
		"X-Matched-Path: /login", "X-Now-Route-Matches: 1=dune-mug", "X-Nextjs-Data: 1", "X-Nextjs-Rewritten-Path: /login", "X-Nextjs-Rewritten-Query: a=b",
		"X-Prerender-Revalidate: forged", "X-Prerender-Revalidate-If-Generated: 1", "X-Next-Revalidated-Tags: catalog", "X-Next-Revalidate-Tag-Token: forged", "X-Next-Cache-Tags: catalog", "X-Next-Cache-Soft-Tags: x",
		"Next-Resume: 1", "X-Next-Resume-State-Length: 10", "X-Nextjs-Postponed: 1", "X-Nextjs-Html-Request-Id: forged", "X-Nextjs-Request-Id: forged", "X-Nextjs-Cache: HIT", "X-Nextjs-Prerender: 1", "X-Nextjs-Stale-Time: 9",
		"X-Action-Redirect: /login", "X-Action-Revalidated: 1", "Next-Action: forged", "Next-Action: 00aabbccddeeff00112233445566778899aabbccdd", "Next-Action-Redirect-Error: 1", "Next-Hmr-Refresh: 1",
		"Next-Test-Fetch-Priority: 1", "Next-Instant-Navigation-Testing: 1", "Next-Router-Segment-Prefetch: /_tree", "Next-Router-State-Tree: x",
		"X-Vercel-Id: forged", "X-Vercel-Cache: HIT", "X-Pack-Outcome: error", "X-Pack-Entry: x", "X-Amzn-Trace-Id: Root=1-forged", "X-Amz-Invocation-Type: Event",
	}
	var list []request
	for _, line := range lines {
		for _, target := range []string{"/account", "/products/reed-vase", "/api/echo", "/cart", "/stores/porto"} {
			list = append(list, get(target, line))
		}
		list = append(list, post("/", "x", line), post("/cart", "x", line), rsc("/products/reed-vase").with(line))
	}
	return append(list,
		post("/products/reed-vase", "[]", "Next-Resume: 1", "Content-Type: application/octet-stream"),
		get("/account/ping", "X-Middleware-Subrequest: proxy:proxy:proxy:proxy:proxy"),
		get("/old-shop/api", "X-Middleware-Rewrite: /api/orders", "X-Middleware-Override-Headers: x-shop-a", "X-Middleware-Request-X-Shop-A: forged"),
	)
}
