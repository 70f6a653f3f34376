package tests_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"image"
	_ "image/gif" // Formats that an answer may have.
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	_ "golang.org/x/image/webp"
)

// clockTime is the time at which a page or an entry of it was rendered.
var clockTime = regexp.MustCompile(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`)

// differences compares the two answers to one request and returns what has to
// be equal and is not, one line each.
func differences(q request, next, pack *answer) []string {
	var found []string
	differ := func(what, ofNext, ofPack string) {
		if ofNext != ofPack {
			found = append(found, fmt.Sprintf("%s\n      next start: %s\n      pack serve: %s", what, ofNext, ofPack))
		}
	}
	differ("status", fmt.Sprint(next.status), fmt.Sprint(pack.status))
	of, ours := settleHeader(next, pack, next.header), settleHeader(next, pack, pack.header)
	names := make(map[string]bool)
	for name := range of {
		names[name] = true
	}
	for name := range ours {
		names[name] = true
	}
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	for _, name := range sorted {
		differ("header "+name, quoted(of[name]), quoted(ours[name]))
	}
	if one, other := next.header.Get("Content-Length"), pack.header.Get("Content-Length"); one != "" && other != "" &&
		!imageRequest(q) && next.header.Get("Content-Encoding") == "" && !dynamicLength(next) {
		differ("header Content-Length", one, other)
	}
	if imageRequest(q) && next.status == 200 && pack.status == 200 {
		differ("image", measured(next), measured(pack))
		return found
	}
	one, other := settleBody(next), settleBody(pack)
	if one != other {
		from, ofNext, ofPack := firstDifference(one, other)
		differ(fmt.Sprintf("body at %d of %d and %d bytes", from, len(one), len(other)), ofNext, ofPack)
	}
	return found
}

func quoted(values []string) string {
	if values == nil {
		return "(absent)"
	}
	return fmt.Sprintf("%q", values)
}

// settleBody takes out of a body what two renders of one page differ in.
func settleBody(a *answer) string {
	body := a.body
	if a.header.Get("Content-Encoding") == "gzip" {
		if plain, err := gunzip(body); err == nil {
			body = plain
		}
	}
	body = clockTime.ReplaceAllString(body, "(time)")
	switch kind := a.header.Get("Content-Type"); {
	case strings.HasPrefix(kind, "text/html"):
		body = settlePage(body)
		if a.status == http.StatusNotFound && a.header.Get("Etag") != "" {
			body = rendererOfNotFound.Replace(body)
		}
		return body
	case strings.HasPrefix(kind, "text/x-component"):
		return settleFlight(body)
	}
	return body
}

// rendererOfNotFound takes out what tells how a cached not-found page was rendered: Next
// writes it for the visitor who comes first, and not when it renders the page anew
// behind an answer.
var rendererOfNotFound = strings.NewReplacer(
	`<meta name="robots" content="noindex"/>`, "",
	`["$","meta",null,{"content":"noindex","name":"robots"}]`, "null",
)

// dynamicLength is true of pages, which may be cut into scripts differently.
func dynamicLength(a *answer) bool {
	kind := a.header.Get("Content-Type")
	return strings.HasPrefix(kind, "text/html") || strings.HasPrefix(kind, "text/x-component")
}

func gunzip(body string) (string, error) {
	r, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		return "", err
	}
	plain, err := io.ReadAll(r)
	return string(plain), err
}

func imageRequest(q request) bool { return strings.HasPrefix(q.target, "/_next/image") }

// measured says what kind of picture a body is, and its size.
func measured(a *answer) string {
	if strings.HasPrefix(a.header.Get("Content-Type"), "image/avif") {
		return "avif" // The standard decoders do not know it.
	}
	picture, kind, err := image.DecodeConfig(bytes.NewReader([]byte(a.body)))
	if err != nil {
		return fmt.Sprintf("no picture: %v", err)
	}
	return fmt.Sprintf("%s, %d × %d", kind, picture.Width, picture.Height)
}

// firstDifference cuts out of two texts the place where they part.
func firstDifference(one, other string) (at int, ofOne, ofOther string) {
	for at < len(one) && at < len(other) && one[at] == other[at] {
		at++
	}
	cut := func(text string) string {
		return fmt.Sprintf("%q", text[min(len(text), max(0, at-60)):min(len(text), at+120)])
	}
	return at, cut(one), cut(other)
}
