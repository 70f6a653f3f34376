package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dlclark/regexp2/v2"

	"pack/manifest"
)

// caching is what the CDN may keep of an app: nothing that proxy.ts has a say
// in, since it is behind the CDN.
type caching struct {
	// pages: pages may be kept where no pattern of proxied says otherwise.
	pages, static, images bool
	// proxied are path patterns of what proxy.ts may see.
	proxied []string
	// headers and cookies are those that answers differ by.
	headers, cookies []string
	warnings         []string
}

// pageHeaders are what App Router answers vary by
// (node_modules/next/dist/docs/01-app/02-guides/cdn-caching.md), and the one
// that names a release.
var pageHeaders = []string{
	"rsc", "next-router-state-tree", "next-router-prefetch", "next-router-segment-prefetch", "next-url", manifest.ReleaseHeader,
}

// pageCookies are Next's own, with which drafts are seen, and the one that names
// a release.
var pageCookies = []string{"__prerender_bypass", "__next_preview_data", manifest.ReleaseCookie}

// constantHeaders are the same for all viewers: those that Next keeps for its host, which
// the gateway drops from outside, and the scheme, since CloudFront redirects to HTTPS.
var constantHeaders = []string{"x-prerender-revalidate", "x-nextjs-data", "next-action", "x-forwarded-proto"}

// unkeyedHeaders are, with those that begin with Proxy- and X-Edge-, what CloudFront
// refuses in a cache policy. Cookies are in the key by their names, and the encodings by
// settings of their own.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#request-custom-headers-behavior
var unkeyedHeaders = []string{
	"accept-encoding", "cache-control", "connection", "content-length", "cookie", "max-forwards", "pragma", "request-range",
	"te", "trailer", "transfer-encoding", "upgrade", "x-amz-cf-id", "x-real-ip",
}

// keyHeader is the header of the cache key that stands for one that a rule looks at. Host
// in the key would reach the function URL, which answers to no name but its own.
func keyHeader(name string) string {
	if name = strings.ToLower(name); name == "host" {
		return forwardedHost
	}
	return name
}

// forwardedHost has the viewer's host (viewerCode).
const forwardedHost = "x-forwarded-host"

// maxPattern is how long a path pattern may be.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html#DownloadDistValuesPathPattern
const maxPattern = 255

// CloudFront's quotas for a cache policy.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
const (
	maxKeyHeaders = 10
	maxKeyCookies = 10
)

// cachingOf finds what the CDN may keep.
func cachingOf(d *manifest.Deployment) (caching, error) {
	c := caching{pages: true, static: true, images: true, headers: slices.Clone(pageHeaders), cookies: slices.Clone(pageCookies)}
	c.addConditions(d)
	if len(d.Routing.MiddlewareMatchers) == 0 {
		return c, nil
	}
	base := d.App.BasePath
	var err error
	if c.static, err = unmatched(d, staticProbes(d)); err != nil {
		return c, err
	}
	if c.images, err = unmatched(d, []string{imagePath(d)}); err != nil {
		return c, err
	}
	if !c.static {
		c.warnings = append(c.warnings, "proxy.ts matches files of "+base+staticPath+": none of them can be cached by the CDN; give its matcher an exception for _next/static")
	}
	for _, m := range d.Routing.MiddlewareMatchers {
		patterns, ok := cover(m, d)
		if !ok {
			c.pages = false
			c.warnings = append(c.warnings, fmt.Sprintf("proxy.ts matches %q, which is more than CloudFront's path patterns can tell apart: no page is cached by the CDN", m.Source))
			break
		}
		c.proxied = append(c.proxied, patterns...)
	}
	slices.Sort(c.proxied)
	c.proxied = slices.Compact(c.proxied)
	if c.pages && len(c.proxied) > 0 {
		// Data of the Pages Router is matched as the page is.
		c.proxied = append(c.proxied, base+"/_next/data/*")
	}
	const others = 4 // the default behaviour, pack's own, files and images
	if c.pages && len(c.proxied) > maxBehaviors-others {
		c.pages = false
		c.warnings = append(c.warnings, fmt.Sprintf("proxy.ts has %d matchers, more than CloudFront's behaviours: no page is cached by the CDN", len(c.proxied)))
	}
	if !c.pages {
		c.proxied = nil
	}
	return c, nil
}

// cover gives CloudFront patterns that match whatever a matcher does, and maybe
// more: what is fixed at its beginning, and anything after it. It fails for a
// matcher that nothing fixed begins.
func cover(m manifest.Route, d *manifest.Deployment) (patterns []string, ok bool) {
	fixed := m.Source
	if end := strings.IndexAny(fixed, ":({*+?\\"); end >= 0 {
		fixed = fixed[:end]
		if end < len(m.Source) && strings.ContainsRune("*+?", rune(m.Source[end])) && fixed != "" {
			fixed = fixed[:len(fixed)-1] // what the sign says of the character before it
		}
	}
	// "/a/:path*" matches "/a" as well.
	fixed = strings.TrimRight(fixed, "/")
	base := d.App.BasePath
	if base != "" && !strings.HasPrefix(fixed+"/", base+"/") {
		fixed = base + fixed
	}
	if strings.TrimPrefix(fixed, base) == "" || !plainPath(fixed) {
		return nil, false
	}
	patterns = []string{begins(fixed)}
	if d.App.I18n != nil {
		rest := strings.TrimPrefix(fixed, base)
		for _, locale := range d.App.I18n.Locales {
			patterns = append(patterns, begins(base+"/"+locale+rest))
		}
	}
	return patterns, true
}

// begins is a pattern of all that begins with a path, or, where that is too long for a
// pattern, with as much of it as one holds.
func begins(path string) string { return path[:min(len(path), maxPattern-1)] + "*" }

// plainPath reports whether a path is written in one way only, so that the CDN
// and the router see the same: no escapes, nothing that CloudFront's patterns
// do not take.
func plainPath(path string) bool {
	for i := range len(path) {
		c := path[i]
		if c != '/' && c != '-' && c != '_' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// staticProbes are the static files, and names that others may have.
func staticProbes(d *manifest.Deployment) []string {
	probes := []string{d.App.BasePath + staticPath + "chunks/0a1b2c.js", d.App.BasePath + staticPath + "media/a.0b1c.woff2"}
	for _, a := range d.Assets {
		if strings.HasPrefix(a.Pathname, d.App.BasePath+staticPath) {
			probes = append(probes, a.Pathname)
		}
	}
	return probes
}

// unmatched reports whether no matcher matches any of the paths, whatever its
// conditions.
func unmatched(d *manifest.Deployment, paths []string) (bool, error) {
	for _, m := range d.Routing.MiddlewareMatchers {
		pattern, err := regexp2.Compile(m.SourceRegex, regexp2.ECMAScript)
		if err != nil {
			return false, fmt.Errorf("matcher %q of proxy.ts: %w", m.Source, err)
		}
		for _, path := range paths {
			if matched, err := pattern.MatchString(path); err != nil || matched {
				return false, err
			}
		}
	}
	return true, nil
}

// addConditions adds the headers and cookies that redirects, rewrites and
// headers of next.config depend on, and those that choose a language: two
// viewers who differ in them are answered differently.
func (c *caching) addConditions(d *manifest.Deployment) {
	routing := d.Routing
	var headers, cookies []string
	for _, phase := range [][]manifest.Route{
		routing.BeforeMiddleware, routing.BeforeFiles, routing.AfterFiles, routing.DynamicRoutes, routing.OnMatch, routing.Fallback,
	} {
		for _, rule := range phase {
			for _, condition := range slices.Concat(rule.Has, rule.Missing) {
				switch condition.Type {
				case "header":
					headers = append(headers, keyHeader(condition.Key))
				case "cookie":
					cookies = append(cookies, condition.Key)
				case "host":
					headers = append(headers, forwardedHost)
				}
			}
		}
	}
	if i18n := d.App.I18n; i18n != nil {
		headers = append(headers, "accept-language")
		cookies = append(cookies, "NEXT_LOCALE")
		if len(i18n.Domains) > 0 {
			headers = append(headers, forwardedHost)
		}
	}
	slices.Sort(headers)
	slices.Sort(cookies)
	for _, header := range slices.Compact(headers) {
		switch {
		case slices.Contains(c.headers, header), slices.Contains(constantHeaders, header):
		case slices.Contains(unkeyedHeaders, header), strings.HasPrefix(header, "proxy-"), strings.HasPrefix(header, "x-edge-"):
			c.pages = false
			c.warnings = append(c.warnings, fmt.Sprintf("answers depend on the header %s, which CloudFront takes into no cache key: no page is cached by the CDN", header))
		default:
			c.headers = append(c.headers, header)
		}
	}
	for _, cookie := range slices.Compact(cookies) {
		if !slices.Contains(c.cookies, cookie) {
			c.cookies = append(c.cookies, cookie)
		}
	}
	if len(c.headers) > maxKeyHeaders || len(c.cookies) > maxKeyCookies {
		c.pages = false
		c.warnings = append(c.warnings, fmt.Sprintf("answers depend on %d headers and %d cookies, more than a cache key of CloudFront holds: no page is cached by the CDN", len(c.headers), len(c.cookies)))
	}
}
