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
	name = g.dataPage(name)
	if resolved.Locale != "" {
		name = g.withoutLocale(name, resolved.Locale)
	}
	name = strings.TrimPrefix(name, g.app.BasePath)
	if resolved.Locale != "" {
		name = strings.TrimSuffix("/"+resolved.Locale+name, "/")
	}
	w.Header().Set("X-Nextjs-Matched-Path", name)
}

// nameDeployment tells the Pages Router's client which deployment data are of:
// it leaves for the page's own document where that is another than its own
// (next/dist/server/route-modules/pages/pages-handler.js).
func (g *Gateway) nameDeployment(h http.Header) {
	if id := g.app.DeploymentID; id != "" {
		h.Set("X-Nextjs-Deployment-Id", id)
	}
}

// dataPage is the page whose data a pathname names; any other as it is.
func (g *Gateway) dataPage(pathname string) string {
	page, ok := strings.CutPrefix(pathname, g.app.BasePath+"/_next/data/"+g.deployment.BuildID+"/")
	if !ok {
		return pathname
	}
	return g.app.BasePath + "/" + strings.TrimSuffix(page, ".json")
}

// skipPrefetch tells the Pages Router's client, which asks whether proxy.ts
// redirects and not for a page, which page it would get.
func (g *Gateway) skipPrefetch(w http.ResponseWriter, pathname string, resolved *router.Result) {
	w.Header().Del("X-Nextjs-Matched-Path")
	w.Header().Set("X-Matched-Path", strings.TrimPrefix(g.withoutLocale(g.dataPage(pathname), resolved.Locale), g.app.BasePath))
	w.Header().Set("X-Middleware-Skip", "1")
	w.Header().Set("Cache-Control", noStore)
	_, _ = w.Write([]byte("{}"))
}

// missingData answers a request for the data of a page that does not exist, in
// an app with proxy.ts: its client then looks what the page's own address says
// (next/dist/server/lib/router-server.js, invokeRender).
func missingData(w http.ResponseWriter, r *http.Request, resolved *router.Result) {
	w.Header().Set("X-Nextjs-Matched-Path", resolved.Path)
	w.Header().Set("Content-Type", "application/json")
	notFoundData(w, r, "{}")
}

func notFoundData(w http.ResponseWriter, r *http.Request, text string) {
	w.WriteHeader(http.StatusNotFound)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(text))
	}
}
