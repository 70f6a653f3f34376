package gateway

import "pack/lambda/router"

// rewrittenMeta tells Next's handler what a rewritten request amounts to, as
// its own server does (addRequestMeta in next/dist/server/base-server.js):
// from the address alone the handler would apply the app's rewrites to it
// once more, and find other parameters where a rule matches what it leads to.
func rewrittenMeta(resolved *router.Result) map[string]any {
	query := make(map[string]any, len(resolved.Query))
	for _, pair := range resolved.Query {
		switch before := query[pair.Key].(type) {
		case nil:
			query[pair.Key] = pair.Value
		case string:
			query[pair.Key] = []string{before, pair.Value}
		case []string:
			query[pair.Key] = append(before, pair.Value)
		}
	}
	meta := map[string]any{"query": query}
	if len(resolved.Params) > 0 {
		params := make(map[string]any, len(resolved.Params))
		for _, p := range resolved.Params {
			if p.CatchAll {
				params[p.Name] = p.Values
			} else {
				params[p.Name] = p.Values[0]
			}
		}
		meta["params"] = params
	}
	return meta
}
