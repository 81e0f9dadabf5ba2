// An event but for its message, as one string: that crosses to the addon at the cost of one argument.
//
//     event  = name name value (name value)*        instance, topic, key, then the headers
//     name   = length text NUL                      so that C can take it where it lies
//     value  = 'n'                                  null
//            | 't' length text
//            | 'b' length bytes                     each byte as the character of that number
//     length = one character, its number the count of UTF-16 units; from 0x7fff on that number and then
//              two characters of 15 bits each
//
// src/flat_event.cpp reads it there, readEvent() here.
'use strict';

const one = String.fromCharCode;
const kLong = 0x7fff;

function length(count) {
  return count < kLong ? one(count) : one(kLong, count >>> 15, count & 0x7fff);
}

const name = (text) => `${length(text.length)}${text}\0`;
const kNull = 'n';
const text = (value) => `t${length(value.length)}${value}`;
const bytes = (latin1) => `b${length(latin1.length)}${latin1}`;

class Reader {
  constructor(event) {
    this.event = event;
    this.at = 0;
  }
  get atEnd() {
    return this.at === this.event.length;
  }
  length() {
    const first = this.event.charCodeAt(this.at++);
    if (first < kLong) return first;
    this.at += 2;
    return this.event.charCodeAt(this.at - 2) * 0x8000 + this.event.charCodeAt(this.at - 1);
  }
  units(count) {
    this.at += count;
    return this.event.slice(this.at - count, this.at);
  }
  name() {
    const found = this.units(this.length());
    this.at += 1;
    return found;
  }
  value() {
    const kind = this.units(1);
    if (kind === 'n') return null;
    const found = this.units(this.length());
    return kind === 't' ? found : Buffer.from(found, 'latin1');
  }
}

// {kafkaId, topic, key, headers: [{name, value}]}; a value is null, a string, or a Buffer.
function readEvent(event) {
  const reader = new Reader(event);
  const read = { kafkaId: reader.name(), topic: reader.name(), key: reader.value(), headers: [] };
  while (!reader.atEnd) read.headers.push({ name: reader.name(), value: reader.value() });
  return read;
}

module.exports = { name, text, bytes, kNull, readEvent };
