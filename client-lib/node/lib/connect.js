// connect(): the handle of a script host on the daemon, over the addon.
'use strict';

const { loadAddon } = require('./addon.js');
const { withEvent } = require('./arguments.js');
const { shareMemory } = require('./wire.js');
const { makeApi } = require('./facade.js');
const { PublishError, refusal, kCodes, kindOf } = require('./publish_error.js');

const kOptions = ['socketPath', 'clientName', 'connectTimeoutMs'];
const kNamesByNumber = ['OK', ...Object.keys(kCodes)];

const codeName = (number) => kNamesByNumber[-number];

function wrongOption(what) {
  return new PublishError('INVALID_ARGUMENT', `connect: ${what}`);
}

function textOption(options, name) {
  const value = options[name];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  throw wrongOption(`${name} is ${typeof value === 'string' ? 'empty or has a zero character' : kindOf(value)}; it must be a string`);
}

// As the C library wants it: 0 is its default, negative is not to wait.
function timeoutOption({ connectTimeoutMs }) {
  if (connectTimeoutMs === undefined) return 0;
  if (!Number.isInteger(connectTimeoutMs) || connectTimeoutMs < 0 || connectTimeoutMs > 0x7fffffff) {
    throw wrongOption('connectTimeoutMs must be a whole number of milliseconds, 0 (not to wait) or more');
  }
  return connectTimeoutMs === 0 ? -1 : connectTimeoutMs;
}

function open(options) {
  if (typeof options !== 'object' || options === null) throw wrongOption(`the options are ${kindOf(options)}; they must be an object`);
  const unknown = Object.keys(options).find((name) => !kOptions.includes(name));
  if (unknown !== undefined) throw wrongOption(`there is no option ${unknown}; there are ${kOptions.join(', ')}`);
  const socketPath = textOption(options, 'socketPath');
  const clientName = textOption(options, 'clientName');
  const timeoutMs = timeoutOption(options);
  let addon;
  try {
    addon = loadAddon();
    shareMemory(addon.readFrom);
  } catch (error) {
    throw new PublishError('DAEMON_UNAVAILABLE', `connect: ${error.message}`, error);
  }
  const opened = addon.open(socketPath, clientName, timeoutMs);
  if (typeof opened === 'number') throw new PublishError(codeName(opened), addon.lastErrorMessage());
  return opened;
}

// `found`: what the addon says of an instance, or the code why it does not.
function stateOf(name, found) {
  if (typeof found === 'object') {
    const { accepting, ...figures } = found;
    return { name, state: accepting === 0 ? 'ACCEPTING' : codeName(accepting), ...figures };
  }
  return codeName(found) === 'DENIED' ? { name, state: 'DENIED' } : undefined;  // else the daemon has it no longer
}

/** See index.d.ts. */
function connect(options = {}) {
  const { publish, info, names, close } = open(options);
  const { lastErrorMessage } = loadAddon();
  let closed = false;

  function enqueue(text, kafkaId, topic) {
    if (closed) throw refusal(kafkaId, topic, 'INVALID_ARGUMENT', 'this connection was closed; connect() makes another one');
    const code = publish(text);
    if (code !== undefined) throw new PublishError(codeName(code), lastErrorMessage());
  }

  const publishAsync = (kafkaId, topic, message, key, headers) =>
    withEvent(kafkaId, topic, message, key, headers, enqueue);

  return Object.freeze({
    api: makeApi(publishAsync),
    instances() {
      if (closed) return [];
      return names().map((name) => stateOf(name, info(name))).filter((state) => state !== undefined);
    },
    close() {
      closed = true;
      close();
    },
  });
}

module.exports = { connect };
