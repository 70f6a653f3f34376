package node

import "embed"

// Scripts are the JavaScript half, for the runtime layer: server.cjs and what
// it requires, all in one folder.
//
//go:embed server.cjs channel.cjs compiled.cjs edge.cjs instrumentation.cjs intrinsics.cjs resume.cjs revalidations.cjs web.cjs webclasses.cjs work.cjs
var Scripts embed.FS

// CacheHandler is Next's cacheHandler. The adapter puts it into the app's
// build, which carries it into every function.
//
//go:embed cache-handler.cjs
var CacheHandler []byte

// UseCache is the handler of `use cache` and `use cache: remote`. It travels
// as CacheHandler does.
//
//go:embed use-cache.cjs
var UseCache []byte
