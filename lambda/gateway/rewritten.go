package gateway

import (
	"net/url"
	"strings"

	"pack/lambda/router"
)

// rewrittenMeta tells Next's handler what a rewritten request amounts to, as
// its own server does (addRequestMeta in next/dist/server/base-server.js):
// from the address alone the handler would apply the app's rewrites to it
// once more, and find other parameters where a rule matches what it leads to.
func (g *Gateway) rewrittenMeta(resolved *router.Result, route string) map[string]any {
	meta := map[string]any{"query": queryPairs(resolved.Query, nil)}
	if params := allParams(resolved.Params, route, strings.TrimPrefix(resolved.Path, g.app.BasePath)); len(params) > 0 {
		meta["params"] = queryPairs(nil, params)
	}
	return meta
}

// allParams are the parameters of a route for a path. Those found may be fewer:
// a page that the build made for an address has none, and a shell that it made
// for some of a route's parameters (/shop/rugs/[item]) only the rest.
func allParams(found []router.Param, route, path string) []router.Param {
	named := make(map[string]router.Param, len(found))
	for _, p := range found {
		named[p.Name] = p
	}
	segments := strings.Split(strings.TrimSuffix(path, "/"), "/")
	var params []router.Param
	for i, segment := range strings.Split(route, "/") {
		name, catchAll, dynamic := parameter(segment)
		if !dynamic {
			continue
		}
		p, known := named[name]
		switch {
		case known:
		case i >= len(segments):
			continue // An optional catch-all without any.
		case catchAll:
			p = router.Param{Name: name, Raw: strings.Join(segments[i:], "/"), CatchAll: true, Values: decoded(segments[i:])}
		default:
			p = router.Param{Name: name, Raw: segments[i], Values: decoded(segments[i : i+1])}
		}
		params = append(params, p)
	}
	return params
}

// parameter takes the name out of a dynamic segment of a route, which may
// intercept another: (.)[id].
func parameter(segment string) (name string, catchAll, dynamic bool) {
	_, name, dynamic = strings.Cut(segment, "[")
	if !dynamic {
		return "", false, false
	}
	name = strings.Trim(name, "[]")
	name, catchAll = strings.CutPrefix(name, "...")
	return name, catchAll, true
}

func decoded(segments []string) []string {
	values := make([]string, len(segments))
	for i, segment := range segments {
		values[i] = segment
		if value, err := url.PathUnescape(segment); err == nil {
			values[i] = value
		}
	}
	return values
}
