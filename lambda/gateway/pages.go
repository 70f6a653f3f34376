package gateway

import (
	"net/url"
	"regexp"
	"strings"
	"sync"

	"pack/lambda/router"
	"pack/manifest"
)

// pages finds the page behind a pathname that the router resolved.
type pages struct {
	// parts are by decoded pathname, concrete and template alike.
	parts map[string]partRef
}

// partRef is one representation of one page.
type partRef struct {
	page *manifest.Page
	part string
}

func newPages(d *manifest.Deployment) pages {
	p := pages{parts: make(map[string]partRef)}
	for i := range d.Pages {
		page := &d.Pages[i]
		for _, part := range page.Parts {
			p.parts[part.Pathname] = partRef{page, part.Name}
		}
		// Templates and pages that the build left empty may name no parts.
		if _, ok := p.parts[page.Pathname]; !ok {
			p.parts[page.Pathname] = partRef{page, primaryPart(page.Kind)}
		}
	}
	return p
}

func primaryPart(kind string) string {
	if kind == "APP_ROUTE" {
		return "body"
	}
	return "html"
}

// find returns the page of a resolved request: the address's own, or the
// template that it is made from.
func (p pages) find(resolved *router.Result) (partRef, bool) {
	template, known := p.parts[resolved.Pathname]
	// An address may spell that of another route's page in percent-encoding:
	// /%61bout is none of /about where a catch-all answers for it.
	own := func(ref partRef) bool {
		if known {
			return ref.page.Route == template.page.Route
		}
		return strings.Contains(resolved.Pathname, ref.page.Route)
	}
	if ref, ok := p.parts[resolved.Part]; ok && own(ref) {
		return ref, true
	}
	if ref, ok := p.parts[decodePath(resolved.Path)]; ok && !ref.page.Template && own(ref) {
		return ref, true
	}
	return template, known
}

// entryKey is Next's cache key of a concrete address: the page's own, or a
// template's prefix followed by the address.
// Source: next/dist/server/lib/route-cache-key.js.
func entryKey(page *manifest.Page, path string) string {
	if !page.Template {
		return page.Key
	}
	return page.Key + normalizePagePath(decodePath(trimPart(path)))
}

// keyPath is the address of the page that a request is for, as Next writes it
// into keys: without basePath, without a slash at its end, and also where the
// page's data is asked for.
func (g *Gateway) keyPath(path string) string {
	path = strings.TrimPrefix(path, g.app.BasePath)
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	page, data := strings.CutPrefix(path, "/_next/data/"+g.deployment.BuildID)
	if !data {
		return path
	}
	if page = strings.TrimSuffix(page, ".json"); page == "/index" {
		return "/"
	}
	return page
}

// trimPart removes what addresses a part of a page instead of the page.
func trimPart(path string) string {
	if i := strings.Index(path, ".segments/"); i > 0 {
		return path[:i]
	}
	return strings.TrimSuffix(path, ".rsc")
}

// decodePath decodes every segment and encodes the delimiters in it again, as
// Next does for cache keys (next/dist/shared/lib/router/utils/decode-path-params).
func decodePath(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			return path
		}
		segments[i] = delimiter().ReplaceAllStringFunc(decoded, url.QueryEscape)
	}
	return strings.Join(segments, "/")
}

// delimiter is what must stay apart from a real one in a key: also one that is
// still encoded after decoding, or /a%252Fb would share the key of /a%2Fb
// (next/dist/shared/lib/router/utils/escape-path-delimiters.js).
var delimiter = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)[/#?\\]|%(?:2f|23|3f|5c)`) })

func normalizePagePath(path string) string {
	switch {
	case path == "/" || path == "":
		return "/index"
	case path == "/index" || strings.HasPrefix(path, "/index/"):
		return "/index" + path
	}
	return path
}
