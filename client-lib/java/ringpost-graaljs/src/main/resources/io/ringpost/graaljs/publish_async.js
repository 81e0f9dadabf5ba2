// api.events.v1.publishAsync in a context of GraalJS. RingpostApi runs this before any script does, so what is captured here is what the
// engine made, and what scripts do to it later changes nothing. To keep it so, nothing below looks up a method, iterates, or gives a
// descriptor that has a prototype. What is Java's (isSecret, convert, host) stays in closures: no script meets it.
//
// Gives {makeApi, describe}, once for a context: the second time it asks the first one for its own.
(function (secret, isSecret, convert, foreigners) {
  'use strict';

  const { stringify } = JSON;
  const { create, defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf, keys, setPrototypeOf } = Object;
  const { apply } = Reflect;
  const { isArray } = Array;
  const { isView } = ArrayBuffer;
  const { isFinite, isInteger, isSafeInteger, MAX_SAFE_INTEGER, MIN_SAFE_INTEGER } = Number;
  const [RealError, RealTypeError, RealRangeError, RealWeakSet] = [Error, TypeError, RangeError, WeakSet];
  const rangeErrorPrototype = RangeError.prototype;
  const { has: isInSet, add: addToSet } = WeakSet.prototype;
  const { getTime, toISOString } = Date.prototype;
  const [objectPrototype, arrayPrototype, numberPrototype] = [Object.prototype, Array.prototype, Number.prototype];
  // What JSON.stringify would make {} of, without a word.
  const noJsonPrototypes = freeze([Map, Set, WeakMap, WeakSet, ArrayBuffer].map((type) => type.prototype));
  const getter = (prototype, name) => getOwnPropertyDescriptor(prototype, name).get;
  const viewPrototype = getPrototypeOf(Uint8Array.prototype);
  const nameOfView = getter(viewPrototype, Symbol.toStringTag);
  const bufferOfView = getter(viewPrototype, 'buffer');
  const beginOfView = getter(viewPrototype, 'byteOffset');
  const sizeOfView = getter(viewPrototype, 'byteLength');
  const sizeOfBuffer = getter(ArrayBuffer.prototype, 'byteLength');

  const TOO_DEEP = 'cannot stringify objects nested that deep';
  const NO_STACK = 'Maximum call stack size exceeded';
  const SEARCHED_MAX = 10000;
  const INEXACT = 'a Long that no JavaScript number says exactly; convert it to a string';

  const fixed = (value, enumerable) => ({ __proto__: null, value, enumerable, writable: false, configurable: false });

  // The engine gives each kind of foreign object a prototype of its own, which no object of JavaScript's has.
  const foreignPrototypes = [];
  for (let at = 0; at < foreigners.length; ++at) foreignPrototypes.push(getPrototypeOf(foreigners[at]));
  freeze(foreignPrototypes);

  function isForeign(object) {
    const prototype = getPrototypeOf(object);
    for (let at = 0; at < foreignPrototypes.length; ++at) if (prototype === foreignPrototypes[at]) return true;
    return false;
  }

  // Whether `serialise` is at work, which makes Java values what the contract says; otherwise the engine's own ways stay as they are.
  let serialising = false;
  let refused;  // the last value that was refused there: {error, value, why, suffix}

  function refuseValue(value, why, suffix) {
    refused = { error: new RealTypeError(why), value, why, suffix };
    return refused.error;
  }

  // Objects and lists of Java's become these, without prototypes: no toJSON that a script defines has a hand in them.
  function newObject(namesAndValues) {
    const object = create(null);
    for (let at = 0; at < namesAndValues.length; at += 2) object[namesAndValues[at]] = namesAndValues[at + 1];
    return object;
  }

  function newList(values) {
    const list = setPrototypeOf([], null);
    for (let at = 0; at < values.length; ++at) list[at] = values[at];
    return list;
  }

  function converted(value) {
    const found = convert(value, newObject, newList);
    if (found.length === 1) return found[0];
    throw refuseValue(value, found[0], found[1]);
  }

  function giveToJson(prototype) {
    const above = getPrototypeOf(prototype);
    const { toJSON } = {
      toJSON(key) {
        if (serialising) return converted(this);
        if (isSecret(this)) return inner;
        const inherited = above === null ? undefined : above.toJSON;
        return typeof inherited === 'function' ? apply(inherited, this, [key]) : this;
      },
    };
    defineProperty(prototype, 'toJSON', fixed(freeze(toJSON), false));
  }

  // A Long of Java's is a number to scripts, but shows all its digits.
  function isInexactLong(number) {
    if (!isFinite(number)) return false;
    try {
      return stringify(number) !== `${number}`;
    } catch (error) {
      return true;
    }
  }

  const isLarge = (value) => typeof value === 'number' && (value > MAX_SAFE_INTEGER || value < MIN_SAFE_INTEGER);

  // The replacer for messages with numbers beyond 2^53 in them.
  function exactly(key, value) {
    if (!isLarge(value)) return value;
    if (getPrototypeOf(value) !== numberPrototype) return converted(value);
    if (isInexactLong(value)) throw refuseValue(value, INEXACT, '');
    return value;
  }

  function refuseNoJson(message) {
    if (getPrototypeOf(message) === arrayPrototype || isForeign(message)) return;
    let isNoJson = isView(message);
    for (let prototype = getPrototypeOf(message); prototype !== null && !isNoJson; prototype = getPrototypeOf(prototype)) {
      for (let at = 0; at < noJsonPrototypes.length; ++at) if (prototype === noJsonPrototypes[at]) isNoJson = true;
    }
    if (isNoJson) throw new RealTypeError('a Map, a Set and bytes are no JSON; convert it first');
  }

  function isPlain(object) {
    const prototype = getPrototypeOf(object);
    return prototype === null || prototype === objectPrototype || (getPrototypeOf(prototype) === null && !isArray(object));
  }

  // What a key or a header of the script's is: its kind, and what is in it. Bytes: the buffer, where they begin, how many they are.
  function describe(value) {
    switch (typeof value) {
      case 'undefined': return ['undefined'];
      case 'string': return ['a string', value];
      case 'boolean': return ['a boolean', `${value}`];
      case 'bigint': return ['a bigint', `${value}`];
      case 'number': return ['a number', `${value}`, isSafeInteger(value) || (isInteger(value) && isInexactLong(value))];
      case 'symbol': return ['a symbol'];
      case 'function': return ['a function'];
    }
    if (value === null) return ['null'];
    if (isArray(value)) return ['an array'];
    if (apply(nameOfView, value, []) === 'Uint8Array') {
      return ['bytes', apply(bufferOfView, value, []), apply(beginOfView, value, []), apply(sizeOfView, value, [])];
    }
    const size = orUndefined(sizeOfBuffer, value);
    if (size !== undefined) return ['bytes', value, 0, size];
    if (orUndefined(getTime, value) !== undefined) return ['a Date', apply(toISOString, value, [])];
    return ['an object', isPlain(value)];
  }

  // Of what has not that nature, undefined.
  function orUndefined(ofThatNature, value) {
    try {
      return apply(ofThatNature, value, []);
    } catch (error) {
      return undefined;
    }
  }

  // Where in a message the first value is that `isIt`, for an error to say so; what getters and toJSON give is not looked at.
  function pathTo(isIt, message) {
    const seen = new RealWeakSet();
    let left = SEARCHED_MAX;
    function search(value, path) {
      if (isIt(value)) return path;
      if (typeof value !== 'object' || value === null || isForeign(value) || apply(isInSet, seen, [value])) return undefined;
      apply(addToSet, seen, [value]);
      const isList = isArray(value);
      const names = keys(value);
      for (let at = 0; at < names.length && left-- > 0; ++at) {
        const name = names[at];
        const found = search(getOwnPropertyDescriptor(value, name).value, path + (isList ? `[${name}]` : `.${name}`));
        if (found !== undefined) return found;
      }
      return undefined;
    }
    return search(message, '');
  }

  function orNoPath(isIt, message) {
    try {
      return pathTo(isIt, message);
    } catch (error) {
      return undefined;
    }
  }

  // Whether the engine could not go so deep; a RangeError of the script's own is a cause like others.
  function isNesting(thrown) {
    if (typeof thrown !== 'object' || thrown === null || getPrototypeOf(thrown) !== rangeErrorPrototype) return false;
    const message = getOwnPropertyDescriptor(thrown, 'message');
    return message !== undefined && (message.value === TOO_DEEP || message.value === NO_STACK);
  }

  // The error for a call that threw: an Error of this realm's, with plain values. `text`: there is one, JSON.stringify is done.
  function errorOf(host, thrown, text, kafkaId, topic, message) {
    let found;
    if (refused !== undefined && thrown === refused.error) {
      const { value, why, suffix } = refused;
      refused = undefined;
      found = host.refuseValue(kafkaId, topic, (orNoPath((other) => other === value, message) || '') + suffix, why);
    } else {
      const isSerialising = text === undefined;
      const path = isSerialising ? orNoPath((value) => isLarge(value) && isInexactLong(value), message) : undefined;
      found = path !== undefined ? host.refuseValue(kafkaId, topic, path, INEXACT)
        : host.refuse(isSerialising, isSerialising && isNesting(thrown), thrown, kafkaId, topic, message);
    }
    const error = new RealError(found[0]);
    defineProperty(error, 'name', fixed('PublishError', false));
    defineProperty(error, 'code', fixed(found[1], true));
    defineProperty(error, 'retryable', fixed(found[2], true));
    defineProperty(error, 'status', fixed(freeze({ code: found[3], message: found[0] }), true));
    if (found[4]) defineProperty(error, 'cause', fixed(thrown, false));
    return error;
  }

  // Where the stack ends meanwhile, Java's own error of that must not get out.
  function errorOrOverflow(host, thrown, text, kafkaId, topic, message) {
    try {
      return errorOf(host, thrown, text, kafkaId, topic, message);
    } catch (overflow) {
      return isForeign(overflow) ? new RealRangeError(NO_STACK) : overflow;
    }
  }

  function makeApi({ publish, publishLookedAt, refuse, refuseValue: refuseValueOf }) {
    const host = { __proto__: null, refuse, refuseValue: refuseValueOf };

    const { publishAsync } = {
      // Each step here is interpreted, at 20 to 100 ns; what can be done in Java is. First everything in which code of the script's may run
      // (toJSON, getters), then the publish, in which none does.
      publishAsync(kafkaId, topic, message, key, headers) {
        const outer = serialising;
        let text;
        try {
          serialising = true;
          if (typeof message === 'object' && message !== null && getPrototypeOf(message) !== objectPrototype) refuseNoJson(message);
          text = stringify(message);
          serialising = outer;
          const hasLargeNumbers = headers === undefined ? publish(kafkaId, topic, text, key)
            : publish(kafkaId, topic, text, key, headers, headers !== null && getPrototypeOf(headers) === objectPrototype);
          if (hasLargeNumbers !== null) {
            text = undefined;
            serialising = true;
            text = stringify(message, exactly);
            serialising = outer;
            publishLookedAt(hasLargeNumbers, text);
          }
        } catch (thrown) {
          serialising = outer;
          throw errorOrOverflow(host, thrown, text, kafkaId, topic, message);
        }
      },
    };
    setPrototypeOf(publishAsync, null);
    const holding = (name, value) => freeze(defineProperty(create(null), name, fixed(value, true)));
    return holding('events', holding('v1', holding('publishAsync', freeze(publishAsync))));
  }

  const inner = freeze({ __proto__: null, makeApi, describe });
  if (foreignPrototypes[0] === null) return undefined;
  const known = getOwnPropertyDescriptor(foreignPrototypes[0], 'toJSON');
  if (known !== undefined) return apply(known.value, secret, []);
  foreignPrototypes.forEach(giveToJson);
  return inner;
})
