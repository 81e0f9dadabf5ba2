// connect.recording(): publishAsync without a daemon, for unit tests and for machines without Linux. Pure JavaScript;
// the same checks and the same codes, and what was accepted can be looked at.
'use strict';

const { withEvent } = require('./arguments.js');
const { makeApi } = require('./facade.js');
const { readEvent } = require('./wire.js');
const { PublishError, refusal, quoted, kCodes } = require('./publish_error.js');

// As in ipc/limits.hpp and ringpostd's configuration.
const kMaxEventBytes = 1024 * 1024;
const kHeadersMax = 1024;
const kHeaderNameMaxBytes = 4096;
const kHeaderPrefixBytes = 6;
const kDepthMax = 1024;
const kInstanceName = /^[a-z0-9]{1,64}$/;
const kTopicName = /^[A-Za-z0-9._-]{1,249}$/;

const isListed = (topics, topic) =>
  topics.some((pattern) => (pattern.endsWith('*') ? topic.startsWith(pattern.slice(0, -1)) : topic === pattern));

const sizeOf = (value) => (value === null ? 0 : Buffer.byteLength(value));

function isTooDeep(text) {
  if (text.length <= 2 * kDepthMax) return false;
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') depth += 1;
    if (token === ']' || token === '}') depth -= 1;
    if (depth > kDepthMax) return true;
  }
  return false;
}

function headersFault(headers) {
  if (headers.length > kHeadersMax) return `there are ${headers.length} headers; at most ${kHeadersMax} are allowed`;
  for (const [at, { name }] of headers.entries()) {
    if (name === '' || sizeOf(name) > kHeaderNameMaxBytes) return `header ${at + 1} has no name of 1 to 4096 bytes of UTF-8`;
    if (name === 'ringpost-id') return `header ${at + 1}: the name "ringpost-id" is reserved for Ringpost's own`;
  }
  return undefined;
}

function instanceFault(kafkaId) {
  const form = `${quoted(kafkaId)} is no instance name (1 to 64 lower-case letters and digits)`;
  const lower = kafkaId.toLowerCase();
  return kInstanceName.test(lower) ? `${form}; did you mean ${quoted(lower)}?` : form;
}

// [code, what] of an event that would be refused; undefined otherwise. In the order of the C library.
function faultOf(event, text, settings) {
  const { kafkaId, topic, key, headers } = event;
  const badHeaders = headersFault(headers);
  if (badHeaders !== undefined) return ['INVALID_ARGUMENT', badHeaders];
  if (!kInstanceName.test(kafkaId)) return ['INVALID_ARGUMENT', instanceFault(kafkaId)];
  const { instances, maxEventBytes } = settings;
  if (instances !== undefined && !Object.hasOwn(instances, kafkaId)) {
    const names = Object.keys(instances).map(quoted).join(', ');
    return ['UNKNOWN_INSTANCE', `there is no such instance; this user may use ${names === '' ? 'none' : names}`];
  }
  if (!kTopicName.test(topic) || topic === '.' || topic === '..') {
    return ['INVALID_ARGUMENT', `${quoted(topic)} is no topic name (1 to 249 of letters, digits, '.', '_' and '-', and neither "." nor "..")`];
  }
  if (instances !== undefined && !isListed(instances[kafkaId], topic)) {
    return ['UNKNOWN_TOPIC', "the topic is not on the instance's list; the administrator's `topics` decides"];
  }
  const around = headers.reduce((sum, { name, value }) => sum + kHeaderPrefixBytes + sizeOf(name) + sizeOf(value), sizeOf(key));
  const bytes = around + sizeOf(text);
  if (bytes > maxEventBytes) {
    return ['MESSAGE_TOO_LARGE', `key, headers and message have ${bytes} bytes; at most ${maxEventBytes} are allowed`];
  }
  return isTooDeep(text) ? ['INVALID_JSON', 'the message is nested too deeply'] : undefined;
}

const kRefusing = 'this recording was told to refuse';

/** See index.d.ts. */
function recording({ instances, maxEventBytes = kMaxEventBytes } = {}) {
  const events = [];
  let refusing;

  function keep(text, kafkaId, topic) {
    const event = readEvent();
    const fault = faultOf(event, text, { instances, maxEventBytes }) ?? (refusing && [refusing, kRefusing]);
    if (fault !== undefined) throw refusal(kafkaId, topic, ...fault);
    events.push({ ...event, message: text });
  }

  const api = makeApi((kafkaId, topic, message, key, headers) => withEvent(kafkaId, topic, message, key, headers, keep));

  return Object.freeze({
    api,
    events,
    refuseWith(code) {
      if (code !== undefined && !(code in kCodes)) {
        throw new PublishError('INVALID_ARGUMENT', `refuseWith: there is no code ${quoted(String(code))}`);
      }
      refusing = code;
    },
    instances: () =>
      Object.keys(instances ?? {}).map((name) => ({ name, state: refusing ?? 'ACCEPTING', maxEventBytes })),
    close() {},
  });
}

module.exports = { recording };
