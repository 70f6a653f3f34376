package router

import "strings"

// dataFolder is where the Pages Router's clients ask for a page's JSON.
const dataFolder = "/_next/data/"

// isData reports whether a path asks for data, of this build or another.
func (r *Router) isData(path string) bool {
	rest, below := strings.CutPrefix(path, r.app.BasePath)
	return below && strings.HasPrefix(rest, dataFolder) && strings.HasSuffix(rest, ".json")
}

// pageOfData turns /_next/data/<build>/x.json into /x; false for everything
// else (next/dist/server/normalizers/request/next-data.js).
func (r *Router) pageOfData(path string) (string, bool) {
	page, found := strings.CutPrefix(path, r.app.BasePath+dataFolder+r.build)
	if !found || !strings.HasPrefix(page, "/") {
		return "", false
	}
	if page, found = strings.CutSuffix(page, ".json"); !found {
		return "", false
	}
	switch {
	case page == "/index" || page == "":
		page = "/"
	case strings.HasPrefix(page, "/index/") && !isTemplate(page):
		page = page[len("/index"):]
	}
	return page, true
}

// dataOfPage turns /x into /_next/data/<build>/x.json.
func (r *Router) dataOfPage(path string) string {
	page := cutPrefix(path, r.app.BasePath)
	switch {
	case page == "/" || page == "":
		page = "/index"
	case page == "/index" || strings.HasPrefix(page, "/index/") && !isTemplate(page):
		page = "/index" + page
	default:
		page = strings.TrimSuffix(page, "/")
	}
	return r.app.BasePath + dataFolder + r.build + page + ".json"
}

// addBase puts basePath in front of a path.
func (r *Router) addBase(path string) string {
	switch {
	case r.app.BasePath == "":
		return path
	case path == "/":
		return r.app.BasePath
	}
	return r.app.BasePath + path
}

// slashed adds the slash that trailingSlash asks for.
func (r *Router) slashed(path string) string {
	if r.app.TrailingSlash && !r.app.SkipProxyURLNormalize && !strings.HasSuffix(path, "/") {
		return path + "/"
	}
	return path
}
