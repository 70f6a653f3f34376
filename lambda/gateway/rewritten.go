package gateway

import "pack/lambda/router"

// rewrittenMeta tells Next's handler what a rewritten request amounts to, as
// its own server does (addRequestMeta in next/dist/server/base-server.js):
// from the address alone the handler would apply the app's rewrites to it
// once more, and find other parameters where a rule matches what it leads to.
func rewrittenMeta(resolved *router.Result) map[string]any {
	meta := map[string]any{"query": queryPairs(resolved.Query, nil)}
	if len(resolved.Params) > 0 {
		meta["params"] = queryPairs(nil, resolved.Params)
	}
	return meta
}
