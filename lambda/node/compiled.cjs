'use strict'

/**
 * What an earlier instance of the function has found out, so that this one need
 * not: the code that V8 had compiled when its first answer was out, functions
 * included that were compiled when they were first called, and which file each
 * require() meant. Node's own compile cache takes a module's code before it runs,
 * when nearly none of its functions are compiled.
 *
 * It is one block of bytes: the length of a JSON document, the document, and V8's
 * code, module by module. Where it comes from and where it is kept is Go's
 * business; it belongs to this very Node program. Of other versions of the files the
 * code counts that is of the same sources, and nothing else.
 *
 * @typedef {object} Known
 * @property {string} version of the files
 * @property {boolean} whole the answer was one with content, and not, say, a
 *   redirect: nothing better is to be expected
 * @property {Record<string, Record<string, string>>} files what require() means:
 *   by the folder of who asks, and what is asked for; below the root
 * @property {Record<string, [checksum: number, start: number, length: number]>} code
 *   of each module, by its file below the root
 */

const Module = require('node:module')
const path = require('node:path')
const vm = require('node:vm')
const { crc32 } = require('node:zlib')

/** import() in a module means what it means in any other. */
const importModuleDynamically = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER

/** How many characters of new modules are worth to be written down, in an instance that had code. */
const ENOUGH = 16 << 10

/** Before 22, code that another process compiled cannot import(). */
const supported = Number.parseInt(process.versions.node, 10) >= 22 && Boolean(importModuleDynamically && crc32)

class Compiled {
  /**
   * @param {string} root the folder whose modules are meant
   * @param {string} version of what is in it
   * @param {Buffer} [kept] what take() gave in an earlier instance; empty for none
   */
  constructor(root, version, kept) {
    this.root = root
    /** @type {Known} */
    this.known = { version, whole: false, files: {}, code: {} }
    this.bytes = Buffer.alloc(0)
    if (kept?.length) {
      const end = 4 + kept.readUInt32BE(0)
      this.known = JSON.parse(kept.toString('utf8', 4, end))
      this.bytes = kept.subarray(end)
    }
    this.version = version
    this.own = this.known.version === version
    if (!this.own) this.known = { ...this.known, whole: false, files: {} }
    /** This version has something that is kept. */
    this.had = Boolean(kept?.length) && this.own
    /** Modules of this process. @type {Map<string, {script: vm.Script, checksum: number, taken: boolean}>} */
    this.scripts = new Map()
    this.fresh = 0
    this.done = false
  }

  /** @param {string} file absolute */
  inside(file) {
    return file.startsWith(this.root + path.sep)
  }

  /** Has every CommonJS module below the root compiled and found with what is known. */
  install() {
    this.compileModules()
    this.findModules()
  }

  compileModules() {
    withoutWarning('vm.USE_MAIN_CONTEXT_DEFAULT_LOADER ')
    const compiled = this
    const head = Module.wrapper[0].length
    const original = Module.prototype._compile
    /** @param {string} content @param {string} filename @param {unknown[]} more its format, where the file has told */
    Module.prototype._compile = function (content, filename, ...more) {
      const ordinary = !more[0] || more[0] === 'commonjs'
      if (compiled.done || !ordinary || !compiled.inside(filename) || process.sourceMapsEnabled) {
        return original.call(this, content, filename, ...more)
      }
      let script
      try {
        script = compiled.script(filename, Module.wrap(content), { columnOffset: -head, importModuleDynamically })
      } catch {
        // An ES module, or a mistake, which Node tells better.
        return original.call(this, content, filename, ...more)
      }
      return script.runInThisContext().call(this.exports, this.exports, requireOf(this), this, filename, path.dirname(filename))
    }
  }

  findModules() {
    const original = Module._resolveFilename
    /** @param {string} request @param {NodeModule} [parent] @param {unknown[]} more */
    Module._resolveFilename = (request, parent, ...more) => {
      const from = parent?.path
      // With options it is a question of another kind.
      if (more[1] !== undefined || !from || !(from === this.root || this.inside(from))) {
        return original.call(Module, request, parent, ...more)
      }
      const folder = this.filesFor(this.below(from))
      if (Object.hasOwn(folder, request)) return this.root + path.sep + folder[request]
      const found = original.call(Module, request, parent, ...more)
      if (!this.done && this.inside(found)) folder[request] = this.below(found)
      return found
    }
  }

  /** @param {string} folder below the root */
  filesFor(folder) {
    const { files } = this.known
    if (!Object.hasOwn(files, folder)) files[folder] = {}
    return files[folder]
  }

  /** @param {string} file @returns {string} */
  below(file) {
    return file.slice(this.root.length + 1)
  }

  /**
   * Compiles a script with the code that is known for it. As whatever stands
   * between a file and V8 may change a source, its checksum is compared.
   * @param {string} filename absolute
   * @param {string} source
   * @param {vm.ScriptOptions} [options]
   */
  script(filename, source, options) {
    if (this.done || !this.inside(filename)) return new vm.Script(source, { ...options, filename })
    const name = this.below(filename)
    const checksum = crc32(source)
    const code = Object.hasOwn(this.known.code, name) ? this.known.code[name] : undefined
    const cachedData = code?.[0] === checksum ? this.bytesOf(code) : undefined
    const script = new vm.Script(source, { ...options, filename, cachedData })
    const taken = Boolean(cachedData) && !script.cachedDataRejected
    if (!taken) this.fresh += source.length
    this.scripts.set(name, { script, checksum, taken })
    return script
  }

  /** @param {Known['code'][string]} code */
  bytesOf([, start, length]) {
    return this.bytes.subarray(start, start + length)
  }

  /**
   * What the next instances should have, once an answer with that status is out;
   * undefined where that is what this one had.
   * @param {number} status
   * @returns {Buffer[] | undefined}
   */
  take(status) {
    if (this.done || status >= 400) return undefined
    const whole = status < 300
    // A redirect's code is better than none, until there is that of a page.
    if (!whole && this.had) return undefined
    const better = whole && !this.known.whole
    const taken = !this.had || better || this.fresh >= ENOUGH ? this.pack(whole, better) : undefined
    this.had = true
    if (whole) this.close()
    return taken
  }

  /** @param {boolean} whole @param {boolean} anew take the code of all modules, not only of new ones */
  pack(whole, anew) {
    /** @type {Known['code']} */
    const code = {}
    /** @type {Buffer[]} */
    const parts = []
    let end = 0
    const add = (/** @type {string} */ name, /** @type {number} */ checksum, /** @type {Buffer} */ bytes) => {
      code[name] = [checksum, end, bytes.length]
      parts.push(bytes)
      end += bytes.length
    }
    for (const [name, { script, checksum, taken }] of this.scripts) {
      add(name, checksum, taken && !anew ? this.bytesOf(this.known.code[name]) : script.createCachedData())
    }
    // Other requests load other modules.
    for (const [name, known] of Object.entries(this.known.code)) {
      if (this.own && !Object.hasOwn(code, name)) add(name, known[0], this.bytesOf(known))
    }
    const head = Buffer.from(JSON.stringify({ version: this.version, whole, files: this.known.files, code }))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(head.length, 0)
    return [length, head, ...parts]
  }

  /** From here on modules are compiled as ever; what was found stays. */
  close() {
    this.done = true
    this.scripts.clear()
    this.known.code = {}
    this.bytes = Buffer.alloc(0)
  }
}

/**
 * The require() of a module, as Node makes it.
 * @param {NodeModule} module
 */
function requireOf(module) {
  /** @type {NodeJS.RequireResolve | undefined} */
  let same
  // Asked seldom; Node's own answers hold for whatever else has a say in them.
  const asked = () => (same ??= Module.createRequire(module.filename).resolve)
  /** @param {string} id */
  const require = function require(id) {
    return module.require(id)
  }
  /** @param {string} request @param {object} [options] */
  require.resolve = function resolve(request, options) {
    return asked()(request, options)
  }
  /** @param {string} request */
  require.resolve.paths = function paths(request) {
    return asked().paths(request)
  }
  require.main = process.mainModule
  require.extensions = Module._extensions
  require.cache = Module._cache
  return require
}

/**
 * Keeps a warning of Node's from the app's log: at the first import() it says, once,
 * that the option which gives import() its ordinary meaning is young.
 * @param {string} beginning of the warning
 */
function withoutWarning(beginning) {
  const warn = process.emitWarning
  /** @param {string | Error} warning @param {any[]} more */
  const filtered = (warning, ...more) => {
    if (typeof warning !== 'string' || !warning.startsWith(beginning)) return warn.call(process, warning, ...more)
    if (process.emitWarning === filtered) process.emitWarning = warn
  }
  process.emitWarning = filtered
}

module.exports = { Compiled, supported }
