'use strict'

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { spawnSync } = require('node:child_process')
const { loadEdge } = require('./edge.cjs')

// (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
const ADD = Buffer.from('0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b', 'hex')

/**
 * An archive with one edge route.
 * @param {import('node:test').TestContext} t
 * @param {string} handler the source of an async function
 * @param {object} [more] of the document
 */
async function route(t, handler, more = {}) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'edge-'))
  t.after(() => fs.rmSync(root, { recursive: true }))
  fs.writeFileSync(path.join(root, 'first.js'), 'self.before = 1; self._ENTRIES = {}')
  fs.writeFileSync(path.join(root, 'entry.js'), `_ENTRIES.key = Promise.resolve({ handler: ${handler} })`)
  fs.writeFileSync(path.join(root, 'words.txt'), 'words')
  fs.writeFileSync(path.join(root, 'add.wasm'), ADD)
  const document = { scripts: ['first.js', 'entry.js'], entryKey: 'key', handlerExport: 'handler', ...more }
  fs.writeFileSync(path.join(root, 'route.json'), JSON.stringify(document))
  const run = await loadEdge(root, 'route.json')
  return (url = 'http://shop.example/', init = {}) => run(new Request(url, init), {})
}

/** @param {import('node:test').TestContext} t @param {string} expression */
const evaluated = async (t, expression, more = {}) =>
  (await (await route(t, `async (request) => Response.json(await (${expression}) ?? null)`, more))()).json()

test('scripts share a scope of their own', async (t) => {
  assert.equal(await evaluated(t, 'before'), 1)
  assert.equal('before' in globalThis, false)
  assert.equal(await evaluated(t, 'self === globalThis && typeof global'), 'undefined')
})

test('code cannot be made from text', async (t) => {
  for (const source of ["(0, eval)('1')", "new Function('return 1')()", "Function('return 1')()"]) {
    assert.equal(
      await evaluated(t, `(() => { try { return ${source} } catch (e) { return String(e) } })()`),
      'EvalError: Code generation from strings disallowed for this context'
    )
  }
})

test('Node.js is refused by name', async (t) => {
  const said = await evaluated(t, `['process.cwd', 'setImmediate', 'CompressionStream'].map((name) => {
    try { name === 'process.cwd' ? process.cwd() : new globalThis[name]() } catch (e) { return e.message.split('\\n')[0] }
  })`)
  assert.deepEqual(said, ['process.cwd', 'setImmediate', 'CompressionStream'].map(
    (name) => `A Node.js API is used (${name}) which is not supported in the Edge Runtime.`
  ))
  assert.equal(await evaluated(t, "(() => { try { require('node:fs') } catch (e) { return e.message } })()"), 'Native module not found: node:fs')
  assert.equal(await evaluated(t, "require('node:buffer').Buffer.from('x').toString('hex')"), '78')
})

test('assets, modules and environment are the route\'s own', async (t) => {
  assert.equal(await evaluated(t, "fetch('blob:a/words.txt').then((r) => r.text())", { assets: { 'a/words.txt': 'words.txt' } }), 'words')
  assert.equal(await evaluated(t, 'WebAssembly.instantiate(wasm_add).then((i) => i.exports.add(2, 3))', { wasm: { wasm_add: 'add.wasm' } }), 5)
  assert.equal(await evaluated(t, '[process.env.ONLY_HERE, process.env.NEXT_RUNTIME, process.env.PATH === undefined].join()', { env: { ONLY_HERE: 'yes' } }), 'yes,edge,false')
})

test('instances of Node\'s scope are instances here, subclasses stay apart', async (t) => {
  assert.deepEqual(
    await evaluated(t, `(async () => {
      class Mine extends Error {}
      const error = await fetch('ftp://x').catch((e) => e)
      return [new TextEncoder().encode('x') instanceof Uint8Array, error instanceof TypeError, error instanceof Error, error instanceof Mine,
        new Mine() instanceof Mine, new Mine() instanceof Error, new Mine() instanceof TypeError, Response.json({}) instanceof Response, request instanceof Request]
    })()`),
    [true, true, true, false, true, true, false, true, true]
  )
})

test('addresses are absolute, in Next\'s words', async (t) => {
  for (const source of ["new Request('/x')", "Response.redirect('/x')"]) {
    assert.match(await evaluated(t, `(() => { try { ${source} } catch (e) { return e.message } })()`), /^URL is malformed "\/x"\. Please use only absolute URLs/)
  }
})

test('timers are numbers and bodies stream without being told to', async (t) => {
  assert.equal(await evaluated(t, 'typeof setTimeout(() => {}, 0)'), 'number')
  assert.equal(await evaluated(t, "new Promise((done) => { clearTimeout(setTimeout(() => done('late'), 5)); setTimeout(() => done('in time'), 10) })"), 'in time')
  assert.equal(await evaluated(t, "new Request('http://x.example/', { method: 'POST', body: new Blob(['body']).stream() }).text()"), 'body')
})

test('a promise that nobody handles is reported to the scope and ends nothing', async (t) => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'edge-'))
  t.after(() => fs.rmSync(root, { recursive: true }))
  fs.writeFileSync(path.join(root, 'entry.js'), `self._ENTRIES = { key: { handler: () => new Promise((done) => {
    addEventListener('unhandledrejection', (event) => done(event.reason.message))
    Promise.reject(new Error('nobody cares'))
  }) } }`)
  fs.writeFileSync(path.join(root, 'route.json'), JSON.stringify({ scripts: ['entry.js'], entryKey: 'key', handlerExport: 'handler' }))
  // The test runner has handlers of its own.
  const main = `require(${JSON.stringify(require.resolve('./edge.cjs'))}).loadEdge(${JSON.stringify(root)}, 'route.json')
    .then((run) => run(new Request('http://x.example/'), {})).then((reason) => console.log('reported', reason))`
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', main], { encoding: 'utf8' })
  assert.equal(stdout, 'reported nobody cares\n')
  assert.match(stderr, /nobody cares/)
})

test('an entry without its handler is an error with its name', async (t) => {
  await assert.rejects(route(t, 'async () => {}', { handlerExport: 'other' }), /key exports no other/)
})
