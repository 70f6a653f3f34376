'use strict'

/**
 * Runs proxy.ts (middleware): a Web Request in, a Web Response out. What the
 * response means, rewrites and header overrides, is for Go's router to say; the
 * x-middleware-* headers go to it as they are.
 */

const { Readable } = require('node:stream')
const { pipeline } = require('node:stream/promises')

/**
 * @param {Function} handler
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:http').ServerResponse} res
 * @param {{initURL?: string}} invocation
 * @param {{waitUntil: (p: Promise<unknown>) => void}} context
 * @param {{relativeProjectDir?: string}} config
 */
async function runProxy(handler, req, res, invocation, context, config) {
  const headers = new Headers()
  for (const [name, value] of Object.entries(req.headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one)
  }
  const bodyless = req.method === 'GET' || req.method === 'HEAD'
  const controller = new AbortController()
  res.once('close', () => controller.abort())
  const request = new Request(invocation.initURL ?? `http://localhost${req.url}`, {
    method: req.method,
    headers,
    body: bodyless ? undefined : Readable.toWeb(req),
    duplex: 'half',
    redirect: 'manual',
  })
  const response = await handler(request, {
    waitUntil: context.waitUntil,
    signal: controller.signal,
    requestMeta: { relativeProjectDir: config.relativeProjectDir ?? '.' },
  })
  res.statusCode = response.status
  for (const [name, value] of response.headers) {
    if (name !== 'set-cookie') res.setHeader(name, value)
  }
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) res.setHeader('set-cookie', cookies)
  if (!response.body) {
    res.end()
    return
  }
  res.flushHeaders()
  await pipeline(Readable.fromWeb(response.body), res)
}

module.exports = { runProxy }
