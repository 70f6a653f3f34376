'use strict'

/**
 * The handler of `use cache` and `use cache: remote` (next/dist/docs,
 * cacheHandlers.md). Entries and the times at which tags were revalidated are
 * kept by Go, at the other end of the channel, where every instance finds them:
 * nothing is remembered here that another instance could have outdated. Without
 * a channel (during `next build`) entries live in this process.
 *
 * @typedef {{value: ReadableStream<Uint8Array>, tags: string[], stale: number,
 *   timestamp: number, expire: number, revalidate: number}} CacheEntry
 */

/** Next's "for ever", in seconds (next/dist/lib/constants.js, INFINITE_CACHE). */
const FOR_EVER = 0xfffffffe

/** Keeps these entries apart from those of fetch and unstable_cache. */
const PREFIX = 'use-cache:'

/** @type {Map<string, {body: Buffer, entry: Omit<CacheEntry, 'value'>}>} */
const local = new Map()

/** What is being written; a reader of the same process waits for it. @type {Map<string, Promise<void>>} */
const pending = new Map()

/** @returns {{call: Function} | undefined} */
const channel = () => globalThis[Symbol.for('pack.channel')]

/** @param {number} seconds @returns {number | null} */
const lifetime = (seconds) => (Number.isFinite(seconds) && seconds < FOR_EVER ? Math.floor(seconds) : null)

/** @param {Uint8Array} body */
function streamOf(body) {
  return new ReadableStream({
    start(controller) {
      if (body.length > 0) controller.enqueue(new Uint8Array(body))
      controller.close()
    },
  })
}

/** @param {ReadableStream<Uint8Array>} stream @returns {Promise<Buffer>} rejects for a value broken off */
async function drain(stream) {
  const chunks = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** @param {string} key @param {string[]} softTags @returns {Promise<CacheEntry | undefined>} */
async function get(key, softTags) {
  await pending.get(key)
  const go = channel()
  if (!go) {
    const kept = local.get(key)
    if (!kept || Date.now() > kept.entry.timestamp + kept.entry.revalidate * 1000) return undefined
    return { ...kept.entry, value: streamOf(kept.body) }
  }
  const { message, body } = await go.call({ op: 'get', key: PREFIX + key, fetch: true, tags: softTags ?? [] })
  if (!message.found) return undefined
  const { entry, state } = /** @type {any} */ (message)
  return {
    value: streamOf(body),
    tags: entry.tags ?? [],
    stale: Number(entry.headers?.stale ?? 0),
    timestamp: entry.created,
    expire: entry.expire ?? FOR_EVER,
    // Stale for a tag or for its age: to be served, and made anew meanwhile.
    revalidate: state === 'stale' ? -1 : (entry.revalidate ?? FOR_EVER),
  }
}

/** @param {string} key @param {Promise<CacheEntry>} pendingEntry */
async function set(key, pendingEntry) {
  const written = write(key, pendingEntry)
  const settled = written.catch(() => {})
  pending.set(key, settled)
  try {
    await written
  } catch (error) {
    // The answer is on its way already; only the entry is lost.
    console.error('pack: a `use cache` entry was not stored:', error)
  } finally {
    if (pending.get(key) === settled) pending.delete(key)
  }
}

/** @param {string} key @param {Promise<CacheEntry>} pendingEntry */
async function write(key, pendingEntry) {
  const { value, ...entry } = await pendingEntry
  const body = await drain(value)
  // Such a value is made anew for every reader.
  if (entry.expire === 0) return
  const go = channel()
  if (!go) {
    local.set(key, { body, entry })
    return
  }
  const meta = {
    kind: 'USE_CACHE',
    headers: { stale: String(entry.stale) },
    tags: entry.tags,
    created: Math.floor(entry.timestamp),
    revalidate: lifetime(entry.revalidate),
    expire: lifetime(entry.expire),
  }
  await go.call({ op: 'set', key: PREFIX + key, fetch: true, entry: meta, parts: [{ name: 'body', length: body.length }] }, [body])
}

/** @param {string[]} tags @param {{expire?: number}} [durations] seconds; absent: expired at once */
async function updateTags(tags, durations) {
  const go = channel()
  if (!go || tags.length === 0) return
  await go.call({ op: 'revalidate-tag', tags, stale: Boolean(durations), expire: durations?.expire ?? null })
}

module.exports = {
  get,
  set,
  updateTags,
  // Every get asks the shared tag store, so there is nothing to fetch before.
  async refreshTags() {},
  // Soft tags go to get.
  async getExpiration() {
    return Infinity
  },
}
