package function

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"pack/manifest"
)

// edgeURL is the address that a route of the edge runtime is given: the one
// that the viewer asked for, with the query that rewrites left and the route's
// parameters added to it, since such a route has no other place to read them
// from (runEdgeFunction in next/dist/server/next-server.js).
func edgeURL(app *manifest.App, entry *manifest.Entry, r *http.Request, initURL string) string {
	u, err := url.Parse(initURL)
	if err != nil || u.Host == "" {
		u = &url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	}
	q := parsePairs(u.RawQuery)
	q.merge(parsePairs(r.URL.RawQuery))
	q.merge(parameters(entry.Pathname, routePath(app, r.URL)))
	u.RawQuery, u.ForceQuery = q.encode(), false
	return u.String()
}

// routePath is the encoded path of u below basePath, without a locale, and of
// a payload or data address that of its page.
func routePath(app *manifest.App, u *url.URL) string {
	path := strings.TrimPrefix(u.EscapedPath(), app.BasePath)
	if rest, ok := strings.CutPrefix(path, "/_next/data/"); ok {
		_, name, _ := strings.Cut(rest, "/")
		path = "/" + strings.TrimSuffix(name, ".json")
	}
	path = strings.TrimSuffix(path, ".rsc")
	if app.I18n != nil {
		first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		if slices.Contains(app.I18n.Locales, first) {
			path = "/" + rest
		}
	}
	return path
}

// pair is one query parameter, decoded.
type pair struct{ key, value string }

// pairs is a query in its order.
type pairs []pair

func parsePairs(raw string) pairs {
	var q pairs
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		q = append(q, pair{unescape(key), unescape(value)})
	}
	return q
}

// unescape decodes what can be decoded, as URLSearchParams does.
func unescape(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// merge has the keys of other replace those of q, in the place where q has
// them: what JavaScript's object spread does.
func (q *pairs) merge(other pairs) {
	given := map[string]pairs{}
	for _, p := range other {
		given[p.key] = append(given[p.key], p)
	}
	var merged pairs
	put := map[string]bool{}
	for _, p := range append(slices.Clone(*q), other...) {
		values, replaced := given[p.key]
		switch {
		case !replaced:
			merged = append(merged, p)
		case !put[p.key]:
			merged, put[p.key] = append(merged, values...), true
		}
	}
	*q = merged
}

func (q pairs) encode() string {
	parts := make([]string, len(q))
	for i, p := range q {
		parts[i] = url.QueryEscape(p.key) + "=" + url.QueryEscape(p.value)
	}
	return strings.Join(parts, "&")
}

// parameters reads those of a route such as /blog/[slug] or /docs/[...path]
// from a path that fits it.
func parameters(route, path string) pairs {
	var found pairs
	have := segments(path)
	for _, want := range segments(route) {
		name, dynamic := strings.CutPrefix(want, "[")
		if !dynamic {
			have = have[min(1, len(have)):]
			continue
		}
		name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
		name = strings.TrimSuffix(name, "]")
		if rest, all := strings.CutPrefix(name, "..."); all {
			for _, segment := range have {
				found = append(found, pair{rest, pathUnescape(segment)})
			}
			return found
		}
		if len(have) == 0 {
			return found
		}
		found, have = append(found, pair{name, pathUnescape(have[0])}), have[1:]
	}
	return found
}

func pathUnescape(segment string) string {
	if plain, err := url.PathUnescape(segment); err == nil {
		return plain
	}
	return segment
}
