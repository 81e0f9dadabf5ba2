// `api`: what scripts get, also scripts in a sandbox (node:vm) that must reach nothing of the host through it.
//
// A function of the host's realm leads to everything: f.constructor('return process')(). So do its errors, and so does
// the RangeError of a call that a script made when the stack was nearly used up. Therefore the function that a script
// calls lives in a realm of its own, an island with nothing in it, and has no prototype. It is a proxy: the engine makes
// the array of the arguments in the *caller's* realm, and that tells a caller of the host, which gets PublishError as it
// is, from one in a sandbox, which gets an Error of its own realm with the same properties.
'use strict';

const vm = require('node:vm');

// Runs on the island, as text: nothing of this file can be seen from in there.
/* eslint-disable no-undef */
function island(hostArrayPrototype, hostObjectPrototype) {
  'use strict';
  const { defineProperty, freeze, getPrototypeOf, setPrototypeOf } = Object;
  const { apply } = Reflect;
  // Errors from here have no stack trace. To make one Node.js runs code of the host's, and where the stack is nearly used
  // up, that throws an error of the host's.
  delete Error.stackTraceLimit;
  // Whoever runs out of stack at our door gets an error of the island. It leads to these, so they stay as they are.
  const IslandError = Error;
  for (const type of [Error, RangeError, TypeError, Object, Array, Function]) {
    freeze(type);
    freeze(type.prototype);
  }

  // The caller's Error.prototype. Array.prototype.reduce throws an error of its own realm; where the script has put
  // something else in its place, it deceives nobody but itself.
  function errorPrototypeOf(callersArguments) {
    try {
      apply(getPrototypeOf(callersArguments).reduce, undefined, callersArguments);
    } catch (error) {
      if (typeof error === 'object' && error !== null) return getPrototypeOf(getPrototypeOf(error));
    }
    return null;
  }

  function isOfHost(value) {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
    for (let at = getPrototypeOf(value); at !== null; at = getPrototypeOf(at)) {
      if (at === hostObjectPrototype) return true;
    }
    return false;
  }

  function put(error, name, value, enumerable) {
    defineProperty(error, name, { __proto__: null, value, writable: true, configurable: true, enumerable });
  }

  function copyOf(error, prototype) {
    const copy = setPrototypeOf(new IslandError(error.message), prototype);
    put(copy, 'name', error.name, false);
    put(copy, 'stack', `${error.name}: ${error.message}`, false);
    return copy;
  }

  // `error` is the host's, with data properties only.
  function forSandbox(error, callersArguments) {
    const prototype = errorPrototypeOf(callersArguments);
    const copy = copyOf(error, prototype);
    if (error.status === undefined) return copy;  // not one of ours: the stack was used up
    put(copy, 'code', error.code, true);
    put(copy, 'retryable', error.retryable, true);
    put(copy, 'status', freeze({ __proto__: null, code: error.status.code, message: error.status.message }), true);
    const cause = error.cause;
    if (cause !== undefined) put(copy, 'cause', isOfHost(cause) ? copyOf(cause, prototype) : cause, false);
    return copy;
  }

  return function makeApi(publish) {
    const target = freeze(setPrototypeOf(() => {}, null));
    const publishAsync = new Proxy(target, {
      __proto__: null,
      apply(_target, _this, given) {
        try {
          return publish(given[0], given[1], given[2], given[3], given[4]);
        } catch (error) {
          throw getPrototypeOf(given) === hostArrayPrototype ? error : forSandbox(error, given);
        }
      },
    });
    const v1 = freeze({ __proto__: null, publishAsync });
    const events = freeze({ __proto__: null, v1 });
    return freeze({ __proto__: null, events });
  };
}
/* eslint-enable no-undef */

let makeOnIsland;

// {events: {v1: {publishAsync}}}, frozen; publishAsync calls publish(kafkaId, topic, message, key, headers), which
// returns undefined or throws.
function makeApi(publish) {
  if (makeOnIsland === undefined) {
    const realm = vm.createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } });
    makeOnIsland = vm.runInContext(`(${island})`, realm, { filename: 'ringpost/facade' })(Array.prototype, Object.prototype);
  }
  return makeOnIsland(publish);
}

module.exports = { makeApi };
