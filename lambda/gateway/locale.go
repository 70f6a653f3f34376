package gateway

import (
	"context"
	"net/http"
	"strings"

	"pack/lambda/router"
)

type localeKey struct{}

// withLocale keeps the locale that a request was resolved to for its error
// pages.
func withLocale(r *http.Request, locale string) *http.Request {
	if locale == "" {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), localeKey{}, locale))
}

// localeOf is the locale that a request was resolved to, "" for apps without.
func localeOf(r *http.Request) string {
	locale, _ := r.Context().Value(localeKey{}).(string)
	return locale
}

// errorPathname is the address of the error page name, such as /404, in the
// request's language.
func (g *Gateway) errorPathname(r *http.Request, name string) string {
	if g.app.I18n == nil {
		return g.app.BasePath + name
	}
	locale := localeOf(r)
	if locale == "" {
		locale = g.app.I18n.DefaultLocale
	}
	return g.app.BasePath + "/" + locale + name
}

// addressFor says what code of the Pages Router and of route handlers is to see
// of a request, as next/dist/server/base-server.js does: its address, or the viewer's
// own where rewrites led to it, and what they and the route made of it as query and
// params. Pages of the store are
// rendered for all viewers, whose addresses they do not see.
func (g *Gateway) addressFor(t *target, r *http.Request, resolved *router.Result, stored, api bool) {
	t.meta = make(map[string]any)
	if resolved.Locale != "" {
		t.meta["locale"], t.meta["defaultLocale"] = resolved.Locale, resolved.DefaultLocale
	}
	path, query := resolved.Path, resolved.RawQuery
	if written := r.URL.Path != g.withoutLocale(r.URL.Path, resolved.Locale); !written && !resolved.Data {
		// Only a locale that the viewer wrote makes Next look for its domain.
		path = g.withoutLocale(path, resolved.Locale)
	}
	if !stored && !resolved.Data && (resolved.Rewritten || !api) {
		if resolved.Rewritten {
			path, query, _ = strings.Cut(r.RequestURI, "?")
		}
		t.meta["query"] = queryPairs(resolved.Query, resolved.Params)
		if len(resolved.Params) > 0 {
			t.meta["params"] = queryPairs(nil, resolved.Params)
		}
	}
	t.address = path
	if query != "" {
		t.address += "?" + query
	}
}

// withoutLocale takes the locale out of a path.
func (g *Gateway) withoutLocale(path, locale string) string {
	rest, ok := strings.CutPrefix(path, g.app.BasePath)
	if !ok || locale == "" || len(rest) <= len(locale) || !strings.EqualFold(rest[1:len(locale)+1], locale) {
		return path
	}
	switch rest = rest[len(locale)+1:]; {
	case rest == "":
		return g.app.BasePath + "/"
	case rest[0] == '/':
		return g.app.BasePath + rest
	}
	return path
}

// queryPairs is a query as Node's querystring module gives it, with the
// parameters of a route over it: pairs of names in their order and values, lists
// for names that come repeatedly.
func queryPairs(query router.Query, params []router.Param) [][2]any {
	pairs := [][2]any{}
	at := make(map[string]int)
	set := func(name string, value any) {
		if i, named := at[name]; named {
			pairs[i][1] = value
			return
		}
		at[name] = len(pairs)
		pairs = append(pairs, [2]any{name, value})
	}
	for _, pair := range query {
		if pair.Key == rscQuery {
			continue // For caches, not for the app.
		}
		i, named := at[pair.Key]
		if !named {
			set(pair.Key, pair.Value)
			continue
		}
		switch before := pairs[i][1].(type) {
		case string:
			set(pair.Key, []string{before, pair.Value})
		case []string:
			set(pair.Key, append(before, pair.Value))
		}
	}
	for _, p := range params {
		if p.CatchAll {
			set(p.Name, p.Values)
		} else {
			set(p.Name, p.Values[0])
		}
	}
	return pairs
}
