'use strict'

/**
 * Revalidations that a request has begun. Next hands those of route handlers to
 * waitUntil and answers meanwhile, which is no matter where tags are in the memory
 * of the one process that there is: here whoever has the answer and asks for the
 * page would still get the old one. So the answer waits for them.
 */

/**
 * @typedef {{revalidations: Promise<unknown>[]}} Request
 * @typedef {{call: (message: {op: string}, bodies?: Buffer[]) => Promise<any>}} Caller
 */

/**
 * Makes the requests of a channel note the tags that they revalidate.
 * @template {Caller} T
 * @param {T} channel
 * @param {() => Request | undefined} present the request that is being answered
 * @returns {T}
 */
function noteRevalidations(channel, present) {
  const call = channel.call
  channel.call = (message, bodies) => {
    const called = call.call(channel, message, bodies)
    if (message.op === 'revalidate-tag') present()?.revalidations.push(called)
    return called
  }
  return channel
}

/**
 * Holds back what is written of an answer while revalidations of its request are
 * under way. Failed ones are reported as the work that they are.
 * @param {import('node:http').ServerResponse} res
 * @param {Request} request more revalidations may come to it
 */
function holdBack(res, { revalidations }) {
  /** @type {(() => void)[]} */
  const held = []
  let waiting = false
  const settle = async () => {
    while (revalidations.length > 0) await Promise.allSettled(revalidations.splice(0))
    waiting = false
    for (const go of held.splice(0)) go()
    res.emit('drain') // for who was told that a write has to wait
  }
  for (const [name, result] of /** @type {const} */ ([['flushHeaders', undefined], ['write', false], ['end', res]])) {
    const original = /** @type {Function} */ (res[name])
    res[name] = /** @type {any} */ (
      (/** @type {any[]} */ ...args) => {
        if (!waiting && revalidations.length === 0) return original.apply(res, args)
        held.push(() => original.apply(res, args))
        if (!waiting) {
          waiting = true
          settle()
        }
        return result
      }
    )
  }
}

module.exports = { noteRevalidations, holdBack }
