'use strict'

/**
 * A global scope of its own has its own Object, Array, Uint8Array and so on.
 * What Node's Web APIs give to the code in it, bytes, errors, parsed JSON, comes
 * from Node's scope; `instanceof` is made to know both.
 */

const vm = require('node:vm')

const NAMES = [
  'Object', 'Function', 'Array', 'Promise', 'Map', 'Set', 'Date', 'RegExp', 'Error', 'AggregateError', 'EvalError',
  'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError', 'ArrayBuffer', 'SharedArrayBuffer', 'DataView',
  'Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array',
  'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array',
]

/** The ordinary meaning of instanceof, for a class that has been given another. */
const ordinary = Function.prototype[Symbol.hasInstance]

/**
 * Makes `instanceof ours` true for what is an instance of theirs too. Classes
 * that extend ours keep the ordinary meaning.
 * @param {Function} ours
 * @param {Function} theirs
 */
function shareInstances(ours, theirs) {
  Object.defineProperty(ours, Symbol.hasInstance, {
    /** @this {Function} @param {unknown} value */
    value(value) {
      return ordinary.call(this, value) || (this === ours && ordinary.call(theirs, value))
    },
    configurable: true,
  })
}

/** @param {vm.Context} scope */
function shareIntrinsics(scope) {
  for (const name of NAMES) shareInstances(vm.runInContext(name, scope), globalThis[name])
}

module.exports = { shareInstances, shareIntrinsics }
