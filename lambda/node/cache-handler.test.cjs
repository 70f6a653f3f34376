'use strict'

const test = require('node:test')
const assert = require('node:assert/strict')
const CacheHandler = require('./cache-handler.cjs')

const CHANNEL = Symbol.for('pack.channel')

/** Go's side, as a map. */
function store() {
  const entries = new Map()
  const calls = []
  globalThis[CHANNEL] = {
    async call(message, bodies = []) {
      calls.push(message)
      if (message.op === 'set') entries.set(message.key, { ...message, body: Buffer.concat(bodies) })
      if (message.op !== 'get') return { message: {}, body: Buffer.alloc(0) }
      const e = entries.get(message.key)
      if (!e) return { message: {}, body: Buffer.alloc(0) }
      return { message: { found: true, state: e.state ?? 'fresh', entry: e.entry, parts: e.parts }, body: e.body }
    },
  }
  return { entries, calls }
}

test.afterEach(() => delete globalThis[CHANNEL])

const page = {
  kind: 'APP_PAGE',
  html: '<p>grüße</p>',
  rscData: Buffer.from([1, 2, 3]),
  postponed: undefined,
  headers: { 'x-nextjs-stale-time': '300', 'x-next-cache-tags': 'a,b' },
  status: 200,
  segmentData: new Map([['/_tree', Buffer.from('tree')], ['/x/__PAGE__', Buffer.from('page')]]),
}

test('an app page comes back as it went in', async () => {
  store()
  const handler = new CacheHandler()
  await handler.set('/k', page, { cacheControl: { revalidate: 60, expire: 3600 } })
  const got = await handler.get('/k', { kind: 'APP_PAGE' })
  assert.deepEqual(got.cacheControl, { revalidate: 60, expire: 3600 })
  assert.deepEqual({ ...got.value }, page)
})

test('tags leave the headers and become the entry\'s', async () => {
  const { entries } = store()
  await new CacheHandler().set('/k', page, { cacheControl: { revalidate: false } })
  const { entry } = entries.get('/k')
  assert.deepEqual(entry.tags, ['a', 'b'])
  assert.deepEqual(entry.headers, { 'x-nextjs-stale-time': '300' })
  assert.equal(entry.revalidate, null)
})

test('pages, route handlers, redirects and notFound', async () => {
  store()
  const handler = new CacheHandler()
  const values = {
    pages: { kind: 'PAGES', html: '<p/>', pageData: { pageProps: { n: 1 } }, headers: {}, status: 200 },
    route: { kind: 'APP_ROUTE', body: Buffer.from('x'), headers: { 'content-type': 'text/xml', 'x-list': ['1', '2'] }, status: 201 },
    redirect: { kind: 'REDIRECT', props: { pageProps: { __N_REDIRECT: '/a' } } },
  }
  for (const [key, value] of Object.entries(values)) {
    await handler.set(key, value, { cacheControl: { revalidate: 1 } })
    assert.deepEqual({ ...(await handler.get(key, { kind: value.kind })).value }, value)
  }
  await handler.set('gone', null, { cacheControl: { revalidate: 3 } })
  assert.equal((await handler.get('gone', { kind: 'PAGES' })).value, null)
})

test('the data cache asks with all tags and says when something is stale', async () => {
  const { entries, calls } = store()
  const handler = new CacheHandler()
  const value = { kind: 'FETCH', data: { body: 'x' }, revalidate: 10, tags: ['t'] }
  await handler.set('f', value, { fetchCache: true, tags: ['t'] })
  await handler.get('f', { kind: 'FETCH', tags: ['t'], softTags: ['_N_T_/x'] })
  assert.deepEqual(calls.at(-1), { op: 'get', key: 'f', fetch: true, tags: ['t', '_N_T_/x'] })
  entries.get('f').state = 'stale'
  const got = await handler.get('f', { kind: 'FETCH' })
  assert.deepEqual(got.value, value)
  assert.ok((Date.now() - got.lastModified) / 1000 > 0xfffffffe, 'older than any revalidate')
})

test('a stale page looks stale to Next and not expired', async () => {
  const { entries } = store()
  const handler = new CacheHandler()
  for (const control of [{ revalidate: 60, expire: 3600 }, { revalidate: false }]) {
    await handler.set('/k', page, { cacheControl: control })
    entries.get('/k').state = 'stale'
    const { lastModified, cacheControl } = await handler.get('/k', { kind: 'APP_PAGE' })
    const age = (Date.now() - lastModified) / 1000
    assert.ok(age > cacheControl.revalidate)
    assert.ok(cacheControl.expire === undefined || age < cacheControl.expire)
  }
})

test('what is rendered is as old as its request, but not older than a revalidation in it', async () => {
  const { entries } = store()
  const handler = new CacheHandler()
  const { started } = handler
  await new Promise((resolve) => setTimeout(resolve, 5))
  await handler.set('/k', page, {})
  assert.equal(entries.get('/k').entry.created, started)
  await handler.revalidateTag('a')
  await handler.set('/k', page, {})
  assert.ok(entries.get('/k').entry.created > started)
})

test('an expired page looks expired to Next, and is not stored again', async () => {
  const { entries, calls } = store()
  const handler = new CacheHandler()
  await handler.set('/k', page, { cacheControl: { revalidate: 60 } })
  entries.get('/k').state = 'expired'
  const got = await handler.get('/k', { kind: 'APP_PAGE' })
  assert.equal(got.lastModified, -1)
  const before = calls.length
  await handler.set('/k', got.value, { cacheControl: { revalidate: 3 } })
  assert.equal(calls.length, before)
})

test('a page that is being refreshed is hidden from Next', async () => {
  store()
  const context = Symbol.for('@next/request-context')
  const handler = new CacheHandler()
  await handler.set('/k', page, {})
  globalThis[context] = { get: () => ({ refresh: '/k' }) }
  assert.equal(await handler.get('/k', { kind: 'APP_PAGE' }), null)
  globalThis[context] = { get: () => ({}) }
  assert.ok(await handler.get('/k', { kind: 'APP_PAGE' }))
  delete globalThis[context]
})

test('without a channel, during the build, it remembers by itself', async () => {
  const handler = new CacheHandler()
  await handler.set('/build', { kind: 'FETCH', data: {} }, { fetchCache: true })
  assert.equal((await new CacheHandler().get('/build', { kind: 'FETCH' })).value.kind, 'FETCH')
  assert.equal(await handler.get('/none', { kind: 'FETCH' }), null)
})
