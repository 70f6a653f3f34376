package gateway

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pack/manifest"
	"pack/s3cache"
)

const (
	noStore = "private, no-cache, no-store, max-age=0, must-revalidate"
	oneYear = 31536000
)

// hit is one stored page on its way to the viewer.
type hit struct {
	page  *manifest.Page
	entry *s3cache.Entry
	part  string
	// cache is x-nextjs-cache: HIT, STALE.
	cache string
	// status replaces the entry's own unless 0 (the 404 page).
	status int
	// partial: the page belongs to partial prerendering.
	partial bool
	// general: the entry stands in for one of the address's own, so that no
	// cache on the way may keep it.
	general bool
}

// writeHit answers from an entry, with the headers that Next's own server
// sends (next/dist/server/send-payload.js and the templates of
// next/dist/build/templates) and Cache-Status (RFC 9211). It returns false,
// having written nothing, when the entry lacks the part.
func (g *Gateway) writeHit(w http.ResponseWriter, r *http.Request, h hit) bool {
	part := h.entry.Part(h.part)
	status := h.status
	if status == 0 {
		status = h.entry.Status
	}
	if status == 0 {
		status = http.StatusOK
	}
	header := w.Header()
	missing := part == nil
	switch {
	case missing && (h.partial || strings.HasPrefix(h.part, s3cache.PartSegment)):
		// Next answers 404 for a segment that the page does not have, and for the
		// whole payload of a page whose payload depends on the viewer.
		status = http.StatusNotFound
	case missing:
		return false
	case h.partial && h.part != s3cache.PartHTML:
		status = http.StatusOK
	case strings.HasPrefix(h.part, s3cache.PartSegment):
		status = http.StatusOK // Also one of a not-found page, which says so itself.
	}
	app := h.entry.Kind == s3cache.KindAppPage
	rsc := app && h.part != s3cache.PartHTML
	header.Set("X-Nextjs-Cache", h.cache)
	if app {
		header.Set("X-Nextjs-Prerender", "1")
	}
	if strings.HasPrefix(h.part, s3cache.PartSegment) {
		header.Set("X-Nextjs-Postponed", "2")
	} else {
		storedHeaders(header, h.entry)
		if h.entry.Part(s3cache.PartPostponed) != nil {
			header.Set("X-Nextjs-Postponed", "1")
		}
	}
	if rsc && status >= 300 && status < 400 {
		// The RSC payload carries the redirect itself.
		status = http.StatusOK
	}
	if kind := contentType(h.entry.Kind, h.part); kind != "" && !missing && header.Get("Content-Type") == "" {
		header.Set("Content-Type", kind)
	}
	if g.app.PoweredBy && !missing && strings.HasPrefix(contentType(h.entry.Kind, h.part), "text/html") {
		header.Set("X-Powered-By", "Next.js")
	}
	if header.Get("Cache-Control") == "" && !h.general {
		header.Set("Cache-Control", cacheControl(h.entry.Revalidate, h.entry.Expire))
	}
	if h.part == s3cache.PartData {
		g.nameDeployment(header)
	}
	header.Set("Cache-Status", cacheStatus(h))
	var body []byte
	if !missing {
		body = part.Body
		// Next makes ETags of strings, not of buffers (RSC, route handlers).
		text := h.part == s3cache.PartHTML || h.part == s3cache.PartData
		if g.app.GenerateETags && text && part.ETag != "" {
			header.Set("Etag", part.ETag)
			if fresh(r.Header, part.ETag) && status == http.StatusOK {
				header.Del("Content-Type")
				w.WriteHeader(http.StatusNotModified)
				return true
			}
		}
	}
	if len(body) > 0 {
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
	return true
}

// storedHeaders copies what Next stored beside a page; the rest it makes anew
// for every answer.
func storedHeaders(header http.Header, entry *s3cache.Entry) {
	t := target{handler: entry.Kind == s3cache.KindAppRoute, page: entry.Kind == s3cache.KindAppPage}
	for name, values := range entry.Header {
		switch name = http.CanonicalHeaderKey(name); {
		case name == "Vary" && t.handler:
			addVary(header, values)
		case name == "Vary", name == "Content-Type" && t.page:
		case name == "Set-Cookie":
			header[name] = append(header[name], values...) // A rule of the app may set others.
		default:
			merge(header, name, values, t)
		}
	}
}

func contentType(kind, part string) string {
	switch {
	case kind == s3cache.KindAppPage && part != s3cache.PartHTML:
		return "text/x-component"
	case part == s3cache.PartHTML:
		return "text/html; charset=utf-8"
	case part == s3cache.PartData:
		return "application/json; charset=utf-8"
	}
	return ""
}

// cacheControl is what Next tells shared caches about a page
// (next/dist/server/lib/cache-control.js): ages in seconds.
func cacheControl(revalidate, expire *int64) string {
	age := int64(oneYear)
	if revalidate != nil {
		if *revalidate == 0 {
			return noStore
		}
		age = *revalidate
	}
	value := "s-maxage=" + strconv.FormatInt(age, 10)
	if revalidate != nil && expire != nil && *revalidate < *expire {
		value += ", stale-while-revalidate=" + strconv.FormatInt(*expire-*revalidate, 10)
	}
	return value
}

// cacheStatus is RFC 9211's field: ttl in seconds, negative when stale.
func cacheStatus(h hit) string {
	if h.entry.Revalidate == nil {
		return "pack; hit"
	}
	age := (time.Now().UnixMilli() - h.entry.Created) / 1000
	return fmt.Sprintf("pack; hit; ttl=%d", *h.entry.Revalidate-age)
}

// fresh reports whether the viewer's copy is current (RFC 9110, 13.1.2),
// Cache-Control: no-cache excepted, as in the npm package fresh.
func fresh(h http.Header, etag string) bool {
	if strings.Contains(h.Get("Cache-Control"), "no-cache") || h.Get("If-Modified-Since") != "" {
		return false // Pages have no Last-Modified, which fresh then asks for.
	}
	for _, tag := range strings.Split(strings.Join(h["If-None-Match"], ","), ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}
