package router

import (
	"strings"

	"pack/manifest"
)

// Table is what a Router is made from: the routing table and every address
// that exists.
type Table struct {
	Routing manifest.Routing
	BuildID string
	App     manifest.App
	Assets  []manifest.Asset
	Outputs []manifest.Output
	Pages   []manifest.Page
}

// TableOf takes the router's part out of a deployment.
func TableOf(d *manifest.Deployment) Table {
	return Table{Routing: d.Routing, BuildID: d.BuildID, App: d.App, Assets: d.Assets, Outputs: d.Outputs, Pages: d.Pages}
}

// address is a pathname that something answers.
type address struct {
	pathname string
	kind     Kind
	// app marks outputs of the App Router, which know no locales.
	app bool
	// template marks a pathname with dynamic segments.
	template bool
}

// addresses are all pathnames of a deployment, basePath included.
type addresses struct {
	known map[string]*address
	// parts are the pathnames of what the build prerendered: of pages at fixed
	// addresses, and of addresses of templates.
	parts map[string]bool
	// concrete is the part of parts that only a dynamic route leads to.
	concrete map[string]bool
}

// errorPages are never answered under their own name: next start shows its
// not-found page there.
var errorPages = map[string]bool{
	"/404": true, "/500": true, "/_error": true, "/_app": true, "/_document": true, "/_not-found": true,
}

func newAddresses(t Table, l *locales) *addresses {
	a := &addresses{
		known:    make(map[string]*address, len(t.Assets)+len(t.Outputs)+len(t.Pages)),
		parts:    map[string]bool{},
		concrete: map[string]bool{},
	}
	data := dataFolder + t.BuildID
	hidden := func(pathname string) bool {
		page := cutPrefix(pathname, t.App.BasePath)
		if page, found := strings.CutPrefix(page, data); found && l.config != nil {
			// With i18n, data is asked for under a locale.
			_, locale := l.cut(strings.TrimSuffix(page, ".json"))
			return locale == ""
		}
		page, locale := l.cut(page)
		if locale != "" && page == "/500" {
			return false // next start keeps the one name only from its visitors.
		}
		return errorPages[strings.TrimSuffix(page, ".rsc")]
	}
	for _, asset := range t.Assets {
		if asset.Source != "public" && hidden(asset.Pathname) {
			continue
		}
		target := &address{pathname: asset.Pathname, kind: Asset, template: isTemplate(asset.Pathname)}
		a.known[asset.Pathname] = target
		a.known[encodePathname(asset.Pathname)] = target
	}
	for _, output := range t.Outputs {
		if hidden(output.Pathname) || a.known[output.Pathname] != nil {
			continue
		}
		app := output.Type == "APP_PAGE" || output.Type == "APP_ROUTE"
		a.known[output.Pathname] = &address{pathname: output.Pathname, kind: Output, app: app, template: isTemplate(output.Pathname)}
	}
	for _, page := range t.Pages {
		app := strings.HasPrefix(page.Kind, "APP_")
		concrete := !page.Template && isTemplate(page.Route)
		for _, part := range page.Parts {
			if !page.Template {
				a.parts[part.Pathname] = true
			}
			switch {
			case concrete:
				a.concrete[part.Pathname] = true
			case a.known[part.Pathname] == nil && !hidden(part.Pathname):
				a.known[part.Pathname] = &address{pathname: part.Pathname, kind: Output, app: app, template: page.Template}
			}
		}
	}
	return a
}

// isTemplate reports whether a pathname has dynamic segments.
func isTemplate(pathname string) bool { return strings.Contains(pathname, "/[") }

// encodePathname encodes each segment of a pathname (encodeURIPath).
func encodePathname(pathname string) string {
	return escape(pathname, func(c byte) bool {
		return c != '/' && !isWord(c) && strings.IndexByte("-.!~*'()", c) < 0
	})
}

// find looks a request path up as next start's file system check does
// (getItem in next/dist/server/lib/router-utils/filesystem.js): as it stands,
// decoded, and encoded, each without a slash at the end. malformed means that
// a file of that name exists but decoding the path does not lead to it. Where the
// path ends with a slash, and with locales, only what has to be encoded may be:
// proxy.ts would see another name than the page's (next start finds nothing).
func (a *addresses) find(path string, locales bool) (target *address, malformed bool) {
	strict := locales
	if len(path) > 1 && strings.HasSuffix(path, "/") {
		path, strict = path[:len(path)-1], true
	}
	if target := a.known[path]; target != nil && strings.IndexByte(path, '%') < 0 {
		return target, false
	}
	decoded, ok := decodeComponent(path)
	for _, spelling := range []string{path, decoded, encodePathname(path)} {
		target := a.known[spelling]
		if target == nil || strict && spelling != path && !strings.EqualFold(path, encodePathname(target.pathname)) {
			continue
		}
		// Decoded once more, a path that was decoded leads to its file.
		leads := target.kind != Asset || ok && (decoded == target.pathname || spelling == decoded)
		return target, !leads
	}
	return nil, false
}

// partOf returns the prerendered pathname that a path names, or "".
func partOf(parts map[string]bool, path string) string {
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	if parts[path] {
		return path
	}
	if decoded, ok := decodeComponent(path); ok && parts[decoded] {
		return decoded
	}
	return ""
}
