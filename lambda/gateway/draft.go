package gateway

import "net/http"

// The cookies of draft mode and of the Pages Router's preview mode
// (next/dist/server/api-utils/index.js).
const (
	bypassCookie  = "__prerender_bypass"
	previewCookie = "__next_preview_data"
)

// drafts reports whether r comes from an editor in draft mode.
func (g *Gateway) drafts(r *http.Request) bool {
	cookie, err := r.Cookie(bypassCookie)
	return err == nil && g.app.BypassToken != "" && cookie.Value == g.app.BypassToken
}

// clearPreview takes the cookies of an earlier build's preview mode, or forged
// ones, out of the browser, as the Pages Router does for pages with data
// (next/dist/server/api-utils/node/try-get-preview-data.js). No shared cache may
// keep such an answer: it would log out every editor.
func (g *Gateway) clearPreview(w http.ResponseWriter, r *http.Request) {
	for _, name := range []string{bypassCookie, previewCookie} {
		if _, err := r.Cookie(name); err == nil {
			for _, name := range []string{bypassCookie, previewCookie} {
				w.Header().Add("Set-Cookie", name+"=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=None")
			}
			w.Header().Set("Cache-Control", noStore)
			return
		}
	}
}
