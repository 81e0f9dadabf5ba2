// What publishAsync throws, and the wording that all bindings share.
'use strict';

const { defineProperty, freeze } = Object;

// client-lib/error_table.cpp has the same table for C.
const kCodes = freeze({
  __proto__: null,
  INVALID_ARGUMENT: { status: 400, retryable: false },
  INVALID_JSON: { status: 400, retryable: false },
  DISABLED: { status: 403, retryable: false },
  DENIED: { status: 403, retryable: false },
  UNKNOWN_INSTANCE: { status: 404, retryable: false },
  UNKNOWN_TOPIC: { status: 404, retryable: false },
  MESSAGE_TOO_LARGE: { status: 413, retryable: false },
  BUFFER_FULL: { status: 429, retryable: true },
  NOT_CONNECTED: { status: 503, retryable: true },
  DAEMON_UNAVAILABLE: { status: 503, retryable: true },
});

class PublishError extends Error {
  constructor(code, message, cause) {
    super(message);
    const { status, retryable } = kCodes[code];
    this.code = code;
    this.retryable = retryable;
    this.status = freeze({ code: status, message });
    if (cause !== undefined) {
      defineProperty(this, 'cause', { value: cause, writable: true, configurable: true });
    }
  }
}
defineProperty(PublishError.prototype, 'name', { value: 'PublishError', writable: true, configurable: true });

const kShownMax = 64;

// A name in quotes: at most 64 characters, and only what is safe to print.
function quoted(name) {
  let text = '"';
  for (let at = 0; at < name.length && at < kShownMax; ++at) {
    text += name[at] >= ' ' && name[at] <= '~' && name[at] !== '"' ? name[at] : '?';
  }
  return name.length > kShownMax ? `${text}..."` : `${text}"`;
}

// What a value is, for a message that must not show it.
function kindOf(value) {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'object':
      return Array.isArray(value) ? 'an array' : 'an object';
    case 'undefined':
      return 'undefined';
    default:
      return `a ${typeof value}`;
  }
}

function call(kafkaId, topic) {
  if (typeof kafkaId !== 'string') return 'publishAsync';
  return typeof topic === 'string' ? `publishAsync(${quoted(kafkaId)}, ${quoted(topic)})` : `publishAsync(${quoted(kafkaId)})`;
}

// The error of a call that enqueued nothing: what is wrong with it, in the words that follow the colon.
function refusal(kafkaId, topic, code, what, cause) {
  const then = kCodes[code].retryable ? '; retry later.' : '.';
  return new PublishError(code, `${call(kafkaId, topic)}: ${what}. The event was not queued${then}`, cause);
}

module.exports = { PublishError, refusal, quoted, kindOf, kCodes };
