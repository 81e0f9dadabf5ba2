// publishAsync's arguments, row by row as the contract has them: from JavaScript's values to the message's text and the
// flat string of everything else (wire.js). Values come from other realms: nothing here is asked with instanceof.
'use strict';

const { types } = require('node:util');
const wire = require('./wire.js');
const { refusal, quoted, kindOf } = require('./publish_error.js');

// Captured when the module is loaded: what a script does to these later changes nothing here.
const { stringify } = JSON;
const { getPrototypeOf, keys } = Object;
const { isArray } = Array;
const { isSafeInteger } = Number;
const { isView } = ArrayBuffer;
const { isMap, isSet, isDate, isAnyArrayBuffer, isUint8Array } = types;
const objectPrototype = Object.prototype;
const arrayPrototype = Array.prototype;
const toIsoString = Function.prototype.call.bind(Date.prototype.toISOString);
const latin1 = Function.prototype.call.bind(Buffer.prototype.latin1Slice);

const kHeaderKinds = 'a string, number, boolean, bigint, Date, bytes, null, or an array of these';

// What JSON.stringify would make {} or a list of numbers of, without a word.
function isNoJson(message) {
  return isMap(message) || isSet(message) || isView(message) || isAnyArrayBuffer(message);
}

function messageText(kafkaId, topic, message) {
  let text;
  try {
    if (typeof message === 'object' && message !== null) {
      const prototype = getPrototypeOf(message);
      if (prototype !== objectPrototype && prototype !== arrayPrototype && isNoJson(message)) {
        throw new TypeError('a Map, a Set and bytes are no JSON; convert it first');
      }
    }
    text = stringify(message);
  } catch (error) {
    throw refusal(kafkaId, topic, 'INVALID_JSON', 'the message can\'t be serialised (`cause` says why)', error);
  }
  if (text !== undefined) return text;
  const what = typeof message === 'object' ? 'its toJSON() gave undefined' : `it is ${kindOf(message)}`;
  throw refusal(kafkaId, topic, 'INVALID_JSON', `the message has no JSON form: ${what}`);
}

const isBytes = (value) => isUint8Array(value) || isAnyArrayBuffer(value);

function flatBytes(value) {
  const copy = new Uint8Array(value);  // asks the object's insides, no property of it
  return wire.bytes(latin1(Buffer.from(copy.buffer), 0, copy.byteLength));
}

function flatKey(kafkaId, topic, key) {
  switch (typeof key) {
    case 'string':
      return wire.text(key);
    case 'undefined':
      return wire.kNull;
    case 'bigint':
      return wire.text(`${key}`);
    case 'number':
      if (isSafeInteger(key)) return wire.text(`${key}`);
      break;
    case 'object':
      if (key === null) return wire.kNull;
      if (isBytes(key)) return flatBytes(key);
      break;
  }
  const what = typeof key === 'number' ? 'a number that is no safe integer' : kindOf(key);
  throw refusal(kafkaId, topic, 'INVALID_ARGUMENT',
    `the key is ${what}; it must be a string, a safe integer, a bigint, bytes, or absent`);
}

// undefined: not one of the kinds that have a text.
function flatScalar(value) {
  switch (typeof value) {
    case 'string':
      return wire.text(value);
    case 'number':
    case 'boolean':
    case 'bigint':
      return wire.text(`${value}`);
    case 'object':
      if (value === null) return wire.kNull;
      if (isBytes(value)) return flatBytes(value);
      return isDate(value) ? wire.text(toIsoString(value)) : undefined;
  }
  return undefined;
}

// Thrown while headers are read, and told there from whatever a getter in them throws.
class UnfitHeader {
  #message;
  constructor(name, value) {
    this.#message = `the header ${quoted(name)} is ${kindOf(value)}; it must be ${kHeaderKinds}`;
  }
  static messageOf(error) {
    return typeof error === 'object' && error !== null && #message in error ? error.#message : undefined;
  }
}

function flatElements(name, values) {
  let flat = '';
  for (let at = 0; at < values.length; ++at) {
    const value = values[at];
    if (value === undefined) continue;
    const one = flatScalar(value);
    if (one === undefined) throw new UnfitHeader(name, value);
    flat += wire.name(name) + one;
  }
  return flat;
}

// An object that was written down as one, in whatever realm; a Map or a Headers would silently be no headers.
function isPlain(object) {
  const prototype = getPrototypeOf(object);
  return prototype === objectPrototype || prototype === null || (getPrototypeOf(prototype) === null && !isArray(object));
}

function flatHeaders(headers) {
  const names = keys(headers);
  let flat = '';
  for (let at = 0; at < names.length; ++at) {
    const name = names[at];
    const value = headers[name];
    if (typeof value === 'string') {
      flat += wire.name(name) + wire.text(value);
    } else if (isArray(value)) {
      flat += flatElements(name, value);
    } else if (value !== undefined) {
      const one = flatScalar(value);
      if (one === undefined) throw new UnfitHeader(name, value);
      flat += wire.name(name) + one;
    }
  }
  return flat;
}

// Getters and proxies among the headers may throw: that becomes the cause.
function readHeaders(kafkaId, topic, headers) {
  let what;
  try {
    if (typeof headers === 'object' && isPlain(headers)) return flatHeaders(headers);
    what = isArray(headers) || typeof headers !== 'object' ? kindOf(headers) : 'no plain object';
  } catch (error) {
    const unfit = UnfitHeader.messageOf(error);
    if (unfit !== undefined) throw refusal(kafkaId, topic, 'INVALID_ARGUMENT', unfit);
    throw refusal(kafkaId, topic, 'INVALID_ARGUMENT', 'the headers can\'t be read (`cause` says why)', error);
  }
  throw refusal(kafkaId, topic, 'INVALID_ARGUMENT', `headers is ${what}; it must be a plain object: {name: value}`);
}

let lastId;
let lastTopic;
let lastNames;

function flatNames(kafkaId, topic) {
  if (kafkaId === lastId && topic === lastTopic) return lastNames;
  if (typeof kafkaId !== 'string') {
    throw refusal(kafkaId, topic, 'INVALID_ARGUMENT', `the instance's name is ${kindOf(kafkaId)}; it must be a string`);
  }
  if (typeof topic !== 'string') {
    throw refusal(kafkaId, topic, 'INVALID_ARGUMENT', `the topic is ${kindOf(topic)}; it must be a string`);
  }
  lastNames = wire.name(kafkaId) + wire.name(topic);
  lastId = kafkaId;
  lastTopic = topic;
  return lastNames;
}

// Everything but the message (wire.js); throws what is wrong with it.
function flatEvent(kafkaId, topic, key, headers) {
  const names = flatNames(kafkaId, topic);
  const withKey = names + flatKey(kafkaId, topic, key);
  return headers === undefined || headers === null ? withKey : withKey + readHeaders(kafkaId, topic, headers);
}

const kLoneSurrogate = /\p{Surrogate}/u;

// What the addon or the recording can't take over: text that UTF-8 can't say, and names that C would cut off.
function checkTexts(event) {
  const { kafkaId, topic, key, headers } = wire.readEvent(event);
  const refuse = (what) => refusal(kafkaId, topic, 'INVALID_ARGUMENT', what);
  const isBroken = (text) => typeof text === 'string' && kLoneSurrogate.test(text);
  if (isBroken(key)) throw refuse('the key has a lone surrogate, which UTF-8 can\'t say');
  for (const { name, value } of headers) {
    if (isBroken(name)) throw refuse(`the name of the header ${quoted(name)} has a lone surrogate, which UTF-8 can't say`);
    if (name.includes('\0')) throw refuse(`the name of the header ${quoted(name)} has a zero character`);
    if (isBroken(value)) throw refuse(`the header ${quoted(name)} has a lone surrogate, which UTF-8 can't say`);
  }
}

module.exports = { flatEvent, messageText, checkTexts };
