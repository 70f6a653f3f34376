package manifest

import (
	"slices"
	"strings"
)

// SeedKey is the key of the entry that the build made of the page: of a
// template, its shell's, which holds for every address that has no entry of its
// own.
func (p *Page) SeedKey(basePath string) string {
	if !p.Template {
		return p.Key
	}
	return p.Key + pagePath(withoutBase(p.Pathname, basePath))
}

// HasShell reports whether the build made HTML of a template of partial
// prerendering.
func (p *Page) HasShell() bool {
	return p.Template && p.PartiallyStatic && p.part("html").File != ""
}

// HasRSC reports whether the build made the page's whole RSC payload: then a
// navigation needs no render (prefetchDataRoute in Next's prerender manifest).
func (p *Page) HasRSC() bool { return p.part("rsc").File != "" }

func (p *Page) part(name string) Part {
	for _, part := range p.Parts {
		if part.Name == name {
			return part
		}
	}
	return Part{}
}

// CompletedPath is a template's pathname with the values of an address for the
// parameters that its entries differ by (AllowQuery); the others stay
// placeholders, as in /docs/guide/[page]. path is the address as it is decoded,
// segment by segment, without basePath; encode is applied to every value.
//
// Source: next/dist/build/templates/app-page-runtime.js,
// buildCompletedShellCacheKey.
func (p *Page) CompletedPath(basePath string, path []string, encode func(string) string) string {
	var completed []string
	for i, segment := range strings.Split(withoutBase(p.Pathname, basePath), "/")[1:] {
		prefix, name, rest := placeholder(segment)
		if name == "" || !slices.Contains(p.AllowQuery, "nxtP"+name) || i >= len(path) {
			completed = append(completed, segment)
			continue
		}
		values := path[i : i+1]
		if rest {
			values = path[i:]
		}
		for n, value := range values {
			if n == 0 {
				value = strings.TrimPrefix(value, prefix)
				completed = append(completed, prefix+encode(value))
				continue
			}
			completed = append(completed, encode(value))
		}
	}
	return "/" + strings.Join(completed, "/")
}

// placeholder takes a route segment apart: what stands before the parameter
// (an interception marker), its name, and whether it takes all the rest.
func placeholder(segment string) (prefix, name string, rest bool) {
	i := strings.IndexByte(segment, '[')
	if i < 0 || !strings.HasSuffix(segment, "]") {
		return "", "", false
	}
	name = strings.Trim(segment[i:], "[]")
	name, rest = strings.CutPrefix(name, "...")
	return segment[:i], name, rest
}
