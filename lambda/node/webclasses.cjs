'use strict'

/**
 * The Web APIs of the edge runtime that differ from Node's: absolute addresses
 * only, with Next's words for it; bodies that stream without being told to; a
 * fetch that knows the route's assets. Sources: next/dist/server/web/sandbox/
 * context.js and next/dist/server/web/utils.js.
 */

const { shareInstances } = require('./intrinsics.cjs')

/** @param {unknown} url */
function mustBeAbsolute(url) {
  try {
    return String(new URL(String(url)))
  } catch (cause) {
    throw new Error(
      `URL is malformed "${String(url)}". Please use only absolute URLs - https://nextjs.org/docs/messages/middleware-relative-urls`,
      { cause }
    )
  }
}

/** @param {RequestInit & {duplex?: string} | undefined} init */
function streaming(init) {
  return init?.body && !init.duplex ? { ...init, duplex: 'half' } : init
}

const NodeRequest = globalThis.Request
const NodeResponse = globalThis.Response
const nodeFetch = globalThis.fetch

/**
 * New classes for one global scope.
 * @param {(address: string) => Response | undefined} asset finds what fetch is
 *   to answer by itself
 */
function webClasses(asset) {
  class Request extends NodeRequest {
    /** @param {any} input @param {any} [init] */
    constructor(input, init) {
      if (typeof input === 'string') mustBeAbsolute(input)
      super(input, streaming(init))
      /** Next's own options of the data cache. */
      this.next = init?.next
    }
  }
  class Response extends NodeResponse {
    /** @param {string | URL} url @param {number} [status] */
    static redirect(url, status) {
      return NodeResponse.redirect(mustBeAbsolute(url), status)
    }
  }
  shareInstances(Request, NodeRequest)
  shareInstances(Response, NodeResponse)
  class FetchEvent extends Event {
    /** @param {Request} request */
    constructor(request) {
      super('fetch')
      this.request = request
      /** @type {Promise<unknown>[]} */
      this.awaiting = []
    }

    /** @param {Response | Promise<Response>} response */
    respondWith(response) {
      this.response = response
    }

    /** @param {Promise<unknown>} promise */
    waitUntil(promise) {
      this.awaiting.push(promise)
    }
  }
  class PromiseRejectionEvent extends Event {
    /** @param {string} type @param {{promise: Promise<unknown>, reason: unknown}} init */
    constructor(type, init) {
      super(type, { cancelable: true })
      this.promise = init.promise
      this.reason = init.reason
    }
  }
  /** @param {any} input @param {any} [init] */
  async function fetch(input, init = {}) {
    const found = asset(String(input))
    if (found) return found
    const headers = new Headers(input instanceof NodeRequest ? input.headers : undefined)
    new Headers(init.headers).forEach((value, name) => headers.set(name, value))
    if (!headers.has('user-agent')) headers.set('user-agent', 'Next.js Middleware')
    return nodeFetch(input instanceof NodeRequest ? input : String(input), streaming({ ...init, headers }))
  }
  return { Request, Response, FetchEvent, PromiseRejectionEvent, fetch }
}

module.exports = { webClasses }
