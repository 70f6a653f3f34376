package gateway

import (
	"net/http"
	"strings"

	"pack/lambda/router"
	"pack/manifest"
)

// nameDataPage tells the Pages Router's client which page answers its request
// for data, also where the page has none: it compares that with the page that
// it expects (next/dist/server/base-server.js, renderToResponseWithComponents).
func (g *Gateway) nameDataPage(w http.ResponseWriter, resolved *router.Result) {
	var name string
	switch resolved.Kind {
	case router.Output:
		if o := g.outputs[resolved.Pathname]; o != nil && o.Runtime == manifest.EdgeRuntime {
			return // Next's own server does not, for these.
		}
		name = resolved.Pathname
		if ref, ok := g.pages.find(resolved); ok {
			name = ref.page.Route
		}
	case router.Asset:
		name = resolved.Pathname
	default:
		return
	}
	name = strings.TrimPrefix(name, g.app.BasePath)
	if page, ok := strings.CutPrefix(name, "/_next/data/"+g.deployment.BuildID+"/"); ok {
		name = "/" + strings.TrimSuffix(page, ".json")
	}
	if resolved.Locale != "" {
		name = "/" + resolved.Locale + name
	}
	w.Header().Set("X-Nextjs-Matched-Path", name)
}
