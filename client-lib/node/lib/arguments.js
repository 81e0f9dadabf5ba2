// publishAsync's arguments, row by row as the contract has them: from JavaScript's values to the message's text and the
// bytes of everything else (wire.js). Values come from other realms: nothing here is asked with instanceof.
'use strict';

const { types } = require('node:util');
const { pad, place, Unfit, giveRoomBack, putName, putHeaderName, putNull, putText, putBytes } = require('./wire.js');
const { refusal, quoted, kindOf } = require('./publish_error.js');

// Captured when the module is loaded: what a script does to these later changes nothing here.
const { stringify } = JSON;
const { getPrototypeOf } = Object;
const { isArray } = Array;
const { isSafeInteger } = Number;
const { isView } = ArrayBuffer;
const { isMap, isSet, isDate, isAnyArrayBuffer, isUint8Array } = types;
const objectPrototype = Object.prototype;
const arrayPrototype = Array.prototype;
const hasOwn = Function.prototype.call.bind(Object.prototype.hasOwnProperty);
const toIsoString = Function.prototype.call.bind(Date.prototype.toISOString);

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

function putKey(at, key) {
  switch (typeof key) {
    case 'string':
      return putText(at, key);
    case 'undefined':
      return putNull(at);
    case 'bigint':
      return putText(at, `${key}`);
    case 'number':
      if (isSafeInteger(key)) return putText(at, `${key}`);
      break;
    case 'object':
      if (key === null) return putNull(at);
      if (isBytes(key)) return putBytes(at, key);
      break;
  }
  const what = typeof key === 'number' ? 'a number that is no safe integer' : kindOf(key);
  throw new Unfit(`the key is ${what}; it must be a string, a safe integer, a bigint, bytes, or absent`);
}

function putValue(at, name, value) {
  switch (typeof value) {
    case 'string':
      return putText(at, value, name);
    case 'number':
    case 'boolean':
    case 'bigint':
      return putText(at, `${value}`, name);
    case 'object':
      if (value === null) return putNull(at);
      if (isBytes(value)) return putBytes(at, value);
      if (isDate(value)) return putText(at, toIsoString(value), name);
      break;
  }
  throw new Unfit(`the header ${quoted(name)} is ${kindOf(value)}; it must be a string, number, boolean, bigint, Date, ` +
    'bytes, null, or an array of these');
}

function putHeader(at, name, value) {
  return value === undefined ? at : putValue(putHeaderName(at, name), name, value);
}

// An object that was written down as one, in whatever realm; a Map or a Headers would silently be no headers.
function isPlain(object) {
  const prototype = getPrototypeOf(object);
  return prototype === objectPrototype || prototype === null || (getPrototypeOf(prototype) === null && !isArray(object));
}

// Proxies and getters among the headers are code of the script's, which may publish: before each look at them `top` says
// where what has been written ends.
function putHeaders(at, headers) {
  pad.top = at;
  if (typeof headers !== 'object' || !isPlain(headers)) {
    const what = isArray(headers) || typeof headers !== 'object' ? kindOf(headers) : 'no plain object';
    throw new Unfit(`headers is ${what}; it must be a plain object: {name: value}`);
  }
  // Not Object.keys: of for-in the engine knows where each value lies, and needs no look-up by name.
  for (const name in headers) {
    if (!hasOwn(headers, name)) continue;
    const value = headers[name];
    if (isArray(value)) {
      for (let element = 0; element < value.length; ++element) pad.top = putHeader(pad.top, name, value[element]);
    } else {
      pad.top = putHeader(pad.top, name, value);
    }
  }
  return pad.top;
}

// The names of the last call that began at the pad's bottom: they still lie there.
const kNobody = Symbol('nobody');
let lastId = kNobody;
let lastTopic;
let lastEnd = 0;

function putNames(start, kafkaId, topic) {
  if (start === 0 && kafkaId === lastId && topic === lastTopic) return lastEnd;
  if (typeof kafkaId !== 'string') throw new Unfit(`the instance's name is ${kindOf(kafkaId)}; it must be a string`);
  if (typeof topic !== 'string') throw new Unfit(`the topic is ${kindOf(topic)}; it must be a string`);
  if (start === 0) lastId = kNobody;
  const end = putName(putName(start, kafkaId), topic);
  if (start === 0) {
    lastId = kafkaId;
    lastTopic = topic;
    lastEnd = end;
  }
  return end;
}

// Writes everything but the message to the pad, from `start`; returns where it ends. Throws what is wrong with it.
function putEvent(start, kafkaId, topic, key, headers) {
  try {
    const at = putKey(putNames(start, kafkaId, topic), key);
    return headers === undefined || headers === null ? at : putHeaders(at, headers);
  } catch (error) {
    const unfit = Unfit.messageOf(error);
    if (unfit !== undefined) throw refusal(kafkaId, topic, 'INVALID_ARGUMENT', unfit);
    throw refusal(kafkaId, topic, 'INVALID_ARGUMENT', 'the key or the headers can\'t be read (`cause` says why)', error);
  }
}

// Checks the arguments and calls enqueue(text, kafkaId, topic) with the message's text; the rest of the event is at `place`.
function withEvent(kafkaId, topic, message, key, headers, enqueue) {
  const start = pad.top;
  try {
    const end = putEvent(start, kafkaId, topic, key, headers);
    pad.top = end;
    const text = messageText(kafkaId, topic, message);
    place[0] = start;
    place[1] = end;
    place[2] = text.length;
    enqueue(text, kafkaId, topic);
  } finally {
    pad.top = start;
    if (start === 0 && giveRoomBack()) lastId = kNobody;
  }
}

module.exports = { withEvent };
