'use strict'

/**
 * The keys of a build and what else Next makes up anew each time, in the files
 * that every function has: with those that the app keeps in their place, a
 * function that did not change is the same one in the next build.
 */

const fs = require('node:fs')
const path = require('node:path')

/**
 * Files that every archive holds and that differ from build to build by what no
 * function needs to differ: below distDir.
 */
const SETTLED = ['prerender-manifest.json', 'server/preview-props.json', 'required-server-files.json']

/**
 * Makes those files depend on the app alone.
 *
 * Next keeps the keys of draft mode in .next/cache, but not in a container: each
 * build there would make every function new. So the app's own take the place of
 * those that Next made up. Webpack writes them into code, where they stay.
 *
 * The sizes of rendered pages (htmlSize) are for what the build prints. The folder
 * that the app was built in (appDir) is read by nobody later, and another on each
 * machine.
 * @param {string} distDir
 * @returns {[string, string][]} keys that were replaced, and by what
 */
function settle(distDir) {
  const [prerenders, preview, servers] = SETTLED.map((name) => path.join(distDir, name))
  /** @type {[string, string][]} */
  const keys = []
  if (fs.existsSync(servers)) {
    const files = JSON.parse(fs.readFileSync(servers, 'utf8'))
    if (files.appDir) writeWhole(servers, JSON.stringify({ ...files, appDir: '.' }))
  }
  if (!fs.existsSync(prerenders)) return keys
  const manifest = JSON.parse(fs.readFileSync(prerenders, 'utf8'))
  if (process.env.PACK_PREVIEW_KEYS && process.env.TURBOPACK) {
    const kept = JSON.parse(process.env.PACK_PREVIEW_KEYS)
    for (const key in kept) {
      if (manifest.preview?.[key]) keys.push([manifest.preview[key], kept[key]])
    }
  }
  for (const routes of [manifest.routes, manifest.dynamicRoutes]) {
    for (const name in routes) delete routes[name].htmlSize
  }
  writeWhole(prerenders, exchange(JSON.stringify(manifest), keys))
  if (fs.existsSync(preview)) writeWhole(preview, exchange(fs.readFileSync(preview, 'utf8'), keys))
  return keys
}

/**
 * @param {string} text
 * @param {[string, string][]} pairs
 * @returns {string}
 */
function exchange(text, pairs) {
  for (const [from, to] of pairs) text = text.replaceAll(from, to)
  return text
}

/**
 * @param {string} file
 * @param {string} text
 * @returns {void}
 */
function writeWhole(file, text) {
  const partial = `${file}.${process.pid}.tmp`
  fs.writeFileSync(partial, text)
  fs.renameSync(partial, file)
}

module.exports = { SETTLED, settle, exchange, writeWhole }
