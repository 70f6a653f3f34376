'use strict'

/**
 * The JavaScript half of a function: loads the entries of the routes that the
 * function holds and runs them. Go starts it with two inherited sockets: the
 * listening one that requests come through, as ordinary HTTP/1.1, and the
 * channel (channel.cjs). Everything that can be decided outside is decided by
 * Go and arrives in the header x-pack-invocation, which never comes from
 * outside.
 *
 * @typedef {object} Invocation
 * @property {string} id       names the invocation on the channel
 * @property {string} entry    the file to run, relative to the archive
 * @property {string} type     the adapter's output type
 * @property {string} [runtime] "edge" or absent
 * @property {string} [initURL] the address as the viewer wrote it
 * @property {Record<string, unknown>} [meta] more of Next's requestMeta
 * @property {unknown} [caller] whose request it is, in Go's words
 */

const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { createRequire } = require('node:module')
const { AsyncLocalStorage } = require('node:async_hooks')
const { Channel } = require('./channel.cjs')
const { takePostponed, prepareResponseCache } = require('./resume.cjs')
const { holdBack, noteRevalidations } = require('./revalidations.cjs')
const { Work } = require('./work.cjs')

// What not every function needs is loaded when it is needed: a module costs
// about a millisecond of a cold start.

const LISTEN_FD = 3
const CHANNEL_FD = 4
const COMPILED_FD = 5
const INVOCATION_HEADER = 'x-pack-invocation'
const OUTCOME_HEADER = 'x-pack-outcome'

const root = process.cwd()
const config = JSON.parse(process.env.PACK_NODE || '{}')
delete process.env.PACK_NODE

/** @type {AsyncLocalStorage<{waitUntil: (p: Promise<unknown>) => void, refresh?: unknown, caller?: unknown, revalidations: Promise<unknown>[]}>} */
const requestContext = new AsyncLocalStorage()

const channel = noteRevalidations(new Channel(CHANNEL_FD, () => requestContext.getStore()?.caller), () => requestContext.getStore())
globalThis[Symbol.for('pack.channel')] = channel

for (const name of ['@next/request-context', '@vercel/request-context']) {
  globalThis[Symbol.for(name)] = { get: () => requestContext.getStore() }
}

/** @type {Map<string, Function | Promise<Function>>} */
const handlers = new Map()

/**
 * @param {string} file a module or, of the edge runtime, a JSON document
 * @returns {Function | Promise<Function>}
 */
function load(file) {
  let handler = handlers.get(file)
  if (!handler) {
    handler = file.endsWith('.json') ? require('./edge.cjs').loadEdge(root, file, compiled) : loadModule(file)
    handlers.set(file, handler)
  }
  return handler
}

/**
 * @param {string} file
 * @returns {Function | Promise<Function>} a promise of a module that awaits something, as
 *   pages do that import an ES module from outside of the bundle
 */
function loadModule(file) {
  const module = require(path.join(root, file))
  return typeof module.then === 'function' ? module.then((/** @type {any} */ m) => handlerOf(m, file)) : handlerOf(module, file)
}

/** @param {any} module @param {string} file @returns {Function} */
function handlerOf(module, file) {
  const handler = module.handler ?? module.default?.handler
  if (typeof handler !== 'function') throw new Error(`${file} exports no handler`)
  prepareResponseCache(module)
  return handler
}

/** @param {http.IncomingMessage} req @returns {Invocation} */
function invocationOf(req) {
  const invocation = JSON.parse(Buffer.from(String(req.headers[INVOCATION_HEADER]), 'base64').toString())
  delete req.headers[INVOCATION_HEADER]
  const raw = req.rawHeaders
  for (let i = raw.length - 2; i >= 0; i -= 2) {
    if (raw[i].toLowerCase() === INVOCATION_HEADER) raw.splice(i, 2)
  }
  return invocation
}

/** @param {http.IncomingMessage} req @param {http.ServerResponse} res */
async function answer(req, res) {
  const invocation = invocationOf(req)
  const work = new Work(invocation.id, channel)
  const closed = new Promise((resolve) => res.once('close', resolve))
  const context = {
    waitUntil: (promise) => work.add(promise), refresh: invocation.meta?.refresh, caller: invocation.caller, revalidations: [],
  }
  holdBack(res, context)
  await requestContext.run(context, async () => {
    try {
      const handler = await load(invocation.entry)
      const postponed = await takePostponed(req, Boolean(invocation.meta?.minimalMode))
      if (postponed !== undefined) invocation.meta = { ...invocation.meta, postponed }
      // Next's error page words itself after the status.
      if (invocation.meta?.invokeStatus) res.statusCode = Number(invocation.meta.invokeStatus)
      const edge = invocation.runtime === 'edge'
      const middleware = invocation.type === 'MIDDLEWARE'
      if (edge || middleware) {
        const meta = middleware ? proxyMeta() : requestMeta(invocation)
        await require('./web.cjs').runWeb(handler, req, res, { initURL: invocation.initURL, edge, middleware }, { ...context, requestMeta: meta })
      } else {
        await handler(req, res, { waitUntil: context.waitUntil, requestMeta: requestMeta(invocation) })
      }
    } catch (error) {
      fail(res, error)
    }
  })
  // The handler may return before the response has been written.
  await closed
  await drain(req)
  giveCompiled(res.statusCode)
  await work.settle()
}

/**
 * Reads what nobody has read of a request: it would stand before the next one,
 * and Go, which may still be writing it, takes a closed connection for a
 * process that died.
 * @param {http.IncomingMessage} req
 */
function drain(req) {
  if (req.complete || req.destroyed) return
  return new Promise((resolve) => {
    req.removeAllListeners('data')
    req.removeAllListeners('readable')
    for (const event of ['end', 'close', 'error']) req.once(event, resolve)
    // In the next tick a stream without listeners stops to flow, even one that
    // the answer's end has set going.
    process.nextTick(() => req.resume())
  })
}

/** @type {import('./compiled.cjs').Compiled | undefined} */
let compiled

/**
 * Takes what an earlier instance has compiled. Go may still be fetching it, and
 * says in time if there is nothing.
 */
function takeCompiled() {
  // Every entry needs Node's fetch classes: they take longer to load than that.
  void globalThis.Response
  const { Compiled, supported } = require('./compiled.cjs')
  if (!supported) return
  try {
    compiled = new Compiled(root, config.compiled, fs.readFileSync(COMPILED_FD))
  } catch (error) {
    console.error('pack: what an earlier instance has compiled cannot be used:', error)
    compiled = new Compiled(root, config.compiled)
  }
  compiled.install()
}

/** Gives the next instances what this one has compiled for an answer. @param {number} status */
function giveCompiled(status) {
  const taken = compiled?.take(status)
  if (taken) channel.write({ event: 'compiled' }, taken)
}

/** What proxy.ts needs in order to find instrumentation.ts. */
function proxyMeta() {
  const distDir = config.distDir && path.join(process.cwd(), config.distDir)
  return { relativeProjectDir: config.relativeProjectDir ?? '.', ...(distDir ? { distDir } : {}) }
}

/** @param {Invocation} invocation */
function requestMeta(invocation) {
  const { query, params, ...meta } = invocation.meta ?? {}
  return {
    ...meta,
    // They come as pairs: an object would lose the order of its names on the way.
    ...(query ? { query: Object.fromEntries(query) } : {}),
    ...(params ? { params: Object.fromEntries(params) } : {}),
    relativeProjectDir: config.relativeProjectDir ?? '.',
    ...(invocation.initURL ? { initURL: invocation.initURL, initProtocol: invocation.initURL.split(':', 1)[0] } : {}),
    revalidate: async ({ urlPath, headers, opts }) => {
      await channel.call({ op: 'revalidate-path', path: urlPath, headers: headers ?? {}, onlyGenerated: Boolean(opts?.unstable_onlyGenerated) })
    },
    render404: async (_req, res) => {
      res.statusCode = 404
      res.setHeader(OUTCOME_HEADER, 'not-found')
      res.end()
    },
  }
}

/**
 * A handler that throws has not answered: Go renders the error page, or breaks
 * the stream when part of an answer is out.
 * @param {http.ServerResponse} res
 * @param {unknown} error
 */
function fail(res, error) {
  const notFound = error instanceof Error && error.constructor.name === 'NoFallbackError'
  if (!notFound) console.error(error)
  if (res.headersSent) {
    res.destroy()
    return
  }
  res.statusCode = notFound ? 404 : 500
  res.setHeader(OUTCOME_HEADER, notFound ? 'not-found' : 'error')
  res.end()
}

async function start() {
  if (config.compiled) takeCompiled()
  if (config.projectDir) process.chdir(path.join(root, config.projectDir))
  for (const file of config.entries ?? []) {
    // Next's AsyncLocalStorage and globals must be in place before any module.
    if (!file.endsWith('.json')) createRequire(path.join(root, file))('next/dist/build/adapter/setup-node-env.external.js')
    await load(file)
  }
  const instrumentation = config.distDir && path.join(process.cwd(), config.distDir, 'server', 'instrumentation.js')
  if (instrumentation && fs.existsSync(instrumentation)) {
    require('./instrumentation.cjs').keepErrorReports(instrumentation, () => requestContext.getStore())
  }
  const server = http.createServer({ keepAlive: true, keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, (req, res) => {
    answer(req, res).catch((error) => {
      console.error(error)
      res.destroy()
    })
  })
  server.maxRequestsPerSocket = 0
  server.listen({ fd: LISTEN_FD }, () => channel.send({ event: 'ready' }))
}

start().catch((error) => {
  console.error(error)
  process.exitCode = 1
  channel.send({ event: 'failed', name: error?.name ?? 'Error', message: error?.message ?? String(error), stack: error?.stack ?? '' })
  channel.socket.end(() => process.exit(1))
})
