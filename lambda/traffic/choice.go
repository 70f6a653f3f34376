package traffic

import (
	"net/http"
	"net/url"
	"strings"

	"pack/manifest"
)

// Find returns the release that an id names: a Release's, that of its
// Deployment, or the App's own, of several releases the newest; nil when none
// is kept.
func Find(t *manifest.Traffic, id string) *manifest.TrafficRelease {
	if t == nil || id == "" {
		return nil
	}
	for _, match := range []func(r *manifest.TrafficRelease) bool{
		func(r *manifest.TrafficRelease) bool { return r.ID == id },
		func(r *manifest.TrafficRelease) bool { return names(r, id) },
	} {
		for i := range t.Releases {
			if match(&t.Releases[i]) {
				return &t.Releases[i]
			}
		}
	}
	return nil
}

// names reports whether an id means a release. A release's own begins with its
// Deployment's (manifest.Release).
func names(r *manifest.TrafficRelease, id string) bool {
	return r.ID == id || r.DeploymentID == id || strings.HasPrefix(r.ID, id+"-")
}

// cookie is what the cookie of a visitor says.
type cookie struct {
	// release is the one that they are pinned to, or the canary that they were
	// taken into or not.
	release string
	canary  bool
	taken   bool
}

// What follows the canary's id in the cookie of who was taken, and who was not.
const (
	markTaken = "~1"
	markLeft  = "~0"
)

func readCookie(r *http.Request) (c cookie, ok bool) {
	if len(r.Header["Cookie"]) == 0 {
		return c, false
	}
	sent, err := r.Cookie(manifest.ReleaseCookie)
	if err != nil || sent.Value == "" {
		return c, false
	}
	if c.release, c.canary = strings.CutSuffix(sent.Value, markTaken); c.canary {
		c.taken = true
		return c, true
	}
	c.release, c.canary = strings.CutSuffix(sent.Value, markLeft)
	return c, true
}

// canaryLife is how long a visitor stays with what was chosen, in seconds.
const canaryLife = 7 * 24 * 60 * 60

// setCookie gives a cookie to w. Pins end with the browser's session.
func setCookie(h http.Header, value string, age int) {
	c := http.Cookie{
		Name: manifest.ReleaseCookie, Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
	}
	h.Add("Set-Cookie", c.String())
}

// navigation reports whether a browser shows what r gets as a page: it may be
// given a cookie, and be sent to another address.
func navigation(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || r.Header.Get("Rsc") != "" {
		return false
	}
	if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" {
		return dest == "document"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// named is the release that a request names by itself, and whether in the query.
func named(r *http.Request) (id string, query, ok bool) {
	if id := r.Header.Get(manifest.ReleaseHeader); id != "" {
		return id, false, true
	}
	if !strings.Contains(r.URL.RawQuery, manifest.ReleaseQuery) {
		return "", false, false
	}
	values, _ := url.ParseQuery(r.URL.RawQuery)
	if !values.Has(manifest.ReleaseQuery) {
		return "", false, false
	}
	return values.Get(manifest.ReleaseQuery), true, true
}

// withoutName is the address of r less what names a release in it.
func withoutName(r *http.Request) string {
	var kept []string
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err != nil || plain != manifest.ReleaseQuery {
			kept = append(kept, pair)
		}
	}
	path := r.URL.EscapedPath()
	if r.URL.RawPath != "" {
		path = r.URL.RawPath
	}
	// Two slashes at its beginning would be read as another host.
	path = "/" + strings.TrimLeft(path, "/\\")
	if len(kept) == 0 {
		return path
	}
	return path + "?" + strings.Join(kept, "&")
}
