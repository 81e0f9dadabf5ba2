// `api` in a sandbox (node:vm): scripts use it, get errors of their own realm, and reach nothing of the host.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import vm from 'node:vm';
import { Daemon } from './support/daemon.mjs';
import { connect } from './support/package.mjs';

let daemon;
let connection;
before(async () => {
  daemon = await Daemon.start();
  connection = daemon.connect();
});
after(async () => {
  connection.close();
  await daemon.end();
});

// Everything that can be reached from `start` by properties (any, also of prototypes) and prototypes.
const kReach = `(function (start) {
  const seen = new Set();
  const waiting = [start];
  while (waiting.length !== 0) {
    const at = waiting.pop();
    if ((typeof at !== 'object' && typeof at !== 'function') || at === null || seen.has(at)) continue;
    seen.add(at);
    waiting.push(Object.getPrototypeOf(at));
    for (const key of Reflect.ownKeys(at)) {
      const { value, get, set } = Object.getOwnPropertyDescriptor(at, key);
      waiting.push(value, get, set);
      try { waiting.push(at[key]); } catch {}
    }
  }
  return [...seen];
})`;

const hostOnes = new Set([Object, Object.prototype, Function, Function.prototype, Array.prototype, Error, Error.prototype, process, globalThis]);

function reachedOfHost(sandbox, expression) {
  const reached = vm.runInContext(`${kReach}(${expression})`, sandbox);
  assert.ok(reached.length > 0);
  return [...reached].filter((one) => hostOnes.has(one));
}

// [name, a script that leaves what was thrown in `thrown`]
const kThrowers = {
  'a wrong argument': 'api.events.v1.publishAsync(1)',
  'a BigInt': 'api.events.v1.publishAsync("kafkaid", "topicName", 1n)',
  'a circular message': 'const m = {}; m.m = m; api.events.v1.publishAsync("kafkaid", "topicName", m)',
  'a deep message': 'let m = []; for (let i = 0; i < 1e5; ++i) m = [m]; api.events.v1.publishAsync("kafkaid", "topicName", m)',
  'an unknown topic': 'api.events.v1.publishAsync("kafkaid", "topic", 1)',
  'a detached key': 'const b = new Uint8Array(4); b.buffer.transfer ? b.buffer.transfer() : 0; api.events.v1.publishAsync("kafkaid", "topicName", 1n, b)',
  'a publish inside toJSON': 'api.events.v1.publishAsync("kafkaid", "topicName", {toJSON: api.events.v1.publishAsync})',
  'a publish as getter of a header': 'api.events.v1.publishAsync("kafkaid", "topicName", 1, "k", Object.defineProperty({}, "a", {enumerable: true, get: api.events.v1.publishAsync}))',
  'a proxy that throws': 'api.events.v1.publishAsync("kafkaid", "topicName", new Proxy({}, {ownKeys() { null.x }}))',
  'through Reflect': 'Reflect.apply(api.events.v1.publishAsync, null, [1])',
  'through map': '[1].map(api.events.v1.publishAsync)',
  'as a constructor': 'new api.events.v1.publishAsync()',
  'a tampered reduce': 'Array.prototype.reduce = function () { throw {__proto__: {__proto__: null}} }; api.events.v1.publishAsync(1)',
};

for (const [name, script] of Object.entries(kThrowers)) {
  test(`an error leads to nothing of the host: ${name}`, () => {
    const sandbox = vm.createContext({ api: connection.api, thrown: undefined });
    vm.runInContext(`try { ${script}; } catch (error) { thrown = error; }`, sandbox);
    assert.notEqual(sandbox.thrown, undefined);
    assert.deepEqual(reachedOfHost(sandbox, 'thrown'), []);
  });
}

test('api itself leads to nothing of the host, and is frozen', () => {
  const sandbox = vm.createContext({ api: connection.api });
  assert.deepEqual(reachedOfHost(sandbox, 'api'), []);
  const frozen = vm.runInContext(
    '"use strict"; [api, api.events, api.events.v1, api.events.v1.publishAsync].map((one) => { try { one.x = 1; return "changed"; } catch { return Object.isFrozen(one) && Object.getPrototypeOf(one) === null; } })',
    sandbox);
  assert.deepEqual([...frozen], [true, true, true, true]);
});

test('with the stack nearly used up, at whatever depth, neither', () => {
  const sandbox = vm.createContext({ api: connection.api, thrown: undefined });
  // No globals in there: node:vm itself hands out an error of the host when the stack ends in a look-up of one.
  vm.runInContext(`thrown = (function (publish) {
    const thrown = [];
    function nest() { publish("kafkaid", "topicName", {toJSON() { nest(); }}, "k", {a: 1}); }
    function deep(key) {
      try { publish("kafkaid", "topicName", 1n, key, {get a() { publish(key); }}); } catch (e) { thrown.push(e); }
      deep(key);
    }
    try { nest(); } catch (e) { thrown.push(e); }
    for (const key of ["k", undefined, new Uint8Array(1), Symbol.iterator]) try { deep(key); } catch (e) { thrown.push(e); }
    return thrown;
  })(api.events.v1.publishAsync)`, sandbox);
  assert.ok(sandbox.thrown.length > 1000);
  const ofHost = [...sandbox.thrown].filter((error) => error instanceof Error);
  assert.deepEqual(ofHost, []);
  // To walk from each of thousands of errors takes long: the last ones before an end of the stack, and some others.
  const tails = sandbox.thrown.flatMap((error, at, all) => (at % 500 === 0 || all[at + 1]?.code === undefined ? [at] : []));
  for (const at of tails.slice(0, 200)) assert.deepEqual(reachedOfHost(sandbox, `thrown[${at}]`), []);
});

test('what a script sees of an error is its own', () => {
  const seen = vm.runInNewContext(`
    try { api.events.v1.publishAsync("kafkaid", "topicName", {get a() { throw new TypeError("mine"); }}); } catch (e) {
      [e instanceof Error, e.constructor === Error, e.name, e.code, e.retryable, e.status.code, e.cause instanceof TypeError, e.cause.message, String(e) === e.stack];
    }`, { api: connection.api });
  assert.deepEqual([...seen], [true, true, 'PublishError', 'INVALID_JSON', false, 400, true, 'mine', true]);
});

test('so are the recording and the disabled handle', () => {
  for (const { api } of [connect.recording(), connect.disabled()]) {
    const sandbox = vm.createContext({ api, thrown: undefined });
    vm.runInContext('try { api.events.v1.publishAsync("kafkaid", "t", 1n); } catch (error) { thrown = error; }', sandbox);
    assert.deepEqual(reachedOfHost(sandbox, '[api, thrown]'), []);
  }
});

test('objects, keys and headers of a foreign realm are taken like our own', async () => {
  const { accepted } = await daemon.status();
  vm.runInNewContext(`api.events.v1.publishAsync("kafkaid", "topicName", {d: new Date(0), l: [1]}, new Uint8Array([255]), {d: new Date(0), l: ["x", null]})`,
    { api: connection.api });
  await daemon.delivered(accepted + 1);
  const [{ key, message, headers }] = (await daemon.consume()).slice(-1);
  assert.equal(message, '{"d":"1970-01-01T00:00:00.000Z","l":[1]}');
  assert.deepEqual(key, Buffer.from([255]));
  assert.deepEqual(headers, [{ name: 'd', value: '1970-01-01T00:00:00.000Z' }, { name: 'l', value: 'x' }, { name: 'l', value: null }]);
});
