'use strict'

const test = require('node:test')
const assert = require('node:assert/strict')
const { Readable } = require('node:stream')
const { takePostponed, prepareResponseCache } = require('./resume.cjs')

/** @param {string} method @param {Record<string, string>} headers @param {string} body */
function request(method, headers, body) {
  return Object.assign(Readable.from([Buffer.from(body)]), { method, headers, rawHeaders: Object.entries(headers).flat() })
}

test('the gateway resumes by a POST, and the page sees a GET', async () => {
  const req = request('POST', { 'next-resume': '1', 'content-length': '7', cookie: 'a=1' }, '5:grüße')
  assert.equal(await takePostponed(req, true), '5:grüße')
  assert.equal(req.method, 'GET')
  assert.deepEqual(req.headers, { cookie: 'a=1' })
  assert.deepEqual(req.rawHeaders, ['cookie', 'a=1'])
})

test('nobody else can', async () => {
  for (const [trusted, method] of [[false, 'POST'], [true, 'GET']]) {
    const req = request(String(method), { 'next-resume': '1', 'x-next-resume-state-length': '3', a: 'b' }, 'state')
    assert.equal(await takePostponed(req, Boolean(trusted)), undefined)
    assert.equal(req.method, method)
    assert.deepEqual(req.headers, { a: 'b' })
    assert.deepEqual(req.rawHeaders, ['a', 'b'])
  }
})

test("a route's response cache is made before its first request", () => {
  const asked = []
  prepareResponseCache({ routeModule: { getResponseCache: (req) => asked.push(req) } })
  prepareResponseCache({})
  assert.deepEqual(asked, [{}])
})
