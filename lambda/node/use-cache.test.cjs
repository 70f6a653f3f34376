'use strict'

const test = require('node:test')
const assert = require('node:assert/strict')
const handler = require('./use-cache.cjs')

const CHANNEL = Symbol.for('pack.channel')

/** Go's side, as a map. */
function store() {
  const entries = new Map()
  const calls = []
  globalThis[CHANNEL] = {
    async call(message, bodies = []) {
      calls.push(message)
      if (message.op === 'set') entries.set(message.key, { ...message, body: Buffer.concat(bodies) })
      const e = message.op === 'get' ? entries.get(message.key) : undefined
      if (!e) return { message: {}, body: Buffer.alloc(0) }
      return { message: { found: true, state: e.state ?? 'fresh', entry: e.entry, parts: e.parts }, body: e.body }
    },
  }
  return { entries, calls }
}

test.afterEach(() => delete globalThis[CHANNEL])

/** @param {string} text @param {object} [more] */
const entry = (text, more = {}) => ({
  value: new Response(text).body,
  tags: ['a'],
  stale: 300,
  timestamp: Date.now() + 0.25,
  expire: 3600,
  revalidate: 60,
  ...more,
})

/** @param {{value: ReadableStream}} found */
const text = (found) => new Response(found.value).text()

test('an entry comes back as it went in, as often as it is asked for', async () => {
  const { entries } = store()
  const one = entry('grüße')
  await handler.set('["key"]', Promise.resolve(one))
  for (let i = 0; i < 2; i++) {
    const got = await handler.get('["key"]', ['_N_T_/x'])
    assert.equal(await text(got), 'grüße')
    const { value, ...rest } = got
    assert.deepEqual(rest, { tags: ['a'], stale: 300, timestamp: Math.floor(one.timestamp), expire: 3600, revalidate: 60 })
  }
  assert.deepEqual([...entries.keys()], ['use-cache:["key"]'])
  assert.equal(await handler.get('["other"]', []), undefined)
})

test('soft tags are checked by Go, with every read', async () => {
  const { calls } = store()
  assert.equal(await handler.getExpiration(['_N_T_/x']), Infinity)
  await handler.get('k', ['_N_T_/x'])
  assert.deepEqual(calls, [{ op: 'get', key: 'use-cache:k', fetch: true, tags: ['_N_T_/x'] }])
})

test('what is stale is served and made anew meanwhile', async () => {
  const { entries } = store()
  await handler.set('k', Promise.resolve(entry('x')))
  entries.get('use-cache:k').state = 'stale'
  assert.equal((await handler.get('k', [])).revalidate, -1)
})

test('lifetimes without an end', async () => {
  const { entries } = store()
  await handler.set('k', Promise.resolve(entry('x', { expire: Infinity, revalidate: 0xfffffffe })))
  const { expire, revalidate } = entries.get('use-cache:k').entry
  assert.deepEqual([expire, revalidate], [null, null])
  const got = await handler.get('k', [])
  assert.ok(got.expire > 1e9 && got.revalidate > 1e9)
})

test('what is broken off, fails, or lives for no time is not stored', async () => {
  const { entries } = store()
  const broken = new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array([1]))
      controller.error(new Error('broken off'))
    },
  })
  const complaints = []
  const { error } = console
  console.error = (...words) => complaints.push(words)
  await handler.set('a', Promise.resolve(entry('', { value: broken })))
  await handler.set('b', Promise.reject(new Error('failed')))
  console.error = error
  await handler.set('c', Promise.resolve(entry('x', { expire: 0 })))
  assert.equal(entries.size, 0)
  assert.equal(complaints.length, 2)
})

test('a reader waits for what its process is writing', async () => {
  store()
  let give
  const writing = handler.set('k', new Promise((resolve) => (give = resolve)))
  const reading = handler.get('k', [])
  give(entry('late'))
  await writing
  assert.equal(await text(await reading), 'late')
})

test('tags go to Go with what is known of their end', async () => {
  const { calls } = store()
  await handler.updateTags(['a'], undefined)
  await handler.updateTags(['a'], { expire: 5 })
  await handler.updateTags(['a'], {})
  await handler.updateTags([], undefined)
  assert.deepEqual(calls, [
    { op: 'revalidate-tag', tags: ['a'], stale: false, expire: null },
    { op: 'revalidate-tag', tags: ['a'], stale: true, expire: 5 },
    { op: 'revalidate-tag', tags: ['a'], stale: true, expire: null },
  ])
})

test('without a channel, during the build, it remembers by itself', async () => {
  await handler.set('k', Promise.resolve(entry('built')))
  assert.equal(await text(await handler.get('k', [])), 'built')
  await handler.set('old', Promise.resolve(entry('x', { timestamp: Date.now() - 61_000 })))
  assert.equal(await handler.get('old', []), undefined)
})
