'use strict'

const test = require('node:test')
const assert = require('node:assert/strict')
const http = require('node:http')
const { noteRevalidations, holdBack } = require('./revalidations.cjs')

/**
 * Serves one request and returns its body and what had happened when it was there.
 * @param {(res: http.ServerResponse, call: (op: string, ms: number, fails?: boolean) => Promise<unknown>) => void} handle
 */
async function answer(handle) {
  const done = []
  const server = http.createServer((req, res) => {
    const request = { revalidations: [] }
    const channel = noteRevalidations(
      {
        async call({ op, ms, fails }) {
          await new Promise((resolve) => setTimeout(resolve, ms))
          if (fails) throw new Error('no table')
          done.push(`${op} ${ms}`)
        },
      },
      () => request
    )
    holdBack(res, request)
    handle(res, (op, ms, fails) => channel.call({ op, ms, fails }))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const response = await fetch(`http://127.0.0.1:${server.address().port}/`)
  const seen = [...done] // at the answer's head
  const body = await response.text()
  await new Promise((resolve) => server.close(resolve))
  return { body, seen }
}

test('the answer begins when its tags are written, and not before', async () => {
  const { body, seen } = await answer((res, call) => {
    call('revalidate-tag', 50)
    call('revalidate-tag', 20)
    call('set', 200)
    res.write('do')
    res.end('ne')
  })
  assert.equal(body, 'done')
  assert.deepEqual(seen, ['revalidate-tag 20', 'revalidate-tag 50'])
})

test('one that fails lets the answer go, too, and stays a failure', async () => {
  let failed
  const { body } = await answer((res, call) => {
    call('revalidate-tag', 10, true).catch((error) => (failed = error.message))
    res.end('done')
  })
  assert.equal(body, 'done')
  assert.equal(failed, 'no table')
})

test('an answer without revalidations waits for nothing', async () => {
  const { body, seen } = await answer((res, call) => {
    call('get', 50)
    res.end('done')
  })
  assert.equal(body, 'done')
  assert.deepEqual(seen, [])
})
