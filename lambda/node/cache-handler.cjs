'use strict'

/**
 * Next's `cacheHandler` (next/dist/docs, incrementalCacheHandlerPath.md): turns
 * Next's cache values into entries of named parts and back. Where they are kept
 * and whether they are fresh is decided by Go, at the other end of the channel.
 * Without a channel (during `next build`) entries live in this process.
 *
 * @typedef {{name: string, body: Buffer}} Part
 * @typedef {{kind: string, status?: number, headers?: Record<string, unknown>, tags?: string[],
 *   created?: number, revalidate?: number | null, expire?: number | null, value?: unknown}} Meta
 */

const TAGS_HEADER = 'x-next-cache-tags'
const LONG_AGO = -1e15

/** @type {Map<string, {lastModified: number, value: any, cacheControl: any}>} */
const local = new Map()

/** The values that get has given: not to be stored again. @type {WeakSet<object>} */
const given = new WeakSet()

/** @returns {{call: Function} | undefined} */
const channel = () => globalThis[Symbol.for('pack.channel')]

/** The key that the present invocation is to render anew (server.cjs). @returns {unknown} */
const refreshed = () => globalThis[Symbol.for('@next/request-context')]?.get?.()?.refresh

module.exports = class CacheHandler {
  constructor() {
    // Next makes one handler per request: what the request renders is as old as
    // its beginning, so that a tag revalidated meanwhile counts against it.
    this.started = Date.now()
  }

  /**
   * @param {string} key opaque
   * @param {{kind?: string, tags?: string[], softTags?: string[]}} ctx
   */
  async get(key, ctx) {
    const go = channel()
    if (!go) return local.get(key) ?? null
    const fetch = ctx.kind === 'FETCH'
    if (!fetch && refreshed() === key) return null
    const tags = fetch ? [...(ctx.tags ?? []), ...(ctx.softTags ?? [])] : []
    const { message, body } = await go.call({ op: 'get', key, fetch, tags })
    if (!message.found) return null
    const entry = fromEntry(/** @type {any} */ (message), body)
    if (entry.value) given.add(entry.value)
    return entry
  }

  /**
   * @param {string} key
   * @param {any} value null: the page answered notFound
   * @param {{fetchCache?: boolean, tags?: string[], cacheControl?: {revalidate?: number | false, expire?: number}}} ctx
   */
  async set(key, value, ctx) {
    const go = channel()
    if (!go) {
      if (value) local.set(key, { lastModified: Date.now(), value, cacheControl: ctx.cacheControl })
      else local.delete(key)
      return
    }
    // After a render that failed Next would store the old page as if it were new,
    // for some seconds. It is there, and stays what it is.
    if (value && given.has(value)) return
    const { meta, parts } = toEntry(value, ctx, this.started)
    await go.call(
      { op: 'set', key, fetch: Boolean(ctx.fetchCache), entry: meta, parts: parts.map((p) => ({ name: p.name, length: p.body.length })) },
      parts.map((p) => p.body)
    )
  }

  /**
   * @param {string | string[]} tags
   * @param {{expire?: number}} [durations] seconds; absent: expired at once
   */
  async revalidateTag(tags, durations) {
    const list = typeof tags === 'string' ? [tags] : tags
    const go = channel()
    if (!go || list.length === 0) return
    await go.call({ op: 'revalidate-tag', tags: list, stale: Boolean(durations), expire: durations?.expire ?? null })
    // What the same request renders from here on has seen the revalidation.
    this.started = Date.now()
  }

  resetRequestCache() {}
}

/** @param {any} value @param {any} ctx @param {number} created @returns {{meta: Meta, parts: Part[]}} */
function toEntry(value, ctx, created) {
  const control = ctx.cacheControl ?? {}
  /** @type {Meta} */
  const meta = {
    kind: value ? value.kind : 'NOT_FOUND',
    created,
    // Next takes a page without a lifetime for stale after a second.
    revalidate: typeof control.revalidate === 'number' ? control.revalidate : ctx.cacheControl ? null : 1,
    expire: typeof control.expire === 'number' ? control.expire : null,
  }
  /** @type {Part[]} */
  const parts = []
  const part = (name, body) => {
    if (body === undefined || body === null) return
    parts.push({ name, body: Buffer.isBuffer(body) ? body : Buffer.from(body) })
  }
  if (!value) return { meta, parts }
  if (value.headers) {
    const { [TAGS_HEADER]: tags, ...headers } = value.headers
    meta.headers = headers
    if (typeof tags === 'string') meta.tags = tags.split(',')
  }
  meta.status = value.status
  switch (value.kind) {
    case 'APP_PAGE':
      part('html', value.html)
      part('rsc', value.rscData)
      part('postponed', value.postponed)
      for (const [segment, body] of value.segmentData ?? []) part(`segment:${segment}`, body)
      break
    case 'PAGES':
      part('html', value.html)
      part('data', JSON.stringify(value.pageData))
      break
    case 'APP_ROUTE':
      part('body', value.body)
      break
    case 'FETCH':
      meta.tags = value.tags ?? ctx.tags
      meta.revalidate = typeof value.revalidate === 'number' ? value.revalidate : null
      delete meta.headers
      delete meta.status
      part('value', JSON.stringify(value))
      break
    default:
      meta.value = value
  }
  return { meta, parts }
}

/**
 * @param {{entry: Meta, parts: {name: string, length: number}[], state: string}} message
 * @param {Buffer} body
 */
function fromEntry(message, body) {
  const { entry, state } = message
  /** @type {Record<string, Buffer>} */
  const parts = {}
  let offset = 0
  for (const { name, length } of message.parts) {
    parts[name] = body.subarray(offset, offset + length)
    offset += length
  }
  const stale = state === 'stale'
  const expired = state === 'expired'
  if (entry.kind === 'FETCH') {
    // Next compares the age with the call's own revalidate: an entry made stale
    // by a tag must look old to it.
    return { lastModified: stale ? LONG_AGO : entry.created, value: JSON.parse(parts.value.toString()) }
  }
  const cacheControl = { revalidate: entry.revalidate ?? false, expire: entry.expire ?? undefined }
  let lastModified = entry.created ?? 0
  // Next's own word for it: render before answering (file-system-cache.js).
  if (expired) lastModified = -1
  else if (stale && typeof cacheControl.revalidate === 'number') {
    // Older than revalidate, younger than expire.
    lastModified = Math.min(lastModified, Date.now() - cacheControl.revalidate * 1000 - 1)
  } else if (stale) {
    cacheControl.revalidate = 1
    lastModified = Date.now() - 2000
  }
  return { lastModified, cacheControl, value: toValue(entry, parts) }
}

/** @param {Meta} entry @param {Record<string, Buffer>} parts */
function toValue(entry, parts) {
  const headers = { ...entry.headers }
  if (entry.tags?.length) headers[TAGS_HEADER] = entry.tags.join(',')
  const { kind, status } = entry
  switch (kind) {
    case 'NOT_FOUND':
      return null
    case 'APP_PAGE': {
      const segments = Object.keys(parts).filter((name) => name.startsWith('segment:'))
      return {
        kind,
        html: parts.html?.toString() ?? '',
        rscData: parts.rsc,
        postponed: parts.postponed?.toString(),
        headers,
        status,
        segmentData: segments.length
          ? new Map(segments.map((name) => [name.slice('segment:'.length), parts[name]]))
          : undefined,
      }
    }
    case 'PAGES':
      return { kind, html: parts.html?.toString() ?? '', pageData: parts.data ? JSON.parse(parts.data.toString()) : {}, headers, status }
    case 'APP_ROUTE':
      return { kind, body: parts.body ?? Buffer.alloc(0), headers, status }
    default:
      return entry.value
  }
}
