// An event but for its message, as bytes in memory that the addon knows, so that nothing of it crosses as an argument:
//
//     event = name name value (name value)*     instance, topic, key, then the headers
//     name  = size text NUL                     so that C can take it where it lies
//     value = 0                                 null
//           | 1 size text                       UTF-8
//           | 2 size bytes
//     size  = in groups of 7 bits, lowest first; all but the last have the high bit
//
// client-lib/flat_event.cpp reads it there, readEvent() here. The pad is a stack: code of the script's that runs while an event is
// being written (a getter) may publish, and its event then lies above `top`.
'use strict';

const { quoted } = require('./publish_error.js');

const uncurried = (method) => Function.prototype.call.bind(method);
const utf8Write = uncurried(Buffer.prototype.utf8Write);
const utf8Slice = uncurried(Buffer.prototype.utf8Slice);
const setBytes = uncurried(Uint8Array.prototype.set);
const { byteLength } = Buffer;
const kLoneSurrogate = /\p{Surrogate}/u;
const isBroken = uncurried(RegExp.prototype.test).bind(undefined, kLoneSurrogate);

const kPadBytes = 16 * 1024;
const kShort = 64;  // up to here a loop is faster than a call of Buffer's
const kSizeBytesMax = 5;

const newBytes = (size) => Buffer.allocUnsafeSlow(size);

const pad = { bytes: newBytes(kPadBytes), top: 0 };
// Of the event that is being published: where it begins and ends, and how many UTF-16 units its text has.
const place = new Uint32Array(new ArrayBuffer(12));
let noteMemory = () => {};  // the addon's, once it is there

function replaceBytes(bytes) {
  pad.bytes = bytes;
  noteMemory(bytes, place);
}

// Tells the addon where all this is, now and whenever it moves.
function shareMemory(note) {
  noteMemory = note;
  note(pad.bytes, place);
}

function makeRoom(at, size) {
  if (at + size <= pad.bytes.length) return;
  const larger = newBytes(2 * (at + size));
  setBytes(larger, pad.bytes);
  replaceBytes(larger);
}

// What one call needed is not kept for good. True: the bytes are others now.
function giveRoomBack() {
  if (pad.bytes.length <= kPadBytes) return false;
  replaceBytes(newBytes(kPadBytes));
  return true;
}

// What is wrong with an argument; told from whatever a getter throws.
class Unfit {
  #message;
  constructor(message) {
    this.#message = message;
  }
  static messageOf(error) {
    return typeof error === 'object' && error !== null && #message in error ? error.#message : undefined;
  }
}

// All of these write at `at` and return where what they wrote ends.

function putSize(at, size) {
  for (; size > 0x7f; size >>>= 7) pad.bytes[at++] = (size & 0x7f) | 0x80;
  pad.bytes[at] = size;
  return at + 1;
}

// Texts of any length and any characters. `of` says whose text it is; undefined: it has a form that the library checks.
function putAnyText(at, text, of) {
  if (of !== undefined && isBroken(text)) throw new Unfit(`${of} has a lone surrogate, which UTF-8 can't say`);
  const size = byteLength(text);
  makeRoom(at, size + kSizeBytesMax + 2);
  const begin = putSize(at, size);
  utf8Write(pad.bytes, text, begin, size);
  return begin + size;
}

// -1: not this way.
function putShortText(at, text) {
  const { length } = text;
  const { bytes } = pad;
  if (length > kShort || at + length + 2 > bytes.length) return -1;
  for (let index = 0; index < length; ++index) {
    const unit = text.charCodeAt(index);
    if (unit - 1 >>> 0 >= 0x7f) return -1;  // a zero, or not ASCII
    bytes[at + 1 + index] = unit;
  }
  bytes[at] = length;
  return at + 1 + length;
}

function endName(at) {
  pad.bytes[at] = 0;
  return at + 1;
}

function putName(at, text) {
  const end = putShortText(at, text);
  return endName(end !== -1 ? end : putAnyText(at, text, undefined));
}

function putHeaderName(at, text) {
  const end = putShortText(at, text);
  if (end !== -1) return endName(end);
  if (text.includes('\0')) throw new Unfit(`the name of the header ${quoted(text)} has a zero character`);
  return endName(putAnyText(at, text, `the name of the header ${quoted(text)}`));
}

function putNull(at) {
  makeRoom(at, 1);
  pad.bytes[at] = 0;
  return at + 1;
}

// `header`: whose value it is; undefined: the key's.
function putText(at, text, header) {
  makeRoom(at, 1);
  pad.bytes[at] = 1;
  const end = putShortText(at + 1, text);
  return end !== -1 ? end : putAnyText(at + 1, text, header === undefined ? 'the key' : `the header ${quoted(header)}`);
}

function putBytes(at, value) {
  const copy = new Uint8Array(value);  // asks the object's insides, no property of it
  makeRoom(at, copy.length + kSizeBytesMax + 1);
  pad.bytes[at] = 2;
  const begin = putSize(at + 1, copy.length);
  setBytes(pad.bytes, copy, begin);
  return begin + copy.length;
}

class Reader {
  constructor(at) {
    this.at = at;
  }
  size() {
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = pad.bytes[this.at++];
      size += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return size;
    }
  }
  text() {
    const size = this.size();
    this.at += size;
    return utf8Slice(pad.bytes, this.at - size, this.at);
  }
  name() {
    const name = this.text();
    this.at += 1;
    return name;
  }
  value() {
    const kind = pad.bytes[this.at++];
    if (kind === 0) return null;
    if (kind === 1) return this.text();
    const size = this.size();
    this.at += size;
    return Buffer.from(pad.bytes.subarray(this.at - size, this.at));
  }
}

// The event at `place`: {kafkaId, topic, key, headers: [{name, value}]}; a value is null, a string, or a Buffer.
function readEvent() {
  const reader = new Reader(place[0]);
  const read = { kafkaId: reader.name(), topic: reader.name(), key: reader.value(), headers: [] };
  while (reader.at !== place[1]) read.headers.push({ name: reader.name(), value: reader.value() });
  return read;
}

module.exports = { pad, place, shareMemory, giveRoomBack, Unfit, putName, putHeaderName, putNull, putText, putBytes, readEvent };
