package manifest

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// dynamicSegment is Next's test for a template
// (next/dist/shared/lib/router/utils/is-dynamic.js).
var dynamicSegment = pattern(`/[^/]*\[[^/]+\][^/]*(?:/|$)`)

func isTemplate(pathname string) bool { return dynamicSegment().MatchString(pathname) }

// pagePath is Next's normalizePagePath: how a pathname is written in file
// names, /index for /, and /index/index for /index.
func pagePath(pathname string) string {
	switch {
	case pathname == "/":
		return "/index"
	case (pathname == "/index" || strings.HasPrefix(pathname, "/index/")) && !isTemplate(pathname):
		return "/index" + pathname
	}
	return pathname
}

// fromPagePath is the reverse, Next's denormalizePagePath.
func fromPagePath(page string) string {
	switch {
	case page == "/index":
		return "/"
	case strings.HasPrefix(page, "/index/") && !isTemplate(page):
		return strings.TrimPrefix(page, "/index")
	}
	return page
}

// withoutBase takes basePath off a pathname that has it.
func withoutBase(pathname, base string) string {
	if rest, ok := strings.CutPrefix(pathname, base); ok && base != "" {
		if rest == "" {
			return "/"
		}
		if rest[0] == '/' {
			return rest
		}
	}
	return pathname
}

// withBase puts basePath before a pathname.
func withBase(pathname, base string) string {
	if base != "" && pathname == "/" {
		return base
	}
	return base + pathname
}

// withoutLocale takes the locale off a pathname of the Pages Router.
func withoutLocale(pathname string, i18n *I18n) string {
	if i18n == nil {
		return pathname
	}
	first, rest, _ := strings.Cut(strings.TrimPrefix(pathname, "/"), "/")
	if !slices.ContainsFunc(i18n.Locales, func(l string) bool { return strings.EqualFold(l, first) }) {
		return pathname
	}
	return "/" + rest
}

// relative gives path relative to root with forward slashes, or false if it
// lies outside. Both are absolute and may be another system's.
func relative(root, name string) (string, bool) {
	root, name = path.Clean(slash(root)), path.Clean(slash(name))
	if root == name {
		return ".", true
	}
	rest, ok := strings.CutPrefix(name, strings.TrimSuffix(root, "/")+"/")
	return rest, ok
}

// slash gives forward slashes to the paths of this system.
func slash(name string) string { return filepath.ToSlash(name) }
