// Random calls with values of every kind, in the garbage collector's way, against a model: the recording. What the two
// say of each call is the same, and what arrives is what the recording kept. Also run with an addon that is built with
// the address sanitizer.
//
//   RINGPOST_NODE_LONG=20     so many times as many calls
//   RINGPOST_NODE_SEED=7      other ones
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Daemon } from './support/daemon.mjs';
import { connect } from './support/package.mjs';

const kCalls = 5_000 * Number(process.env.RINGPOST_NODE_LONG ?? 1);
const seed = Number(process.env.RINGPOST_NODE_SEED ?? 1);

// mulberry32
let state = seed;
function random(below) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % below;
}
const pick = (list) => list[random(list.length)];

const kUnits = ['a', 'Z', '0', '"', '\\', '\0', '\n', 'ż', '€', '\uffff', '\ufffd', '\u{10418}', '\ud800', '\udc00', '\x7f', '\x80', '\xff', '\u7fff', '\u8000'];
const kLengths = [0, 1, 2, 7, 13, 31, 127, 128, 129, 255, 2047, 2048];

function text() {
  const units = random(3) === 0 ? kUnits : kUnits.slice(0, 4 + random(10));
  const length = random(4) === 0 ? pick(kLengths) : random(12);
  let made = '';
  while (made.length < length) made += pick(units);
  return made;
}
const bytes = () => Buffer.from(Array.from({ length: random(40) }, () => random(256)));
const throwing = () => ({ get a() { throw new Error('of a getter'); } });
const kScalars = [text, text, text, () => random(1000), () => -0.5, () => NaN, () => 2 ** 53, () => true, () => null, () => undefined,
  () => 10n ** 20n, () => new Date(random(2 ** 30)), () => new Date(NaN), bytes, () => Uint8Array.from(bytes()).buffer, () => Symbol('s'), () => () => {}];
const scalar = () => pick(kScalars)();

function value(depth = 0) {
  if (depth > 3 || random(3) !== 0) return scalar();
  const kinds = [
    () => Array.from({ length: random(4) }, () => value(depth + 1)),
    () => Object.fromEntries(Array.from({ length: random(4) }, () => [text(), value(depth + 1)])),
    () => new Map([[1, 2]]), throwing, () => ({ toJSON: () => value(depth + 1) }), () => new Proxy({ a: value(depth + 1) }, {}),
    () => 'x'.repeat(random(20_000)), () => Object.create(null),
  ];
  return pick(kinds)();
}

const element = () => (random(3) === 0 ? Array.from({ length: random(4) }, scalar) : scalar());
function headers() {
  if (random(8) === 0) return value();
  return Object.fromEntries(Array.from({ length: random(5) }, () => [random(12) === 0 ? text() : pick(['a', 'header', 'ż', 'ringpost-id']), random(4) === 0 ? element() : text()]));
}

const names = () => (random(20) === 0 ? value() : pick(['kafkaid', 'kafkaid', 'kafkaid', 'other', 'KafkaId']));
const topics = () => (random(20) === 0 ? value() : pick(['orders', 'orders', 'payments', 'crm', 'my orders']));

// Made anew for each side, from the same state of the generator: toJSON() above gives something else each time.
function made() {
  return [names(), topics(), value(), random(3) === 0 ? value() : text(), headers()].slice(0, 3 + random(3));
}

function outcome(api, words) {
  try {
    api.events.v1.publishAsync(...words);
    return 'accepted';
  } catch (error) {
    return error.code ?? error.stack;
  }
}

const lineOf = ({ message, key, headers: all }) => JSON.stringify([message, key && Buffer.from(key).toString('hex'), all.map(({ name, value: of }) => [name, of && Buffer.from(of).toString('hex')])]);

test(`${kCalls} random calls, seed ${seed}: the addon and the recording agree`, async () => {
  const daemon = await Daemon.start('[instance.kafkaid]\nbrokers = "embedded"\npartitions = 1\ntopics = ["orders", "payments"]\nmax_event_size = "16KiB"\n');
  const connection = daemon.connect();
  const model = connect.recording({ instances: { kafkaid: ['orders', 'payments'] }, maxEventBytes: 16 * 1024 });
  const seen = {};
  for (let call = 0; call < kCalls; ++call) {
    const before = state;
    const expected = outcome(model.api, made());
    const after = state;
    state = before;
    let actual = outcome(connection.api, made());
    while (actual === 'BUFFER_FULL') {
      state = before;
      await new Promise((resolve) => setTimeout(resolve, 5));
      actual = outcome(connection.api, made());
    }
    state = after;
    assert.equal(actual, expected, `call ${call} of seed ${seed}`);
    seen[actual] = (seen[actual] ?? 0) + 1;
    if (call % 50 === 0) globalThis.gc?.();
  }
  for (const code of ['accepted', 'INVALID_ARGUMENT', 'INVALID_JSON', 'UNKNOWN_INSTANCE', 'UNKNOWN_TOPIC', 'MESSAGE_TOO_LARGE']) {
    assert.ok(seen[code] > 0, `no call was ${code}: ${JSON.stringify(seen)}`);
  }
  await daemon.delivered(model.events.length);
  const arrived = [...(await daemon.consume('orders')), ...(await daemon.consume('payments'))];
  const expected = model.events.map(lineOf).sort();
  arrived.map(lineOf).sort().forEach((line, at) => assert.equal(line, expected[at]));
  assert.equal(arrived.length, expected.length);
  connection.close();
  await daemon.end();
});
