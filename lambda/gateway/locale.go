package gateway

import (
	"bytes"
	"context"
	"encoding/json"
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
// of a request, as next/dist/server/base-server.js does: the viewer's own address without the
// locale, which comes beside it, and what rewrites and routes made of it as
// query and params. Pages of the store are rendered for all viewers, whose
// addresses they do not see.
func (g *Gateway) addressFor(t *target, r *http.Request, resolved *router.Result, stored, api bool) {
	t.meta = make(map[string]any)
	if resolved.Locale != "" {
		t.meta["locale"], t.meta["defaultLocale"] = resolved.Locale, resolved.DefaultLocale
	}
	path, query := resolved.Path, resolved.RawQuery
	if !stored && !resolved.Data && (resolved.Rewritten || !api) {
		if resolved.Rewritten {
			path, query, _ = strings.Cut(r.RequestURI, "?")
		}
		t.meta["query"] = queryObject(resolved.Query, resolved.Params)
		if len(resolved.Params) > 0 {
			t.meta["params"] = queryObject(nil, resolved.Params)
		}
	}
	t.address = g.withoutLocale(path, resolved.Locale)
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

// queryObject is a query as Node's querystring module gives it, with the
// parameters of a route over it: names in their order, those that come
// repeatedly with a list.
func queryObject(query router.Query, params []router.Param) json.RawMessage {
	values := make(map[string]any)
	var names []string
	set := func(name string, value any) {
		if _, named := values[name]; !named {
			names = append(names, name)
		}
		values[name] = value
	}
	for _, pair := range query {
		switch before := values[pair.Key].(type) {
		case nil:
			set(pair.Key, pair.Value)
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
	return object(names, func(name string) any { return values[name] })
}

// object encodes a JSON object whose names keep their order.
func object(names []string, value func(name string) any) json.RawMessage {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, part := range []any{name, value(name)} {
			if j > 0 {
				b.WriteByte(':')
			}
			encoded, err := json.Marshal(part)
			if err != nil {
				encoded = []byte("null") // Strings and lists of them always encode.
			}
			b.Write(encoded)
		}
	}
	b.WriteByte('}')
	return b.Bytes()
}
