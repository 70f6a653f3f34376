package images_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestDefaults compares an app without an `images` block.
func TestDefaults(t *testing.T) {
	const tail = "&w=256&q=75"
	long := "/" + strings.Repeat("a", 3072)
	visits := []visit{
		get(""), get("?url="), get("?url=/made/small.png"), get("?url=/made/small.png&w=256"), get("?url=/made/small.png&q=75"),
		get("?w=256&q=75"), get("?url=/made/small.png&w=&q=75"), get("?url=/made/small.png&w=256&q="),
		get("?url=/a.png&url=/b.png" + tail), get("?url=/made/small.png&w=256&w=256&q=75"), get("?url=/made/small.png&w=256&q=75&q=75"),
		get("?url=/made/small.png&w=0&q=75"), get("?url=/made/small.png&w=-1&q=75"), get("?url=/made/small.png&w=1.5&q=75"),
		get("?url=/made/small.png&w=abc&q=75"), get("?url=/made/small.png&w=256px&q=75"), get("?url=/made/small.png&w=+256&q=75"),
		get("?url=/made/small.png&w=0256&q=75"), get("?url=/made/small.png&w=257&q=75"), get("?url=/made/small.png&w=8&q=75"),
		get("?url=/made/small.png&w=123456789012345678901&q=75"), get("?url=/made/small.png&w=1234567890123456789012&q=75"),
		get("?url=/made/small.png&w=" + strings.Repeat("9", 400) + "&q=75"),
		get("?url=/made/small.png&w=256&q=0"), get("?url=/made/small.png&w=256&q=101"), get("?url=/made/small.png&w=256&q=-1"),
		get("?url=/made/small.png&w=256&q=74"), get("?url=/made/small.png&w=256&q=075"), get("?url=/made/small.png&w=256&q=7.5"),
		get("?url=/made/small.png&w=256&q=x"), get("?url=/made/small.png&w=257&q=x"), get("?url=x&w=x&q=x"),
		get(of("//example.com/a.png", tail)), get(of("///a.png", tail)), get(of(`/\example.com/a.png`, tail)), get(of("/made//small.png", tail)),
		get(of(long, tail)), get(of(long[:3072], tail)), get(of("https://example.com/"+strings.Repeat("e", 3052), tail)),
		get(of("/_next/image?url=/made/small.png&w=256&q=75", tail)), get(of("/_next/image/", tail)), get(of("/_next/imagex.png", tail)),
		get(of("/docs/_next/image", tail)), get(of("/%5Fnext/image", tail)), get(of("/_next/%69mage/x", tail)),
		get(of("https://example.com/a.png", tail)), get(of("http://127.0.0.1/a.png", tail)), get(of("ftp://example.com/a.png", tail)),
		get(of("data:image/png;base64,AAAA", tail)), get(of("javascript:alert(1)", tail)), get(of("made/small.png", tail)), get(of("?a", tail)),
		get("?url=%" + tail), get("?url=%2" + tail), get("?url=/%E4" + tail), get(of("/%E4.png", tail)), get(of("/%zz.png", tail)),
		get(of("/made/small.png?v=1", tail)), get(of("/made/small.png?", tail)), get(of("/made/small.png#top", tail)), get("?url=/made/small.png#top" + tail),
		get(of("/none.png", tail)), get(of("/made", tail)), get(of("/", tail)), get(of("/upstream", tail)), get(of("/made/../made/small.png", tail)),
		get(of("/made/small.png", tail)), get("?q=75&w=256&url=/made/small.png&extra=1"),
		{of("/made/small.png", tail), http.MethodHead, http.Header{}},
		{of("/made/alpha.png", tail), http.MethodPost, http.Header{}},
		{of("/made/none.png", tail), http.MethodPost, http.Header{}},
		{of("/made/tall.png", tail), http.MethodHead, http.Header{}},
		{"?url=/x", http.MethodHead, http.Header{}},
		get(of("/made/photo.jpg", "&w=640&q=75")), get(of("/made/photo.jpg", "&w=1920&q=75")), get(of("/made/photo.jpg", "&w=3840&q=75")), get(of("/made/photo.jpg", "&w=32&q=75")),
		get(of("/made/größe.jpg", tail)), get(of("/made/gr%C3%B6%C3%9Fe.jpg", tail)), get(of("/made/blue pot.v2.jpg", tail)), get(of("/made/blue%20pot.v2.jpg", tail)),
		get(of("/made/photo", tail)), get(of("/made/tall.png", "&w=32&q=75")), get(of("/made/tall.png", "&w=640&q=75")),
		get(of("/_next/static/media/none.png", tail)),
	}
	for turn := 1; turn <= 8; turn++ {
		visits = append(visits, getAs(older, of(fmt.Sprintf("/made/turn-%d.jpg", turn), "&w=128&q=75")))
	}
	for _, name := range []string{
		"alpha.png", "deep.png", "palette.png", "grey.jpg", "cmyk.jpg", "wide-gamut.jpg", "photo-444.jpg", "photo.webp", "alpha.webp", "photo.avif", "alpha.avif",
		"photo.tiff", "still.gif", "moving.gif", "moving.webp", "moving.png", "mark.svg", "declared.svg", "commented.svg", "favicon.ico", "mark.icns", "mark.bmp",
		"stream.jxl", "photo.heic", "photo.jp2", "paper.pdf", "notes.txt", "notes.png", "zeros.png", "cut.jpg", "half.jpg", "cut.webp", "cut.avif", "broken.png",
		"huge.png", "broad.png", "empty.png",
	} {
		visits = append(visits, get(of("/made/"+name, tail)), getAs(older, of("/made/"+name, tail)))
	}
	compare(t, map[string]any{}, visits)
}

// TestConditions compares preconditions, with each side's own ETag.
func TestConditions(t *testing.T) {
	origin := startNext(t, map[string]any{})
	ours := handler(t, origin, map[string]any{})
	const query = "?url=/made/small.png&w=256&q=75"
	for _, side := range []string{origin, ours} {
		response, err := http.Get(side + "/_next/image" + query)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		etag := response.Header.Get("ETag")
		if len(etag) != 43 {
			t.Errorf("%s: ETag %q", side, etag)
		}
		for _, c := range []struct {
			header http.Header
			want   int
		}{
			{http.Header{"If-None-Match": {etag}}, 304},
			{http.Header{"If-None-Match": {"W/" + etag}}, 304},
			{http.Header{"If-None-Match": {`"other", ` + etag}}, 304},
			{http.Header{"If-None-Match": {"*"}}, 304},
			{http.Header{"If-None-Match": {`"` + etag + `"`}}, 200},
			{http.Header{"If-None-Match": {`"other"`}}, 200},
			{http.Header{"If-None-Match": {etag}, "Cache-Control": {"no-cache"}}, 200},
			{http.Header{"If-None-Match": {etag}, "Cache-Control": {"max-age=0"}}, 304},
			{http.Header{"If-None-Match": {etag}, "If-Modified-Since": {"Wed, 21 Oct 2026 07:28:00 GMT"}}, 200},
			{http.Header{"If-Modified-Since": {"Wed, 21 Oct 2026 07:28:00 GMT"}}, 200},
		} {
			a, _ := look(t, side, visit{query, http.MethodGet, c.header})
			if a.Status != c.want || c.want == 304 && (a.Body != "" || a.Type != "" || a.Caching == "" || a.ETag == "") {
				t.Errorf("%s %v: %+v, want %d", side, c.header, a, c.want)
			}
		}
	}
}
