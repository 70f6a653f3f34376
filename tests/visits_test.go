package tests_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// visit is one kind of request under load: check says what is wrong with its
// answer, "" if nothing is. number is different for every request, so that an
// answer meant for another client does not pass.
type visit struct {
	name   string
	weight int
	make   func(number int64) (method, target, cookie, body string)
	status int
	check  func(number int64, body string, header http.Header) string
}

// contains checks for texts that the answer must have.
func contains(texts ...string) func(int64, string, http.Header) string {
	return func(_ int64, body string, _ http.Header) string {
		for _, text := range texts {
			if !strings.Contains(body, text) {
				return fmt.Sprintf("lacks %q", text)
			}
		}
		return ""
	}
}

func plain(target string) func(int64) (string, string, string, string) {
	return func(int64) (string, string, string, string) { return http.MethodGet, target, "", "" }
}

// productNames are the pages whose answers must not be mixed up.
var productNames = map[string]string{
	"dune-mug": "Dune Mug", "tide-bowl": "Tide Bowl", "reed-vase": "Reed Vase", "linen-side-plate": "Linen Side Plate",
	"salt-pinch-bowl": "Salt Pinch Bowl", "lantern-vase": "Lantern Vase", "clay-cake-stand": "Clay Cake Stand",
}

func visits() []visit {
	list := []visit{
		{"home", 20, plain("/"), 200, contains("Pots for the table you already have.", "</html>")},
		{"about", 15, plain("/about"), 200, contains("</html>")},
		{"deals", 15, plain("/deals"), 200, contains("Small flaws, small prices.", "rendered-at", "</html>")},
		{"category", 10, plain("/categories/vases"), 200, contains("Lantern Vase", "</html>")},
		{"terms", 5, plain("/legal/terms"), 200, contains("Terms of sale", "</html>")},
		{"file", 10, plain("/humans.txt"), 200, func(_ int64, body string, _ http.Header) string { return wholeFile(body) }},
		{"picture", 5, plain("/_next/image?url=%2Fpictures%2Fdune-mug.webp&w=384&q=75"), 200, func(_ int64, body string, _ http.Header) string {
			return pictureOf(body)
		}},
		{"unknown", 5, plain("/products/unknown-thing"), 404, contains("not-found", "</html>")},
		{"redirect", 5, plain("/catalogue"), 308, func(_ int64, _ string, h http.Header) string {
			if h.Get("Location") != "/categories/cups" {
				return "Location is " + h.Get("Location")
			}
			return ""
		}},
		{"deliberate error", 1, plain("/api/after-throws?id=load"), 500, contains("")},
		{"stream", 1, plain("/recommendations"), 200, contains("picks-skeleton", `data-testid="picks"`, "</html>")},
		{"events", 1, plain("/api/stock/stream"), 200, contains("id: 1\n", `data: {"left":7,"last":true}`)},
		{"log", 1, plain("/api/glaze-log"), 200, func(_ int64, body string, _ http.Header) string {
			if len(body) != 1<<20 {
				return fmt.Sprintf("%d bytes, want 1 MiB", len(body))
			}
			return ""
		}},
		{"echo", 6, func(n int64) (string, string, string, string) {
			return http.MethodPost, fmt.Sprintf("/api/echo?number=%d", n), "", fmt.Sprintf("body %d", n)
		}, 200, func(n int64, body string, h http.Header) string {
			return contains(fmt.Sprintf(`"number":["%d"]`, n), fmt.Sprintf(`"body":"body %d"`, n))(n, body, h)
		}},
		{"cart", 6, func(n int64) (string, string, string, string) {
			return http.MethodGet, "/api/cart", fmt.Sprintf("cart=dune-mug:%d", n%20+1), ""
		}, 200, func(n int64, body string, h http.Header) string {
			return contains(fmt.Sprintf(`{"count":%d,`, n%20+1))(n, body, h)
		}},
		{"cart page", 3, func(n int64) (string, string, string, string) {
			return http.MethodGet, "/cart", fmt.Sprintf("cart=tide-bowl:%d", n%20+1), ""
		}, 200, func(n int64, body string, h http.Header) string {
			return contains(fmt.Sprintf("€%d.00", (n%20+1)*46), "</html>")(n, body, h)
		}},
		{"preferences", 4, func(n int64) (string, string, string, string) {
			return http.MethodGet, fmt.Sprintf("/api/preferences?currency=C%d", n), "", ""
		}, 200, func(n int64, _ string, h http.Header) string {
			if cookies := h.Values("Set-Cookie"); len(cookies) != 2 || !strings.HasPrefix(cookies[0], fmt.Sprintf("currency=C%d;", n)) {
				return fmt.Sprintf("Set-Cookie is %q", cookies)
			}
			return ""
		}},
		{"proxy", 4, plain("/account/ping"), 200, contains(`"pong":true,"signedIn":false`)},
		{"closed", 3, plain("/account"), 307, contains("")},
		{"track", 3, plain("/track?order=OK-1A2B3C4D"), 200, contains("OK-1A2B3C4D", "</html>")},
	}
	for slug, name := range productNames {
		list = append(list,
			visit{"product", 5, plain("/products/" + slug), 200, contains(fmt.Sprintf(`data-testid="product-name">%s<`, name), "</html>")},
			visit{"payload", 2, func(int64) (string, string, string, string) { return "RSC", "/products/" + slug + "?_rsc", "", "" }, 200, contains(`"product-name","children":"` + name)})
	}
	return list
}

var humansFile = sync.OnceValue(func() string {
	text, _ := os.ReadFile(filepath.Join(storefront, "public", "humans.txt"))
	return string(text)
})

func wholeFile(body string) string {
	if body == "" || body != humansFile() {
		return fmt.Sprintf("%d bytes that are not the file", len(body))
	}
	return ""
}

func pictureOf(body string) string {
	if size := measured(&answer{body: body}); !strings.HasSuffix(size, "384 × 384") {
		return size
	}
	return ""
}

// once makes one request and says what is wrong with the answer.
func (v visit) once(client *http.Client, base string, number int64) string {
	method, target, cookie, body := v.make(number)
	payload := method == "RSC"
	if payload {
		method = http.MethodGet
	}
	r, err := http.NewRequest(method, base+target, strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	if payload {
		r.Header.Set("RSC", "1")
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	response, err := client.Do(r)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return fmt.Sprintf("status %d, broken off: %v", response.StatusCode, err)
	case response.StatusCode != v.status:
		return fmt.Sprintf("status %d, want %d: %.200s", response.StatusCode, v.status, got)
	}
	return v.check(number, string(got), response.Header)
}

// visitor is a client that many goroutines may use, and follows no redirect.
func visitor(connections int) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true},
		Timeout:       answerPatience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
