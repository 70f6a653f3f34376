'use strict'

/**
 * The channel between the Node child and the Go process that started it: one
 * socket, inherited as a file descriptor, carrying frames both ways.
 *
 * A frame is two big-endian uint32 (length of the JSON, length of the bytes
 * that follow it), the JSON, and the bytes. Calls carry an id and are answered
 * by a frame with the same id in `re`; events carry no id.
 *
 * @typedef {Record<string, unknown>} Message
 */

const net = require('node:net')

const HEAD = 8

class Channel {
  /**
   * @param {number} fd the inherited socket
   * @param {() => unknown} [caller] whose request the present work belongs to:
   *   Go's own words, which every call gives back
   */
  constructor(fd, caller) {
    this.caller = caller
    this.socket = new net.Socket({ fd, readable: true, writable: true })
    /** @type {Buffer[]} */
    this.chunks = []
    this.buffered = 0
    this.next = 1
    /** @type {Map<number, {resolve: (v: {message: Message, body: Buffer}) => void, reject: (e: Error) => void}>} */
    this.waiting = new Map()
    this.socket.on('data', (chunk) => this.receive(chunk))
    // Without Go there is nobody left to serve.
    this.socket.on('close', () => process.exit(0))
    this.socket.on('error', () => process.exit(0))
  }

  /**
   * Sends an event: nothing comes back.
   * @param {Message} message
   */
  send(message) {
    this.write(message, [])
  }

  /**
   * Sends a call and waits for its answer.
   * @param {Message} message
   * @param {Buffer[]} [bodies]
   * @returns {Promise<{message: Message, body: Buffer}>} rejects with the
   *   error that Go reports
   */
  call(message, bodies = []) {
    const id = this.next++
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject })
      this.write({ ...message, id, caller: this.caller?.() }, bodies)
    })
  }

  /** @param {Message} message @param {Buffer[]} bodies */
  write(message, bodies) {
    const json = Buffer.from(JSON.stringify(message))
    const head = Buffer.alloc(HEAD)
    head.writeUInt32BE(json.length, 0)
    head.writeUInt32BE(bodies.reduce((n, b) => n + b.length, 0), 4)
    this.socket.cork()
    this.socket.write(head)
    this.socket.write(json)
    for (const body of bodies) if (body.length > 0) this.socket.write(body)
    this.socket.uncork()
  }

  /** @param {Buffer} chunk */
  receive(chunk) {
    this.chunks.push(chunk)
    this.buffered += chunk.length
    for (;;) {
      if (this.buffered < HEAD) return
      if (this.chunks.length > 1 && this.chunks[0].length < HEAD) this.join()
      const first = this.chunks[0]
      const jsonLength = first.readUInt32BE(0)
      const total = HEAD + jsonLength + first.readUInt32BE(4)
      if (this.buffered < total) return
      if (first.length < total) this.join()
      const frame = this.chunks[0]
      this.chunks[0] = frame.subarray(total)
      this.buffered -= total
      if (this.chunks[0].length === 0) this.chunks.shift()
      this.dispatch(
        JSON.parse(frame.toString('utf8', HEAD, HEAD + jsonLength)),
        frame.subarray(HEAD + jsonLength, total)
      )
    }
  }

  join() {
    this.chunks = [Buffer.concat(this.chunks)]
  }

  /** @param {Message} message @param {Buffer} body */
  dispatch(message, body) {
    const waiter = this.waiting.get(Number(message.re))
    if (!waiter) return
    this.waiting.delete(Number(message.re))
    if (message.error) waiter.reject(new Error(String(message.error)))
    else waiter.resolve({ message, body })
  }
}

module.exports = { Channel }
