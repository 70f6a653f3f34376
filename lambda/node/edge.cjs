'use strict'

/**
 * Loads a route of the edge runtime. Its scripts are evaluated in a global scope
 * of their own that has the Web APIs which Next documents for the edge runtime
 * (next/dist/docs, 07-edge.md), taken from Node, and nothing else of Node but
 * the five modules that the edge runtime has too. Code cannot be made from text
 * there. It is a boundary of compatibility, not of trust: the code is the app's
 * own.
 *
 * @typedef {object} EdgeDocument what manifest.EdgeOutput writes
 * @property {string[]} scripts in the order of evaluation
 * @property {string} entryKey
 * @property {string} handlerExport
 * @property {Record<string, string>} [assets]
 * @property {Record<string, string>} [wasm]
 * @property {Record<string, string>} [env]
 */

const fs = require('node:fs')
const path = require('node:path')
const vm = require('node:vm')
const { Readable } = require('node:stream')
const { AsyncLocalStorage } = require('node:async_hooks')
const { shareIntrinsics } = require('./intrinsics.cjs')
const { webClasses } = require('./webclasses.cjs')

/** What of Node's global scope the edge runtime has as well. */
const SHARED = [
  'AbortController', 'AbortSignal', 'Blob', 'Crypto', 'CryptoKey', 'DOMException', 'Event', 'EventTarget', 'File',
  'FormData', 'Headers', 'ReadableStream', 'ReadableStreamBYOBReader', 'ReadableStreamDefaultReader', 'SubtleCrypto',
  'TextDecoder', 'TextDecoderStream', 'TextEncoder', 'TextEncoderStream', 'TransformStream', 'URL', 'URLPattern',
  'URLSearchParams', 'WebSocket', 'WritableStream', 'WritableStreamDefaultWriter', 'atob', 'btoa', 'console',
  'crypto', 'performance', 'queueMicrotask', 'structuredClone',
]

/** What it refuses by name (EDGE_UNSUPPORTED_NODE_APIS in next/dist/shared/lib/constants.js). */
const REFUSED = [
  'clearImmediate', 'setImmediate', 'BroadcastChannel', 'ByteLengthQueuingStrategy', 'CompressionStream',
  'CountQueuingStrategy', 'DecompressionStream', 'DomException', 'MessageChannel', 'MessageEvent', 'MessagePort',
  'ReadableByteStreamController', 'ReadableStreamBYOBRequest', 'ReadableStreamDefaultController',
  'TransformStreamDefaultController', 'WritableStreamDefaultController',
]

/** The modules that edge code may import, and what they export there. @type {Record<string, string[]>} */
const MODULES = {
  'node:assert': [
    'AssertionError', 'deepEqual', 'deepStrictEqual', 'doesNotMatch', 'doesNotReject', 'doesNotThrow', 'equal', 'fail',
    'ifError', 'match', 'notDeepEqual', 'notDeepStrictEqual', 'notEqual', 'notStrictEqual', 'ok', 'rejects', 'strict',
    'strictEqual', 'throws',
  ],
  'node:async_hooks': ['AsyncLocalStorage', 'AsyncResource'],
  'node:buffer': ['Buffer', 'SlowBuffer', 'constants', 'kMaxLength', 'kStringMaxLength'],
  'node:events': ['EventEmitter', 'captureRejectionSymbol', 'defaultMaxListeners', 'errorMonitor', 'listenerCount', 'on', 'once'],
  'node:util': ['_extend', 'callbackify', 'format', 'inherits', 'promisify', 'types'],
}

/** Symbols under which the Node half offers itself to Next and to the cache handler. */
const OFFERED = ['pack.channel', '@next/request-context', '@vercel/request-context'].map(Symbol.for)

/** @param {string} api @returns {never} */
function refuse(api) {
  throw new Error(
    `A Node.js API is used (${api}) which is not supported in the Edge Runtime.\nLearn more: https://nextjs.org/docs/api-reference/edge-runtime`
  )
}

/** @param {string} id */
function requireModule(id) {
  const names = MODULES[id]
  if (!names) throw new TypeError(`Native module not found: ${id}`)
  const whole = require(id)
  return Object.fromEntries(names.filter((name) => name in whole).map((name) => [name, whole[name]]))
}

/** @param {Record<string, string>} env */
function processOf(env) {
  const polyfill = { env: { ...process.env, ...env, NEXT_RUNTIME: 'edge' } }
  for (const key of Object.keys(process)) {
    if (key === 'env') continue
    /** @type {unknown} */
    let replaced
    Object.defineProperty(polyfill, key, {
      get: () => replaced ?? (typeof process[key] === 'function' ? () => refuse(`process.${key}`) : undefined),
      set: (value) => (replaced = value),
    })
  }
  return polyfill
}

/**
 * @param {Function} start setTimeout or setInterval
 * @param {vm.Context} scope
 */
function timer(start, scope) {
  // On the web timers are numbers, and `this` is the global object.
  return (/** @type {Function} */ callback, /** @type {number} */ ms, /** @type {unknown[]} */ ...args) =>
    start(() => callback.apply(scope, args), ms)[Symbol.toPrimitive]()
}

/** Event listeners of the global scope; what nobody handles is reported to them. */
class Listeners {
  constructor() {
    /** @type {Map<string, Set<Function>>} */
    this.byType = new Map()
  }

  /** @param {string} type @param {Function} listener */
  add(type, listener) {
    if (!this.byType.has(type)) this.byType.set(type, new Set())
    this.byType.get(type)?.add(listener)
  }

  /** @param {string} type @param {Function} listener */
  remove(type, listener) {
    this.byType.get(type)?.delete(listener)
  }

  /** @param {string} type @param {object} event */
  dispatch(type, event) {
    for (const listener of this.byType.get(type) ?? []) listener(event)
  }
}

/** @type {Listeners[]} */
const listening = []

/** A promise of the app's that nobody handles must not end the process, as under `next start`. */
function watchRejections() {
  if (listening.length > 0) return
  process.on('unhandledRejection', (reason, promise) => {
    if (process.listenerCount('unhandledRejection') === 1) console.error('unhandledRejection:', reason)
    for (const listeners of listening) listeners.dispatch('unhandledrejection', { reason, promise })
  })
}

/**
 * @param {string} root the archive's folder
 * @param {EdgeDocument} document
 * @returns {vm.Context}
 */
function globalScope(root, document) {
  const scope = vm.createContext({}, { name: 'Edge Runtime', codeGeneration: { strings: false, wasm: true } })
  /** @param {string | symbol} name @param {unknown} value @param {boolean} [enumerable] */
  const define = (name, value, enumerable = false) =>
    Object.defineProperty(scope, name, { value, enumerable, writable: true, configurable: true })
  const self = vm.runInContext('globalThis', scope)
  define('self', self, true)
  define('EdgeRuntime', 'edge-runtime')
  define('AsyncLocalStorage', AsyncLocalStorage)
  for (const name of SHARED) {
    if (name in globalThis) define(name, globalThis[name], name === 'crypto')
  }
  for (const name of REFUSED) define(name, function () { refuse(name) })
  define('process', processOf(document.env ?? {}), true)
  define('require', requireModule)
  define('setTimeout', timer(setTimeout, self))
  define('setInterval', timer(setInterval, self))
  define('clearTimeout', clearTimeout)
  define('clearInterval', clearInterval)
  for (const name of ['__next_eval__', '__next_webassembly_compile__', '__next_webassembly_instantiate__']) {
    // What webpack wraps around code generation in order to warn of it.
    define(name, (/** @type {() => unknown} */ run) => run())
  }
  for (const symbol of OFFERED) define(symbol, globalThis[symbol])
  const listeners = new Listeners()
  define('addEventListener', listeners.add.bind(listeners))
  define('removeEventListener', listeners.remove.bind(listeners))
  watchRejections()
  listening.push(listeners)
  const classes = webClasses((input) => asset(root, document.assets ?? {}, input))
  for (const [name, value] of Object.entries(classes)) define(name, value)
  shareIntrinsics(scope)
  const compile = vm.runInContext('(bytes) => new WebAssembly.Module(bytes)', scope)
  for (const [name, file] of Object.entries(document.wasm ?? {})) {
    define(name, compile(fs.readFileSync(path.join(root, file))), true)
  }
  return scope
}

/**
 * The file behind `new URL('./file', import.meta.url)`.
 * @param {string} root
 * @param {Record<string, string>} assets
 * @param {string} address
 */
function asset(root, assets, address) {
  if (!address.startsWith('blob:')) return undefined
  const file = assets[address.slice('blob:'.length)]
  return file && new Response(Readable.toWeb(fs.createReadStream(path.join(root, file))))
}

/**
 * @param {string} root the archive's folder
 * @param {string} file the document, relative to it
 * @param {import('./compiled.cjs').Compiled} [compiled]
 * @returns {Promise<Function>} the route's handler
 */
async function loadEdge(root, file, compiled) {
  /** @type {EdgeDocument} */
  const document = JSON.parse(fs.readFileSync(path.join(root, file), 'utf8'))
  const scope = globalScope(root, document)
  for (const script of document.scripts) {
    const filename = path.join(root, script)
    const source = fs.readFileSync(filename, 'utf8')
    const one = compiled ? compiled.script(filename, source) : new vm.Script(source, { filename })
    one.runInContext(scope)
  }
  const entry = await scope._ENTRIES?.[document.entryKey]
  const handler = entry?.[document.handlerExport]
  if (typeof handler !== 'function') throw new Error(`${document.entryKey} exports no ${document.handlerExport}`)
  return (/** @type {Request} */ request, /** @type {object} */ context) => {
    // Where a server action's redirect fetches the page that it leads to from,
    // as `next start` sets it; an instance has one request at a time.
    scope.process.env.__NEXT_PRIVATE_ORIGIN = process.env.__NEXT_PRIVATE_ORIGIN ?? new URL(request.url).origin
    return handler(request, context)
  }
}

module.exports = { loadEdge }
