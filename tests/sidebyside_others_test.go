package tests_test

import (
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
)

// handlerRequests are for the route handlers, the metadata routes and the API
// route of the Pages Router.
func handlerRequests() []request {
	list := []request{get("/api/orders"), get("/api/orders?limit=x")}
	for _, slug := range append(builtProducts, onDemandProducts...) {
		list = append(list, get("/products/"+slug+"/opengraph-image"))
	}
	for _, route := range []string{
		"/api/cart", "/api/products", "/api/invoice/OK-1", "/api/slow", "/api/echo", "/api/preferences", "/api/visit", "/api/after?id=beside",
		"/api/after-throws?id=beside", "/api/refresh", "/api/revalidate", "/api/catalog.json", "/api/upload",
		"/api/shipments", "/api/parcels", "/api/cron/kiln-report", "/feed.xml", "/sitemap.xml", "/robots.txt",
		"/manifest.webmanifest", "/icon.svg", "/apple-icon.png", "/products/dune-mug/opengraph-image", "/products/clay-cake-stand/opengraph-image",
	} {
		for _, method := range allMethods {
			list = append(list, request{method: method, target: route})
		}
	}
	// What these leave behind is for other tests.
	for _, route := range []string{"/api/cron/kiln-report", "/api/parcels", "/api/shipments"} {
		list = append(list, get(route), request{method: "HEAD", target: route}, request{method: "OPTIONS", target: route}, request{method: "DELETE", target: route})
	}
	photo := "--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"caneca ção.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x00\xff\xfe\r\n" + multipart([2]string{"note", "a chip"})
	return append(list,
		get("/api/stock/stream"), get("/api/glaze-log"), request{method: "HEAD", target: "/api/stock/stream"}, request{method: "POST", target: "/api/glaze-log"},
		get("/api/cart", "Cookie: "+fullCart),
		get("/api/products?q=blue"), get("/api/products?q=dune+mug"), get("/api/products?q=%C3%A9"), get("/api/products?q=a&q=b"),
		post("/api/products", `{"name":"New Cup","cents":1200}`, "Content-Type: application/json"),
		post("/api/products", `{"name":""}`, "Content-Type: application/json"), post("/api/products", `{`, "Content-Type: application/json"),
		get("/api/invoice/%2e%2e"), get("/api/invoice/a%2Fb"), get("/api/invoice/a%20b"), get("/api/invoice"),
		post("/api/upload", photo, formType), post("/api/upload", multipart(), formType), post("/api/upload", "x=1", "Content-Type: application/x-www-form-urlencoded"),
		get("/api/echo?a=1+%2B+2&a=2&b=%26&c", "X-Shop-One: first", "X-Shop-One: second", "X-Shop-Two: caf\u00e9"),
		post("/api/echo?x", "a body \x00\xff with bytes"), request{method: "DELETE", target: "/api/echo", body: "with a body"},
		post("/api/echo", strings.Repeat("0123456789", 30_000)),
		post("/api/shipments", `{"order":"beside"}`, "Content-Type: application/json"), post("/api/shipments", `{"order":"beside","carrierDown":9}`, "Content-Type: application/json"),
		get("/api/cron/kiln-report?kiln=small", "Authorization: Bearer kiln-dev-cron-secret"),
		get("/api/preferences?currency=USD&units=imperial"), get("/api/preferences?currency=a%3Bb%20c"),
		get("/api/slow?ms=120"),
		post("/api/refresh?secret=wrong", `{"tag":"catalog"}`), post("/api/refresh?secret="+refreshToken, `{`), post("/api/refresh?secret="+refreshToken, `{}`),
		get("/api/revalidate?secret=wrong&path=/deals"), get("/api/revalidate?path=/deals"),
		get("/products/unknown-thing/opengraph-image"), get("/products/dune-mug/opengraph-image.png"), get("/api/nowhere"), get("/api/cart/more"),
	)
}

const refreshToken = "kiln-dev-token"

func post(target, body string, header ...string) request {
	return request{method: "POST", target: target, header: header, body: body}
}

// fileRequests are for every public file and everything below /_next/static.
func fileRequests(b *built) ([]request, error) {
	var list []request
	add := func(folder, prefix string, each func(at string)) error {
		return filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name, err := filepath.Rel(folder, path)
			each(prefix + (&url.URL{Path: filepath.ToSlash(name)}).EscapedPath())
			return err
		})
	}
	err := add(filepath.Join(b.next, "public"), "/", func(at string) {
		list = append(list, get(at))
		if !strings.HasPrefix(at, "/pictures/") {
			for _, method := range allMethods[1:] {
				list = append(list, request{method: method, target: at})
			}
			list = append(list, get(at+"/"), get(at+"?v=2"))
		}
	})
	if err != nil {
		return nil, err
	}
	err = add(filepath.Join(b.next, ".next", "static"), "/_next/static/", func(at string) { list = append(list, get(at), request{method: "HEAD", target: at}) })
	if err != nil {
		return nil, err
	}
	for _, ranges := range []string{"bytes=0-9", "bytes=10-", "bytes=-7", "bytes=5-2", "bytes=0-1,5-6", "bytes=900000-", "lines=1-2", "bytes=0-0", "bytes=abc"} {
		list = append(list, get("/humans.txt", "Range: "+ranges), get("/pictures/dune-mug.webp", "Range: "+ranges))
	}
	return append(list,
		get("/humans.txt", "If-None-Match: *"), get("/humans.txt", `If-None-Match: "nonsense"`), get("/humans.txt", `If-Match: "nonsense"`),
		get("/humans.txt", "Range: bytes=0-3", `If-Range: "nonsense"`), get("/humans.txt", "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT"),
		get("/glazes/azul-céu.png"), get("/care+guide.pdf"), get("/HUMANS.txt"), get("/humans"), get("/humans.txt.map"),
		get("/glazes"), get("/glazes/"), get("/pictures"), get("/.env"), get("/package.json"), get("/public/humans.txt"),
		get("/_next/static/nowhere.js"), get("/_next/static/chunks"), get("/_next/static"), get("/_next/static/"), get("/_next/"), get("/_next"),
		get("/_next/server/app/about.html"), get("/_next/BUILD_ID"), request{method: "POST", target: "/_next/static/nowhere.js"},
	), nil
}

// pictureRequests are for next/image's optimizer.
func pictureRequests() []request {
	address := func(from string, width, quality any) string {
		return fmt.Sprintf("/_next/image?url=%s&w=%v&q=%v", url.QueryEscape(from), width, quality)
	}
	var list []request
	for _, accept := range []string{"image/avif,image/webp,*/*", "image/webp", "*/*", "image/png", ""} {
		for _, from := range []string{"/pictures/dune-mug.webp", "/pictures/dune-mug-detail.jpg"} {
			q := get(address(from, 640, 75))
			if accept != "" {
				q = q.with("Accept: " + accept)
			}
			list = append(list, q)
		}
	}
	for _, width := range []any{16, 32, 48, 64, 96, 128, 256, 384, 750, 828, 1080, 1200, 1920, 2048, 3840, 13, 0, -1, "x", "640.5", ""} {
		list = append(list, get(address("/pictures/tide-bowl.webp", width, 75)))
	}
	for _, quality := range []any{1, 50, 80, 100, 101, 0, "x", ""} {
		list = append(list, get(address("/pictures/tide-bowl.webp", 640, quality)))
	}
	for _, from := range []string{
		"/about", "/humans.txt", "/icon.svg", "/pictures/nowhere.webp", "//elsewhere.example/a.png", "https://elsewhere.example/a.png", "pictures/tide-bowl.webp",
		"/pictures/../humans.txt", "/pictures/tide-bowl.webp?v=2", "/_next/image?url=x", strings.Repeat("/a", 2000), "http://[", "",
	} {
		list = append(list, get(address(from, 640, 75)))
	}
	good := address("/pictures/reed-vase.webp", 384, 75)
	for _, method := range allMethods[1:] {
		list = append(list, request{method: method, target: good})
	}
	return append(list,
		get("/_next/image"), get("/_next/image/"), get("/_next/image?url=%2Fpictures%2Freed-vase.webp"), get("/_next/image?w=640&q=75"),
		get(good+"&w=640"), get(good+"&url=%2Fabout"), get(good+"&more=1"), get(good, "Range: bytes=0-9"), get(good, "If-None-Match: *"),
	)
}
