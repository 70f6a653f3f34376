'use strict'

/**
 * Runs a handler that takes a Web Request and gives a Web Response: proxy.ts
 * (middleware), and every route of the edge runtime. What an answer of proxy.ts
 * means, rewrites and header overrides, is for Go's router to say; the
 * x-middleware-* headers go to it as they are.
 */

const { Readable } = require('node:stream')
const { pipeline } = require('node:stream/promises')

/** Headers that belong to the connection, or that the route cannot know. */
const OF_THE_CONNECTION = ['content-length', 'content-encoding', 'transfer-encoding']

/**
 * @param {Function} handler
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:http').ServerResponse} res
 * @param {{initURL?: string, edge?: boolean, middleware?: boolean}} options
 *   initURL is the address that the handler sees
 * @param {{waitUntil: (p: Promise<unknown>) => void, requestMeta: Record<string, unknown>}} context
 */
async function runWeb(handler, req, res, { initURL, edge, middleware }, context) {
  const headers = new Headers()
  for (const [name, value] of Object.entries(req.headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one)
  }
  const bodyless = req.method === 'GET' || req.method === 'HEAD'
  const controller = new AbortController()
  res.once('close', () => {
    if (!res.writableFinished) controller.abort()
  })
  const request = new Request(initURL ?? `http://localhost${req.url}`, {
    method: req.method,
    headers,
    body: bodyless ? undefined : bodyOf(req),
    duplex: 'half',
    redirect: 'manual',
  })
  const response = await handler(request, { ...context, signal: controller.signal })
  res.statusCode = response.status
  for (const [name, value] of response.headers) {
    if (name === 'set-cookie') continue
    if (edge && (OF_THE_CONNECTION.includes(name) || (name === 'x-middleware-set-cookie' && !middleware))) continue
    res.setHeader(name, value)
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

/**
 * A request's body. Cancelling it does not close the connection, as that of
 * Readable.toWeb does: the answer has to go the same way.
 * @param {import('node:http').IncomingMessage} req
 */
function bodyOf(req) {
  return new ReadableStream({
    start(controller) {
      req.on('data', (chunk) => {
        controller.enqueue(new Uint8Array(chunk))
        if ((controller.desiredSize ?? 0) <= 0) req.pause()
      })
      req.once('end', () => controller.close())
      req.once('error', (error) => controller.error(error))
    },
    pull() {
      req.resume()
    },
    cancel() {
      req.removeAllListeners('data').removeAllListeners('end').resume()
    },
  })
}

module.exports = { runWeb }
