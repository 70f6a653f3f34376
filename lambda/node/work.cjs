'use strict'

/**
 * The post-response work of one invocation: every promise given to waitUntil,
 * those of after() among them. When all have settled, Go is told, with what
 * failed; until then the invocation stays open.
 */
class Work {
  /** @param {string} id @param {{send: (m: object) => void}} channel */
  constructor(id, channel) {
    this.id = id
    this.channel = channel
    this.open = 0
    /** @type {{message: string, ageMs: number}[]} */
    this.failures = []
    this.started = Date.now()
    /** @type {(() => void) | undefined} */
    this.wake = undefined
  }

  /** @param {Promise<unknown>} promise */
  add(promise) {
    this.open++
    Promise.resolve(promise)
      .catch((error) => {
        this.failures.push({ message: error?.stack ?? String(error), ageMs: Date.now() - this.started })
      })
      .finally(() => {
        this.open--
        this.wake?.()
      })
  }

  /** Resolves when nothing is open any more; work may add work. */
  async settle() {
    // after() hands its callbacks over when the response closes, in the same turn or the next.
    await new Promise(setImmediate)
    while (this.open > 0) {
      await new Promise((resolve) => {
        this.wake = () => resolve(undefined)
      })
      await new Promise(setImmediate)
    }
    this.channel.send({ event: 'settled', invocation: this.id, failures: this.failures })
  }
}

module.exports = { Work }
