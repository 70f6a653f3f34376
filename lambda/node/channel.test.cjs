'use strict'

const test = require('node:test')
const assert = require('node:assert/strict')
const { PassThrough } = require('node:stream')
const { Channel } = require('./channel.cjs')

/** A channel whose socket is two pipes: what it wrote, and a way to feed it. */
function pair() {
  const channel = Object.create(Channel.prototype)
  const written = []
  Object.assign(channel, {
    chunks: [],
    buffered: 0,
    next: 1,
    waiting: new Map(),
    socket: Object.assign(new PassThrough(), { cork() {}, uncork() {} }),
  })
  channel.socket.on('data', (b) => written.push(b))
  return { channel, written: () => Buffer.concat(written) }
}

function frame(message, body = Buffer.alloc(0)) {
  const json = Buffer.from(JSON.stringify(message))
  const head = Buffer.alloc(8)
  head.writeUInt32BE(json.length, 0)
  head.writeUInt32BE(body.length, 4)
  return Buffer.concat([head, json, body])
}

test('a call is answered by the frame with its id, however the bytes arrive', async () => {
  for (const size of [1, 3, 7, 1000]) {
    const { channel } = pair()
    const first = channel.call({ op: 'get' })
    const second = channel.call({ op: 'get' })
    const bytes = Buffer.concat([
      frame({ re: 2, found: false }),
      frame({ re: 1, found: true }, Buffer.from('körper')),
    ])
    for (let i = 0; i < bytes.length; i += size) channel.receive(bytes.subarray(i, i + size))
    assert.equal((await second).message.found, false)
    assert.equal((await first).body.toString(), 'körper')
  }
})

test('an error from Go rejects the call', async () => {
  const { channel } = pair()
  const call = channel.call({ op: 'set' })
  channel.receive(frame({ re: 1, error: 'disk full' }))
  await assert.rejects(call, /disk full/)
})

test('bodies follow the message', async () => {
  const { channel, written } = pair()
  channel.call({ op: 'set' }, [Buffer.from('a'), Buffer.alloc(0), Buffer.from('bc')])
  await new Promise(setImmediate)
  assert.deepEqual(written(), frame({ op: 'set', id: 1 }, Buffer.from('abc')))
})
