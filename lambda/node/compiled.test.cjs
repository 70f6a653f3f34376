'use strict'

const test = require('node:test')
const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { Compiled, supported } = require('./compiled.cjs')

/** What the entry of an app may do, and its answers. */
const FILES = {
  'entry.js': `'use strict'
    const path = require('path')
    const answers = {}
    const ask = (name, question) => {
      try { answers[name] = question() } catch (error) { answers[name] = told(error) }
    }
    const told = (error) => ({
      name: error.name, code: error.code, message: error.message, requireStack: error.requireStack,
      stack: error.stack.split('\\n').find((line) => line.startsWith('    at ') && line.includes(__dirname)),
    })
    ask('own file', () => require('./lib/reader')())
    ask('a package by its exports', () => [require('pkg').name, require('pkg/deep').name])
    ask('a package of a package', () => require('pkg').inner)
    ask('JSON', () => require('./data.json'))
    ask('broken JSON', () => require('./broken.json'))
    ask('computed', () => ['a', 'b'].map((name) => require('./lib/' + name)))
    ask('resolved', () => [require.resolve('pkg'), require.resolve('./lib/a'), require.resolve('fs'), require.resolve('node:fs')])
    ask('resolved from elsewhere', () => require.resolve('inner', { paths: [path.join(__dirname, 'node_modules', 'pkg')] }))
    ask('where packages are', () => require.resolve.paths('pkg').slice(0, 2))
    ask('a folder named as what every object has', () => [require('./constructor/toString'), Object.keys(Object)])
    ask('nowhere', () => require('./nowhere'))
    ask('no name', () => require.resolve(1))
    ask('once', () => require('./lib/counter') === require('./lib/counter'))
    ask('anew', () => {
      const first = require('./lib/counter')
      delete require.cache[require.resolve('./lib/counter')]
      return [first.count, require('./lib/counter').count]
    })
    ask('family', () => [require('./lib/family'), module.children.length, require('./lib/family').main === require.main])
    ask('circle', () => require('./lib/circle'))
    ask('throws', () => require('./lib/throws'))
    ask('throws later', () => require('./lib/line').fail())
    ask('is no JavaScript', () => require('./lib/mistake'))
    ask('with a line for the shell', () => require('./lib/shell'))
    ask('begins with a mark', () => require('./lib/marked'))
    ask('scope', () => require('./lib/scope'))
    ask('text', () => require('./lib/line').fail.toString())
    ask('an addon that is none', () => { try { require('./lib/addon.node') } catch (error) { return error.code } })
    ask('an ES module', () => Object.keys(require('./lib/module.mjs')))
    ask('an ES module by its syntax', () => Object.keys(require('./lib/syntax')))
    module.exports = async () => {
      answers.imported = await require('./lib/imports')()
      return answers
    }`,
  'lib/reader.js': `module.exports = () => [__filename, __dirname, require('fs').readFileSync(__filename, 'utf8').length]`,
  'lib/a.js': `exports.name = 'a'`,
  'lib/b.js': `exports.name = 'b' // without an end of line`,
  'lib/counter.js': `globalThis.counted = (globalThis.counted ?? 0) + 1; exports.count = globalThis.counted`,
  'lib/family.js': `exports.parent = module.parent.filename; exports.path = module.path; exports.id = module.id; exports.loaded = module.loaded; Object.defineProperty(exports, 'main', { value: require.main })`,
  'lib/circle.js': `exports.before = true; exports.other = require('./circled').seen; exports.after = true`,
  'lib/circled.js': `exports.seen = { ...require('./circle') }`,
  'lib/throws.js': `\n\nthrow new TypeError('from the module')`,
  'lib/line.js': `exports.fail = () => { throw new Error('on one line') }; exports.never = () => { return 1 }`,
  'lib/mistake.js': `exports.a = 1\nexports.b = ]`,
  'lib/shell.js': `#!/usr/bin/env node\nexports.shell = true`,
  'lib/marked.js': `\ufeffexports.marked = true`,
  'lib/scope.js': `'use strict'\nexports.scope = [this === exports, arguments.length, typeof undeclared, (function () { return this })() === undefined]`,
  'lib/addon.node': 'no addon',
  'lib/module.mjs': `export const one = 1; export default 2`,
  'lib/syntax.js': `export const three = 3`,
  'lib/imports.js': `module.exports = async () => {
    const own = await import('./module.mjs')
    const ordinary = await import('./a.js')
    const builtin = await import('node:path')
    const packaged = await import('pkg')
    return [own.one, ordinary.default.name, typeof builtin.join, packaged.default.name, packaged.default === require('pkg')]
  }`,
  'constructor/toString.js': `exports.other = require('./valueOf').name`,
  'constructor/valueOf.js': `exports.name = __filename`,
  'data.json': `{"answer": 42}`,
  'broken.json': `{"answer":`,
  'node_modules/pkg/package.json': `{"name": "pkg", "exports": {".": {"import": "./main.js", "require": "./main.js"}, "./deep": "./lib/deep.js"}}`,
  'node_modules/pkg/main.js': `exports.name = 'pkg'; exports.inner = require('inner').name`,
  'node_modules/pkg/lib/deep.js': `exports.name = 'deep'`,
  'node_modules/pkg/node_modules/inner/package.json': `{"name": "inner", "main": "it"}`,
  'node_modules/pkg/node_modules/inner/it.js': `exports.name = 'inner'`,
}

/** Runs the entry, and writes what was taken. */
const RUN = `
  const fs = require('fs')
  const path = require('path')
  const [root, given, status, version] = process.argv.slice(2)
  const { Compiled } = require(${JSON.stringify(path.join(__dirname, 'compiled.cjs'))})
  const compiled = given && new Compiled(root, version, fs.existsSync(given) ? fs.readFileSync(given) : undefined)
  if (compiled) compiled.install()
  require(path.join(root, 'entry.js'))().then((answers) => {
    const modules = compiled ? [...compiled.scripts].map(([name, { taken }]) => [name, taken]) : []
    const taken = compiled && compiled.take(Number(status))
    if (taken) fs.writeFileSync(given, Buffer.concat(taken))
    console.log(JSON.stringify({ answers, modules, gave: Boolean(taken) }))
  })
`

/** @param {import('node:test').TestContext} t */
function app(t) {
  const dir = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'compiled-')))
  t.after(() => fs.rmSync(dir, { recursive: true }))
  const root = path.join(dir, 'app')
  for (const [name, content] of Object.entries(FILES)) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
    fs.writeFileSync(path.join(root, name), content)
  }
  fs.writeFileSync(path.join(dir, 'run.cjs'), RUN)
  const code = path.join(dir, 'code')
  const run = (given = code, status = 200, version = '1') => {
    const { stdout, stderr } = spawnSync(process.execPath, [path.join(dir, 'run.cjs'), root, given, String(status), version], { encoding: 'utf8' })
    const result = JSON.parse(stdout || JSON.stringify(stderr))
    return { ...result, modules: new Map(result.modules), warnings: stderr.replaceAll(/\(node:\d+\)/g, '') }
  }
  return { root, code, run }
}

test('modules do the same with and without it', (t) => {
  assert.ok(supported)
  const { run } = app(t)
  const plain = run('')
  for (const instance of ['the first', 'the second']) {
    const { answers, warnings } = run()
    assert.deepEqual(answers, plain.answers, instance)
    assert.equal(warnings, plain.warnings, instance)
  }
  assert.match(plain.answers.throws.stack, /throws\.js:3:7/)
  assert.match(plain.answers['throws later'].stack, /line\.js:1:\d+/)
})

test('the second instance compiles nothing anew and gives nothing', (t) => {
  const { run } = app(t)
  const first = run()
  assert.ok(first.gave)
  assert.ok(first.modules.size > 15)
  assert.ok([...first.modules.values()].every((taken) => !taken))
  const second = run()
  assert.deepEqual([...second.modules.keys()], [...first.modules.keys()])
  assert.deepEqual([...second.modules].filter(([, taken]) => !taken), [])
  assert.equal(second.gave, false)
})

test('a changed file is compiled as it is, and found where it was', (t) => {
  const { root, run } = app(t)
  run()
  const file = path.join(root, 'lib', 'a.js')
  fs.writeFileSync(file, `exports.name = 'c'`)
  const { answers, modules } = run()
  assert.deepEqual(answers.computed, [{ name: 'c' }, { name: 'b' }])
  assert.equal(modules.get('lib/a.js'), false)
  assert.equal(modules.get('lib/b.js'), true)
})

test('a redirect gives what an answer with content replaces, a failure nothing', (t) => {
  const { code, run } = app(t)
  assert.equal(run(code, 500).gave, false)
  assert.equal(run(code, 307).gave, true)
  assert.equal(run(code, 307).gave, false)
  assert.equal(run(code, 200).gave, true)
  assert.equal(run(code, 200).gave, false)
  assert.equal(run(code, 307).gave, false)
})

test('functions that were called are compiled already', (t) => {
  const { root } = app(t)
  const body = Array.from({ length: 500 }, (_, i) => `if (n === ${i}) return ${i}`).join('\n')
  const file = path.join(root, 'big.js')
  const source = `(function () { return function called(n) {\n${body}\n} })`
  const sizes = [false, true].map((calls) => {
    const compiled = new Compiled(root, '1')
    const made = compiled.script(file, source).runInThisContext()()
    if (calls) made(499)
    return Buffer.concat(compiled.take(200) ?? []).length
  })
  assert.ok(sizes[1] > 2 * sizes[0], `${sizes}`)
})

test('modules that only other requests load are not forgotten', (t) => {
  const { root } = app(t)
  const one = path.join(root, 'one.js')
  const two = path.join(root, 'two.js')
  const source = `'${'x'.repeat(20_000)}'`
  const first = new Compiled(root, '1')
  first.script(one, source)
  const second = new Compiled(root, '1', Buffer.concat(first.take(200) ?? []))
  second.script(two, source)
  const third = new Compiled(root, '1', Buffer.concat(second.take(200) ?? []))
  third.script(one, source)
  third.script(two, source)
  assert.deepEqual([...third.scripts.values()].map(({ taken }) => taken), [true, true])
  assert.equal(third.take(200), undefined)
})

test('another version takes the code of what is the same, and finds its files itself', (t) => {
  const { root, code, run } = app(t)
  run()
  fs.writeFileSync(path.join(root, 'lib', 'a.js'), `exports.name = 'c'`)
  // A package's entry is another file, and the one that it was is still there.
  const manifest = path.join(root, 'node_modules/pkg/node_modules/inner/package.json')
  fs.writeFileSync(manifest, '{"name": "inner", "main": "other"}')
  fs.writeFileSync(path.join(path.dirname(manifest), 'other.js'), `exports.name = 'other'`)
  const second = run(code, 307, '2')
  assert.equal(second.answers['a package of a package'], 'other')
  assert.deepEqual(second.answers.computed, [{ name: 'c' }, { name: 'b' }])
  const fresh = [...second.modules].filter(([, taken]) => !taken).map(([name]) => name)
  assert.deepEqual(fresh.sort(), ['lib/a.js', 'node_modules/pkg/node_modules/inner/other.js'])
  assert.ok(second.gave)
  const third = run(code, 200, '2')
  assert.deepEqual(third.answers, second.answers)
  assert.deepEqual([...third.modules].filter(([, taken]) => !taken), [])
  assert.ok(third.gave)
  const kept = fs.readFileSync(code)
  const names = Object.keys(JSON.parse(kept.toString('utf8', 4, 4 + kept.readUInt32BE(0))).code)
  assert.ok(!names.includes('node_modules/pkg/node_modules/inner/it.js'), 'what no file is any more was kept')
})
