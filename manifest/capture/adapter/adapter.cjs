'use strict'

/**
 * The Next.js adapter of pack. It makes the build write its caches where pack
 * can reach them, and writes what `onBuildComplete` is given to the file named
 * by PACK_BUILD_JSON. It decides nothing else: the Go side reads that file.
 *
 * The contract is Next's: node_modules/next/dist/docs/01-app/
 * 03-api-reference/07-adapters/{02-creating-an-adapter,09-output-types}.md
 *
 * @typedef {Record<string, any>} NextConfig
 * @typedef {{ type: string, id: string, filePath: string, pathname: string,
 *   sourcePage: string, runtime: string, config: Record<string, any>,
 *   assets: Record<string, string>,
 *   assetsHashes?: Record<string, string>, wasmAssets?: Record<string, string>,
 *   edgeRuntime?: { modulePath: string, entryKey: string, handlerExport: string } }} RouteOutput
 */

const crypto = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const { SETTLED, settle, exchange, writeWhole } = require('./keys.cjs')

// Turborepo and others keep from a build the variables that they are not told
// of; Capture leaves them beside us as well.
const environment = path.join(__dirname, 'environment.json')
if (fs.existsSync(environment)) {
  for (const [name, value] of Object.entries(JSON.parse(fs.readFileSync(environment, 'utf8')))) process.env[name] ??= value
}

/** The version of the document that is written: BuildSchema in build.go. */
const SCHEMA = 1

/** The module that every route is built with; Capture puts it beside us. */
const CACHE_HANDLER = path.join(__dirname, 'cache-handler.cjs')

/** The handler of `use cache` and `use cache: remote`, beside us as well. */
const USE_CACHE = path.join(__dirname, 'use-cache.cjs')

/** The deployment's name until the build knows what browsers will run. */
const UNNAMED = 'pack-unnamed'

/** What of next.config had to be overruled. @type {string[]} */
const replaced = []

/**
 * @param {string} setting
 * @returns {void}
 */
function overrule(setting) {
  if (!replaced.includes(setting)) replaced.push(setting)
}

/**
 * @param {NextConfig} config
 * @param {{ phase: string }} context
 * @returns {NextConfig}
 */
function modifyConfig(config, { phase }) {
  if (phase !== 'phase-production-build') return config
  // The platform's name for the deployment, unless the app has its own.
  if (!config.deploymentId && process.env.PACK_DEPLOYMENT_ID) {
    config.deploymentId = process.env.PACK_DEPLOYMENT_ID
  }
  if (config.output === 'export') return config
  if (config.output === 'standalone') {
    // It copies what the outputs name already, and would switch immutable
    // assets off.
    config.output = undefined
    overrule('output')
  }
  if (config.cacheHandler && path.resolve(config.cacheHandler) !== CACHE_HANDLER) {
    overrule('cacheHandler')
  }
  config.cacheHandler = CACHE_HANDLER
  // A handler that the app brings is the app's business: it may be the only
  // one that reaches what others share with it.
  // Without `use cache` none is asked for, and Turbopack (16.4.6) cannot build
  // route handlers of the edge runtime when there are two.
  if (config.cacheComponents || config.experimental?.useCache) {
    const own = config.cacheHandlers ?? {}
    config.cacheHandlers = { ...own, default: own.default ?? USE_CACHE, remote: own.remote ?? USE_CACHE }
  }
  config.cacheMaxMemorySize = 0
  config.supportsImmutableAssets = config.supportsImmutableAssets ?? true
  nameDeployment(config)
  return config
}

/**
 * Sees to it that the app has a deploymentId: Next then finds version skew by
 * it, and its build id is a constant (docs/01-app/03-api-reference/05-config/
 * 01-next-config-js/deploymentId.md). The name is made of what browsers run and
 * which actions they may call, so that a change that no browser can notice
 * leaves it, and with it every prerendered page, as it was. It is known once
 * everything is compiled, before any page is rendered. Where the compiler
 * writes the name into what it makes, it is made of the sources instead.
 * Servers read the name from their environment, so that no archive has it.
 * @param {NextConfig} config
 * @returns {void}
 */
function nameDeployment(config) {
  const { compiler, experimental } = config
  if (!process.env.TURBOPACK) {
    config.deploymentId = config.deploymentId || process.env.PACK_SOURCES
    return
  }
  config.experimental = { ...experimental, runtimeServerDeploymentId: experimental?.runtimeServerDeploymentId ?? true }
  if (config.deploymentId) return
  if (!config.supportsImmutableAssets || !config.experimental.runtimeServerDeploymentId) {
    config.deploymentId = process.env.PACK_SOURCES
    return
  }
  config.deploymentId = UNNAMED
  config.compiler = {
    ...compiler,
    /** @param {{ projectDir: string, distDir: string }} build */
    async runAfterProductionCompile(build) {
      await compiler?.runAfterProductionCompile?.(build)
      config.deploymentId = process.env.NEXT_DEPLOYMENT_ID = clientName(build.distDir)
    },
  }
}

/**
 * @param {string} distDir
 * @returns {string} a digest of all that browsers get of the compiler, and of
 *   the actions that they may call
 */
function clientName(distDir) {
  const sum = crypto.createHash('sha256')
  const folder = path.join(distDir, 'static')
  const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()
  const actions = path.join(distDir, 'server', 'server-reference-manifest.json')
  if (fs.existsSync(actions)) files.push(actions)
  for (const file of files) {
    const content = fs.readFileSync(file)
    sum.update(`${slashed(path.relative(distDir, file))} ${content.length}\n`).update(content)
  }
  return sum.digest('hex').slice(0, 16)
}

/**
 * @param {string} name
 * @returns {string} with forward slashes on every system
 */
function slashed(name) {
  return path.sep === '\\' ? name.replaceAll('\\', '/') : name
}

/** The files of all outputs, each once. */
class FileTable {
  constructor() {
    /** @type {{ name: string, source: string, hash?: string }[]} */
    this.files = []
    /** @type {Map<string, number>} */
    this.indexes = new Map()
  }

  /**
   * @param {string} name relative to the repository root
   * @param {string} source absolute
   * @param {string | undefined} hash
   * @returns {number} the file's index
   */
  add(name, source, hash) {
    name = slashed(name)
    const key = `${name}\0${source}\0${hash ?? ''}`
    let index = this.indexes.get(key)
    if (index === undefined) {
      index = this.files.push({ name, source, hash }) - 1
      this.indexes.set(key, index)
    }
    return index
  }
}

/**
 * @param {RouteOutput} output
 * @param {FileTable} table
 * @param {string} repoRoot
 */
function route(output, table, repoRoot) {
  const hashes = output.assetsHashes ?? {}
  const files = []
  for (const name in output.assets) {
    const source = output.assets[name]
    // The edge runtime's assets go by other names than their paths.
    const place = output.edgeRuntime ? path.relative(repoRoot, source) : name
    files.push(table.add(place, source, hashes[name]))
  }
  const entry = path.relative(repoRoot, output.filePath)
  if (!output.edgeRuntime && !(entry in output.assets)) {
    files.push(table.add(entry, output.filePath, hashes[entry]))
  }
  const { maxDuration, preferredRegion } = output.config
  const edge = output.edgeRuntime && edgeRuntime(output, table, repoRoot, files)
  return {
    type: output.type,
    id: output.id,
    filePath: output.filePath,
    pathname: output.pathname,
    sourcePage: output.sourcePage,
    runtime: output.runtime,
    config: { maxDuration, preferredRegion },
    files,
    edge,
  }
}

/**
 * What is needed to run an output of the edge runtime. Next names its files
 * relative to the build folder; the scripts are those up to the entry, in the
 * order in which they are to be evaluated.
 * @param {RouteOutput} output
 * @param {FileTable} table
 * @param {string} repoRoot
 * @param {number[]} files the output's files, to which is added
 */
function edgeRuntime(output, table, repoRoot, files) {
  const { modulePath, entryKey, handlerExport } = output.edgeRuntime
  /** @param {string} source */
  const name = (source) => slashed(path.relative(repoRoot, source))
  const scripts = []
  /** @type {Record<string, string>} */
  const assets = {}
  let entered = false
  for (const key in output.assets) {
    const source = output.assets[key]
    if (entered) assets[key] = name(source)
    else scripts.push(name(source))
    entered ||= source === modulePath
  }
  /** @type {Record<string, string>} */
  const wasm = {}
  for (const key in output.wasmAssets) {
    wasm[key] = name(output.wasmAssets[key])
    files.push(table.add(wasm[key], output.wasmAssets[key], undefined))
  }
  return { scripts, entryKey, handlerExport, assets, wasm, env: output.config.env }
}

/**
 * @param {NextConfig} config
 * @returns {NextConfig} the part that build.go's Config reads
 */
function servingConfig(config) {
  return {
    output: config.output,
    basePath: config.basePath,
    assetPrefix: config.assetPrefix,
    deploymentId: config.deploymentId,
    trailingSlash: config.trailingSlash,
    poweredByHeader: config.poweredByHeader,
    generateEtags: config.generateEtags,
    expireTime: config.expireTime,
    staleTime: config.experimental?.staleTimes?.static,
    skipProxyUrlNormalize: config.skipProxyUrlNormalize,
    skipTrailingSlashRedirect: config.skipTrailingSlashRedirect,
    caseSensitiveRoutes: config.experimental?.caseSensitiveRoutes,
    cacheComponents: config.cacheComponents,
    i18n: config.i18n,
    images: config.images,
    pageExtensions: config.pageExtensions,
  }
}

/**
 * @param {Record<string, any>} context onBuildComplete's
 * @returns {Record<string, any>} the document, all of it plain values
 */
function buildDocument(context) {
  const table = new FileTable()
  /** @param {RouteOutput[]} outputs */
  const routes = (outputs) => outputs.map((output) => route(output, table, context.repoRoot))
  const { outputs } = context
  return {
    schema: SCHEMA,
    buildId: context.buildId,
    nextVersion: context.nextVersion,
    projectDir: context.projectDir,
    repoRoot: context.repoRoot,
    distDir: context.distDir,
    config: servingConfig(context.config),
    routing: context.routing,
    outputs: {
      pages: routes(outputs.pages),
      pagesApi: routes(outputs.pagesApi),
      appPages: routes(outputs.appPages),
      appRoutes: routes(outputs.appRoutes),
      prerenders: outputs.prerenders,
      staticFiles: outputs.staticFiles,
      middleware: outputs.middleware && route(outputs.middleware, table, context.repoRoot),
    },
    files: table.files,
    replaced,
  }
}

/**
 * Notes at the routes of the app's rewrites which parameters of the query the
 * app spelled out. Next adds those of the source to a destination whose path
 * uses none, and its table does not tell them apart, though they mean different
 * things: an added `:path*` is a list, and of a spelled one clients are told.
 * @param {Record<string, any>} routing
 * @param {Record<string, any>} config
 * @returns {Promise<Record<string, any>>}
 */
async function withSpelledQueries(routing, config) {
  if (typeof config.rewrites !== 'function') return routing
  const rewrites = await config.rewrites()
  const phases = Array.isArray(rewrites) ? { afterFiles: rewrites } : rewrites ?? {}
  const noted = { ...routing }
  for (const phase of ['beforeFiles', 'afterFiles', 'fallback']) {
    const routes = [...(routing[phase] ?? [])]
    let next = 0
    for (const { source, destination } of phases[phase] ?? []) {
      // basePath and the languages stand before the source.
      const at = routes.findIndex((route, i) => i >= next && route.source?.endsWith(source))
      if (at < 0) continue
      next = at + 1
      const spelled = [...new URLSearchParams(destination.split('#', 1)[0].split('?').slice(1).join('?')).keys()]
      if (spelled.length > 0) routes[at] = { ...routes[at], spelled }
    }
    noted[phase] = routes
  }
  return noted
}

/**
 * @param {Record<string, any>} context
 * @returns {Promise<void>}
 */
async function onBuildComplete(context) {
  const target = process.env.PACK_BUILD_JSON
  if (!target) throw new Error('pack: PACK_BUILD_JSON is not set; run the build through `pack build`')
  const { deploymentId } = context.config
  if (deploymentId === UNNAMED) throw new Error('pack: this Next.js took no deployment id after compiling; set deploymentId in next.config')
  const pairs = settle(context.distDir)
  const routing = await withSpelledQueries(context.routing, context.config)
  const document = buildDocument({ ...context, routing })
  for (const file of document.files) {
    // Next's hash is that of what it wrote.
    if (SETTLED.some((name) => file.source === path.join(context.distDir, name))) file.hash = undefined
  }
  // The rules that name the deployment were made before it had a name.
  if (deploymentId) pairs.push([`"${UNNAMED}"`, JSON.stringify(deploymentId)])
  writeWhole(target, exchange(JSON.stringify(document), pairs))
}

module.exports = { name: 'pack', modifyConfig, onBuildComplete }
