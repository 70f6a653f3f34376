package tests_test

import (
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"
)

var (
	hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)"(?: value="([^"]*)")?/>`)
	boundAction = regexp.MustCompile(`"id":"([0-9a-f]+)"`)
)

// hiddenFields reads the hidden fields of a page's first form that posts to an
// action, in their order.
func hiddenFields(page string) [][2]string {
	var fields [][2]string
	for _, found := range hiddenField.FindAllStringSubmatch(page, -1) {
		fields = append(fields, [2]string{html.UnescapeString(found[1]), html.UnescapeString(found[2])})
	}
	return fields
}

// actionID finds the id that Next's client would name.
func actionID(fields [][2]string) string {
	for _, field := range fields {
		if id, ok := strings.CutPrefix(field[0], "$ACTION_ID_"); ok {
			return id
		}
		if found := boundAction.FindStringSubmatch(field[1]); found != nil {
			return found[1]
		}
	}
	return ""
}

// boundary is as long as Node's parser of forms wants it.
const (
	boundary = "storefront-0123456789-0123456789"
	formType = "Content-Type: multipart/form-data; boundary=" + boundary
)

// multipart writes a form's fields.
func multipart(fields ...[2]string) string {
	var body strings.Builder
	for _, field := range fields {
		fmt.Fprintf(&body, "--%s\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", boundary, field[0], field[1])
	}
	return body.String() + "--" + boundary + "--\r\n"
}

// actionRequests are server actions as a browser calls them, with and without
// JavaScript, and as a stranger might.
func actionRequests(t *testing.T, s *server) []request {
	t.Helper()
	login := hiddenFields(s.must(t, get("/login"), 200).body)
	product := hiddenFields(s.must(t, get("/products/dune-mug"), 200).body)
	signIn, add := actionID(login), actionID(product)
	if signIn == "" || add == "" {
		t.Fatalf("no action in the forms of /login (%v) or /products/dune-mug (%v)", login, product)
	}
	origin := "Origin: http://{host}"
	call := func(page, id, arguments string, fields ...[2]string) request {
		return post(page, multipart(append(fields, [2]string{"0", arguments})...), formType, "Next-Action: "+id, "Accept: text/x-component", origin)
	}
	ana := [2]string{"name", "Ana"}
	three := [2]string{"quantity", "3"}
	text, err := json.Marshal([]any{nil})
	if err != nil {
		t.Fatal(err)
	}
	return []request{
		post("/login", multipart(append(login, ana)...), formType, origin),
		post("/login", multipart(append(login, [2]string{"name", "  "})...), formType, origin),
		post("/login", multipart(append(login, ana)...), formType, "Origin: http://elsewhere.example"),
		post("/login", multipart(append(login, ana)...), formType, "Origin: null"),
		post("/login", multipart(append(login, ana)...), formType),
		post("/login", multipart(ana), formType, origin),
		post("/products/dune-mug", multipart(append(product, three)...), formType, origin),
		post("/products/dune-mug", multipart(append(product, three)...), formType, origin, "Cookie: "+fullCart),
		call("/login", signIn, `["$K1"]`, [2]string{"1_name", "Ana"}),
		call("/login", signIn, `["$K1"]`, [2]string{"1_name", ""}),
		call("/products/dune-mug", add, `[null,"$K1"]`, [2]string{"1_slug", "dune-mug"}, [2]string{"1_quantity", "3"}),
		call("/products/dune-mug", add, `[null,"$K1"]`, [2]string{"1_slug", "no-such-piece"}),
		call("/products/dune-mug", add, `[null,"$K1"]`, [2]string{"1_slug", "tide-bowl"}).with("Cookie: " + fullCart),
		call("/about", add, `[null,"$K1"]`, [2]string{"1_slug", "dune-mug"}),
		call("/cart", "7f"+strings.Repeat("0", 40), `[]`),
		call("/login", "not-an-id", `[]`),
		call("/login", signIn, `["$K`),
		post("/login", string(text), "Content-Type: text/plain;charset=UTF-8", "Next-Action: "+signIn, origin),
		post("/login", "", "Next-Action: "+signIn, origin),
		post("/login", "name=Ana", "Content-Type: application/x-www-form-urlencoded", origin),
		post("/login", multipart(append(login, ana)...), "Content-Type: multipart/form-data", origin),
	}
}
