'use strict'

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { keepErrorReports } = require('./instrumentation.cjs')

/** @param {import('node:test').TestContext} t @param {string} source */
function build(t, source) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'instrumentation-'))
  t.after(() => fs.rmSync(dir, { recursive: true }))
  fs.mkdirSync(path.join(dir, 'server'))
  const file = path.join(dir, 'server', 'instrumentation.js')
  fs.writeFileSync(file, source)
  return file
}

const hooks = `{ register() { return 'registered' }, async onRequestError(error) { await 0; globalThis.reports.push(error); if (error === 'bad') throw new Error('report failed') } }`

for (const [name, source] of Object.entries({
  'a module': `module.exports = ${hooks}`,
  'a default export': `module.exports = { __esModule: true, default: ${hooks} }`,
  'an asynchronous module': `module.exports = Promise.resolve(${hooks})`,
})) {
  test(`${name}: reports are waited for`, async (t) => {
    /** @type {Promise<unknown>[]} */
    const work = []
    globalThis.reports = []
    t.after(() => delete globalThis.reports)
    const file = build(t, source)
    keepErrorReports(file, () => ({ waitUntil: (promise) => work.push(promise) }))
    const loaded = await require(file)
    const module = loaded.default ?? loaded
    assert.equal(module.register(), 'registered')
    await module.onRequestError('one')
    await assert.rejects(module.onRequestError('bad'), /report failed/)
    assert.equal(work.length, 2)
    await Promise.all(work)
    assert.deepEqual(globalThis.reports, ['one', 'bad'])
  })
}

test('without the hook or a request nothing changes', async (t) => {
  const plain = build(t, 'module.exports = { register() {} }')
  keepErrorReports(plain, () => undefined)
  assert.deepEqual(Object.keys(require(plain)), ['register'])
  const outside = build(t, 'module.exports = { async onRequestError() { return 1 } }')
  keepErrorReports(outside, () => undefined)
  assert.equal(await require(outside).onRequestError(), 1)
})
