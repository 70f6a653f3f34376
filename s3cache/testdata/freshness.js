'use strict'
// Plays cases against Next.js's own IncrementalCache and FileSystemCache (its memory),
// under a clock of its own, and writes each case's state.
const path = require('node:path')
const next = (file) => require(path.resolve('node_modules/next/dist', file))
next('build/adapter/setup-node-env.external.js')
const { IncrementalCache } = next('server/lib/incremental-cache/index.js')
const FileSystemCache = next('server/lib/incremental-cache/file-system-cache.js').default
const { tagsManifest } = next('server/lib/incremental-cache/tags-manifest.external.js')

let now = 0
Date.now = () => now
Object.defineProperty(globalThis, 'performance', { value: { timeOrigin: 0, now: () => now } })

const cache = new IncrementalCache({
  fs: { existsSync: () => false, readFile: async () => { throw new Error('no file') } },
  dev: false,
  flushToDisk: false,
  minimalMode: false,
  serverDistDir: '/nowhere',
  requestHeaders: {},
  maxMemoryCacheSize: 50 * 1024 * 1024,
  previewProps: { previewModeId: 'preview' },
  prerenderManifest: { routes: {}, dynamicRoutes: {}, notFoundRoutes: [] },
  CurCacheHandler: FileSystemCache,
})

/** @returns {Promise<string>} the state of the case's entry at the case's now */
async function play(test, index) {
  tagsManifest.clear()
  const key = `/case-${index}`
  const route = { kind: test.kind, sourceRoute: key }
  const operations = test.operations.map((operation) => [operation.at, async () => {
    const durations = operation.soft ? { expire: operation.expire ?? undefined } : undefined
    await cache.revalidateTag(operation.tags, durations)
  }])
  operations.push([test.created, async () => {
    if (test.kind === 'FETCH') {
      const value = { kind: 'FETCH', data: { headers: {}, body: '', url: '', status: 200 }, revalidate: test.revalidate ?? Infinity }
      await cache.set(key, value, { fetchCache: true, tags: test.tags })
      return
    }
    const headers = test.tags.length ? { 'x-next-cache-tags': test.tags.join(',') } : {}
    const value = test.kind === 'APP_PAGE'
      ? { kind: 'APP_PAGE', html: 'html', rscData: Buffer.from('rsc'), headers, status: 200 }
      : { kind: 'APP_ROUTE', body: Buffer.from('body'), headers, status: 200 }
    await cache.set(key, value, {
      route, cacheControl: { revalidate: test.revalidate ?? false, expire: test.expire ?? undefined },
    })
  }])
  for (const [at, run] of operations.sort((a, b) => a[0] - b[0])) {
    now = at
    await run()
  }
  now = test.now
  const context = test.kind === 'FETCH'
    ? { kind: 'FETCH', tags: test.tags, softTags: test.softTags }
    : { kind: test.kind, route, isFallback: false }
  const entry = await cache.get(key, context)
  // A null answer means: render; Next.js forgets the entry, which is there all the same.
  if (!entry || !entry.value || entry.isStale === -1) return 'expired'
  return entry.isStale ? 'stale' : 'fresh'
}

async function main() {
  const cases = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
  const states = []
  for (const [index, test] of cases.entries()) states.push(await play(test, index))
  process.stdout.write(JSON.stringify(states))
}
main()
