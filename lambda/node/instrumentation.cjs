'use strict'

/**
 * onRequestError of the app's instrumentation.ts may work asynchronously, and
 * Next answers without waiting for it: the instance would be frozen in the
 * middle of a report. So it counts as post-response work of its request.
 */

/**
 * Loads the app's instrumentation module, as Next will, and puts one in its
 * place whose onRequestError is waited for. Next calls register() itself.
 * @param {string} file absolute
 * @param {() => {waitUntil: (p: Promise<unknown>) => void} | undefined} context of the request
 */
function keepErrorReports(file, context) {
  const loaded = require(file)
  const cached = require.cache[require.resolve(file)]
  if (!cached) return
  cached.exports = typeof loaded?.then === 'function' ? loaded.then((/** @type {any} */ m) => waited(m, context)) : waited(loaded, context)
}

/** @param {any} loaded @param {() => {waitUntil: (p: Promise<unknown>) => void} | undefined} context */
function waited(loaded, context) {
  const module = loaded?.default ?? loaded
  if (typeof module?.onRequestError !== 'function') return loaded
  return {
    ...module,
    /** @param {unknown[]} args */
    onRequestError(...args) {
      const report = module.onRequestError(...args)
      // Next logs a report that fails.
      context()?.waitUntil(Promise.resolve(report).catch(() => {}))
      return report
    },
  }
}

module.exports = { keepErrorReports }
