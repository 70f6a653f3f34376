'use strict'

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { beforeEach, afterEach, test } = require('node:test')

const file = path.join(__dirname, 'adapter.cjs')
const build = { phase: 'phase-production-build' }

/** @type {any} */
let adapter
/** @type {string} */
let dir

beforeEach(() => {
  delete require.cache[file]
  adapter = require(file)
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'adapter-'))
  process.env.PACK_BUILD_JSON = path.join(dir, 'build.json')
})

afterEach(() => {
  delete process.env.PACK_BUILD_JSON
  fs.rmSync(dir, { recursive: true })
})

/** @param {Record<string, any>} [changes] */
function context(changes) {
  const page = {
    type: 'APP_PAGE', id: '/x', filePath: '/repo/.next/server/app/x/page.js', pathname: '/x',
    sourcePage: '/x/page', runtime: 'nodejs', config: { maxDuration: 30 },
    assets: { 'a.js': '/repo/a.js' },
    assetsHashes: { 'a.js': '1', '.next/server/app/x/page.js': '2' },
  }
  return {
    routing: { dynamicRoutes: [] },
    outputs: {
      pages: [], pagesApi: [], appRoutes: [], prerenders: [], staticFiles: [],
      appPages: [page, { ...page, id: '/x.rsc', pathname: '/x.rsc' }],
    },
    projectDir: '/repo', repoRoot: '/repo', distDir: '/repo/.next',
    config: { basePath: '', images: {}, webpack: () => {}, experimental: { caseSensitiveRoutes: true } },
    nextVersion: '16.4.6', buildId: 'id', ...changes,
  }
}

const written = () => JSON.parse(fs.readFileSync(process.env.PACK_BUILD_JSON ?? '', 'utf8'))

test('the cache handler lies in the adapter folder, inside the project', () => {
  const config = adapter.modifyConfig({ reactStrictMode: true }, build)
  assert.equal(config.cacheHandler, path.join(__dirname, 'cache-handler.cjs'))
  assert.equal(config.cacheMaxMemorySize, 0)
  assert.equal(config.supportsImmutableAssets, true)
  assert.equal(config.reactStrictMode, true)
})

test('use cache has our handler where it can be used, and the app\'s own before it', () => {
  const ours = path.join(__dirname, 'use-cache.cjs')
  assert.equal(adapter.modifyConfig({}, build).cacheHandlers, undefined)
  assert.deepEqual(adapter.modifyConfig({ cacheComponents: true }, build).cacheHandlers, { default: ours, remote: ours })
  const unset = { default: undefined, remote: undefined }
  assert.deepEqual(adapter.modifyConfig({ cacheComponents: true, cacheHandlers: unset }, build).cacheHandlers, { default: ours, remote: ours })
  assert.deepEqual(
    adapter.modifyConfig({ experimental: { useCache: true }, cacheHandlers: { remote: '/repo/r.js', more: '/repo/m.js' } }, build).cacheHandlers,
    { default: ours, remote: '/repo/r.js', more: '/repo/m.js' }
  )
})

test('an app that opted out of immutable assets stays out', () => {
  assert.equal(adapter.modifyConfig({ supportsImmutableAssets: false }, build).supportsImmutableAssets, false)
})

test('the deployment is named, unless the app names it', (t) => {
  process.env.PACK_DEPLOYMENT_ID = 'ours'
  t.after(() => delete process.env.PACK_DEPLOYMENT_ID)
  assert.equal(adapter.modifyConfig({}, build).deploymentId, 'ours')
  assert.equal(adapter.modifyConfig({ deploymentId: 'theirs' }, build).deploymentId, 'theirs')
})

test('other phases see the config unchanged', () => {
  assert.deepEqual(adapter.modifyConfig({ output: 'standalone' }, { phase: 'phase-development-server' }), { output: 'standalone' })
})

/** @param {import('node:test').TestContext} t @param {Record<string, string>} variables */
function environment(t, variables) {
  for (const name in variables) {
    process.env[name] = variables[name]
    t.after(() => delete process.env[name])
  }
}

test('a deployment is named by what browsers run and call, once that is compiled', async (t) => {
  environment(t, { TURBOPACK: '1', PACK_SOURCES: 'sources', NEXT_DEPLOYMENT_ID: '' })
  /** @param {Record<string, string>} files */
  const named = async (files) => {
    const distDir = fs.mkdtempSync(path.join(dir, 'dist-'))
    for (const name in files) {
      fs.mkdirSync(path.dirname(path.join(distDir, name)), { recursive: true })
      fs.writeFileSync(path.join(distDir, name), files[name])
    }
    let called = 0
    const config = adapter.modifyConfig({ compiler: { runAfterProductionCompile: () => called++ } }, build)
    assert.equal(config.experimental.runtimeServerDeploymentId, true)
    await config.compiler.runAfterProductionCompile({ distDir, projectDir: dir })
    assert.equal(called, 1)
    assert.equal(config.deploymentId, process.env.NEXT_DEPLOYMENT_ID)
    assert.match(config.deploymentId, /^[0-9a-f]{16}$/)
    return config.deploymentId
  }
  const app = { 'static/chunks/a.js': 'a', 'server/server-reference-manifest.json': '{}', 'server/app/page.js': '1' }
  const first = await named(app)
  assert.equal(await named({ ...app, 'server/app/page.js': '2', 'static/chunks/a.js.map': '/home/b' }), first)
  assert.notEqual(await named({ ...app, 'static/chunks/a.js': 'b' }), first)
  assert.notEqual(await named({ ...app, 'server/server-reference-manifest.json': '{"node":{}}' }), first)
})

test('where the compiler writes the name into code, the sources give it', (t) => {
  environment(t, { PACK_SOURCES: 'sources' })
  assert.equal(adapter.modifyConfig({}, build).deploymentId, 'sources')
  environment(t, { TURBOPACK: '1' })
  assert.equal(adapter.modifyConfig({ supportsImmutableAssets: false }, build).deploymentId, 'sources')
  assert.equal(adapter.modifyConfig({ experimental: { runtimeServerDeploymentId: false } }, build).deploymentId, 'sources')
  assert.equal(adapter.modifyConfig({ deploymentId: 'theirs' }, build).experimental.runtimeServerDeploymentId, true)
})

test('the keys of draft mode are the app\'s, and rules name the deployment', async (t) => {
  environment(t, { TURBOPACK: '1', PACK_PREVIEW_KEYS: '{"previewModeId":"kept"}' })
  const distDir = path.join(dir, '.next')
  const files = { 'prerender-manifest.json': '{"routes":{"/":{"htmlSize":7}},"preview":{"previewModeId":"made"}}', 'server/preview-props.json': '{"previewModeId":"made"}' }
  fs.mkdirSync(path.join(distDir, 'server'), { recursive: true })
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(distDir, name), text)
  const given = context({ distDir, routing: { onMatch: [{ headers: { 'x-nextjs-deployment-id': 'pack-unnamed' } }] } })
  given.config.deploymentId = 'named'
  given.outputs.prerenders = [{ config: { bypassToken: 'made' } }]
  const manifest = path.join(distDir, 'prerender-manifest.json')
  given.outputs.appPages[0].assets = { 'p.json': manifest }
  given.outputs.appPages[0].assetsHashes['p.json'] = 'of another'
  await adapter.onBuildComplete(given)
  assert.deepEqual(JSON.parse(fs.readFileSync(manifest, 'utf8')), { routes: { '/': {} }, preview: { previewModeId: 'kept' } })
  assert.deepEqual(JSON.parse(fs.readFileSync(path.join(distDir, 'server', 'preview-props.json'), 'utf8')), { previewModeId: 'kept' })
  const document = written()
  assert.equal(document.outputs.prerenders[0].config.bypassToken, 'kept')
  assert.equal(document.routing.onMatch[0].headers['x-nextjs-deployment-id'], 'named')
  assert.deepEqual(document.files[0], { name: 'p.json', source: manifest })
})

test('where the app was built is in no archive', async (t) => {
  environment(t, {})
  const distDir = path.join(dir, '.next')
  const file = path.join(distDir, 'required-server-files.json')
  fs.mkdirSync(distDir, { recursive: true })
  fs.writeFileSync(file, JSON.stringify({ version: 1, config: { basePath: '/a' }, appDir: '/home/ada/shop', files: ['.next/x.json'] }))
  const given = context({ distDir })
  given.outputs.appPages[0].assets = { '.next/required-server-files.json': file }
  given.outputs.appPages[0].assetsHashes['.next/required-server-files.json'] = 'of another'
  await adapter.onBuildComplete(given)
  assert.deepEqual(JSON.parse(fs.readFileSync(file, 'utf8')), { version: 1, config: { basePath: '/a' }, appDir: '.', files: ['.next/x.json'] })
  assert.deepEqual(written().files[0], { name: '.next/required-server-files.json', source: file })
})

test('a build that was not named fails', async () => {
  const given = context()
  given.config.deploymentId = 'pack-unnamed'
  await assert.rejects(() => adapter.onBuildComplete(given), /deployment id/)
})

test('an exported site has no cache', () => {
  assert.deepEqual(adapter.modifyConfig({ output: 'export' }, build), { output: 'export' })
})

test('what is overruled is recorded', async () => {
  const config = adapter.modifyConfig({ output: 'standalone', cacheHandler: '/repo/mine.js' }, build)
  assert.equal(config.output, undefined)
  await adapter.onBuildComplete(context())
  assert.deepEqual(written().replaced, ['output', 'cacheHandler'])
})

test('a config that is modified twice is not its own rival', async () => {
  adapter.modifyConfig(adapter.modifyConfig({}, build), build)
  await adapter.onBuildComplete(context())
  assert.deepEqual(written().replaced, [])
})

test('each file is written once and the entry is among them', async () => {
  await adapter.onBuildComplete(context())
  const document = written()
  assert.deepEqual(document.files, [
    { name: 'a.js', source: '/repo/a.js', hash: '1' },
    { name: '.next/server/app/x/page.js', source: '/repo/.next/server/app/x/page.js', hash: '2' },
  ])
  assert.deepEqual(document.outputs.appPages.map((/** @type {any} */ o) => o.files), [[0, 1], [0, 1]])
  assert.deepEqual(document.outputs.appPages[0].config, { maxDuration: 30 })
  assert.equal(document.config.caseSensitiveRoutes, true)
  assert.deepEqual(fs.readdirSync(dir), ['build.json'])
})

test('an edge output names its scripts in order, its assets and its modules', async () => {
  const edge = {
    type: 'APP_ROUTE', id: 'app/e/route', filePath: '/repo/.next/server/edge/e.js', pathname: '/e', sourcePage: '/e/route',
    runtime: 'edge', config: { env: { KEY: 'secret' } }, wasmAssets: { wasm_1: '/repo/.next/server/edge/a.wasm' },
    assets: { 'server/z.js': '/repo/.next/server/z.js', 'server/edge/e.js': '/repo/.next/server/edge/e.js', 'font.ttf': '/repo/.next/server/edge/font.1.ttf' },
    assetsHashes: {},
    edgeRuntime: { modulePath: '/repo/.next/server/edge/e.js', entryKey: 'middleware_app/e/route', handlerExport: 'handler' },
  }
  const given = context()
  given.outputs.appPages = []
  given.outputs.appRoutes = [edge]
  await adapter.onBuildComplete(given)
  const document = written()
  assert.deepEqual(document.outputs.appRoutes[0].edge, {
    scripts: ['.next/server/z.js', '.next/server/edge/e.js'], entryKey: 'middleware_app/e/route', handlerExport: 'handler',
    assets: { 'font.ttf': '.next/server/edge/font.1.ttf' }, wasm: { wasm_1: '.next/server/edge/a.wasm' }, env: { KEY: 'secret' },
  })
  assert.deepEqual(document.files.map((/** @type {any} */ f) => f.name), [
    '.next/server/z.js', '.next/server/edge/e.js', '.next/server/edge/font.1.ttf', '.next/server/edge/a.wasm',
  ])
})

test('rewrites name what their destinations spell out of the query', async () => {
  const routes = ['/docs/read/:slug', '/docs/list/:tag', '/docs/read/:slug'].map((source) => ({ source, sourceRegex: '^x$', destination: '/docs/page?slug=$1' }))
  const rewrites = async () => [
    { source: '/read/:slug', destination: '/page?slug=:slug', has: [{ type: 'header', key: 'x' }] },
    { source: '/list/:tag', destination: '/page' },
    { source: '/read/:slug', destination: '/page?slug=:slug&from=read#top' },
  ]
  const given = context({ routing: { beforeFiles: [], afterFiles: routes, fallback: [], dynamicRoutes: [] } })
  given.config = { ...given.config, rewrites }
  await adapter.onBuildComplete(given)
  assert.deepEqual(written().routing.afterFiles.map((/** @type {any} */ r) => r.spelled), [['slug'], undefined, ['slug', 'from']])
  given.config = { ...given.config, rewrites: async () => ({ fallback: [] }) }
  await adapter.onBuildComplete(given)
  assert.deepEqual(written().routing.afterFiles, routes)
})

test('without a place to write the build fails', async () => {
  delete process.env.PACK_BUILD_JSON
  await assert.rejects(() => adapter.onBuildComplete(context()), /PACK_BUILD_JSON/)
})
