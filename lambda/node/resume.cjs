'use strict'

/**
 * Resuming a partially prerendered page (next/dist/docs, ppr-platform-guide.md,
 * "The Resume Protocol"): Go sends the shell to the viewer and the shell's
 * postponed state here, as the body of a POST. The page sees the viewer's GET.
 */

const RESUME_HEADERS = ['next-resume', 'x-next-resume-state-length']
const BODY_HEADERS = ['content-length', 'content-type', 'transfer-encoding']

/**
 * Takes the postponed state off a request, and every header that could pass for
 * one off those that carry none.
 * @param {import('node:http').IncomingMessage} req
 * @param {boolean} trusted the request was made by the gateway
 * @returns {Promise<string | undefined>}
 */
async function takePostponed(req, trusted) {
  const resumes = trusted && req.method === 'POST' && req.headers['next-resume'] === '1'
  drop(req, RESUME_HEADERS)
  if (!resumes) return undefined
  const chunks = []
  for await (const chunk of req) chunks.push(chunk)
  drop(req, BODY_HEADERS)
  req.method = 'GET'
  return Buffer.concat(chunks).toString('utf8')
}

/** @param {import('node:http').IncomingMessage} req @param {string[]} names */
function drop(req, names) {
  for (const name of names) delete req.headers[name]
  for (let i = req.rawHeaders.length - 2; i >= 0; i -= 2) {
    if (names.includes(req.rawHeaders[i].toLowerCase())) req.rawHeaders.splice(i, 2)
  }
}

/**
 * Next makes a route's response cache for its first request, and after the mode
 * of that one: a resume runs in minimal mode, which stores nothing. So the cache
 * is made before any request.
 * @param {{routeModule?: {getResponseCache?: (req: object) => unknown}}} entry
 */
function prepareResponseCache(entry) {
  entry.routeModule?.getResponseCache?.({})
}

module.exports = { takePostponed, prepareResponseCache }
