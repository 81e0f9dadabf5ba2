// Messages that do things while they are serialised, and messages of every size around the bounds.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Daemon } from './support/daemon.mjs';
import { waitUntil } from './support/process.mjs';

const kLimit = 2 * 1024 * 1024;

let daemon;
let connection;
before(async () => {
  daemon = await Daemon.start(`
[instance.kafkaid]
brokers = "embedded"
partitions = 1
topics = ["topicName"]
lane_size = "4MiB"
max_event_size = "2MiB"
`);
  connection = daemon.connect();
});
after(async () => {
  connection.close();
  await daemon.end();
});

const publish = (...words) => connection.api.events.v1.publishAsync('kafkaid', 'topicName', ...words);

// The events that `calls` publishes.
async function arriving(count, calls) {
  const { accepted } = await daemon.status();
  calls();
  await daemon.delivered(accepted + count);
  return (await daemon.consume()).slice(-count);
}

test('toJSON, getters and headers that publish again, throw, and mutate', async () => {
  const inner = (n) => publish({ inner: n }, `inner key ${n}`, { inner: n, another: 'header' });
  const records = await arriving(9, () => {
    publish({ a: 1, toJSON() { inner(1); return { outer: 1 }; } }, 'k1', { n: 'one' });
    publish({ toJSON() { inner(2); return 'no headers'; } }, 'k2');
    const headers = { first: 'written before', get n() { inner(3); return 'two'; }, list: [1, 2], last: 'x' };
    publish({ get b() { inner(4); headers.last = 'too late'; return 2; } }, 'k3', headers);
    publish(5, 'k4', new Proxy({ a: 'b' }, { ownKeys(target) { publish('of a trap'); return Reflect.ownKeys(target); } }));
    assert.throws(() => publish({ toJSON() { throw new TypeError('mine'); } }), { code: 'INVALID_JSON' });
  });
  const lines = records.map(({ message, key, headers: all }) => `${message} ${key} ${all.map(({ name, value }) => `${name}=${value}`).join(',')}`);
  const innerLine = (n) => `{"inner":${n}} inner key ${n} inner=${n},another=header`;
  assert.deepEqual(lines.filter((line) => line !== '"of a trap" null ').sort(), [
    innerLine(1), '{"outer":1} k1 n=one', innerLine(2), '"no headers" k2 ', innerLine(3), innerLine(4),
    '{"b":2} k3 first=written before,n=two,list=1,list=2,last=x', '5 k4 a=b',
  ].sort());
});

test('headers that a getter among them takes away or adds', async () => {
  const [{ headers }] = await arriving(1, () => {
    const changing = { get first() { delete changing.second; changing.added = 'too late'; return 1; }, second: 2, third: 3 };
    publish(1, 'k', changing);
  });
  assert.deepEqual(headers, [{ name: 'first', value: '1' }, { name: 'third', value: '3' }]);
});

test('closed inside of toJSON: refused, nothing enqueued', async () => {
  const other = daemon.connect({ clientName: 'closing' });
  const { accepted } = await daemon.status();
  assert.throws(() => other.api.events.v1.publishAsync('kafkaid', 'topicName', { toJSON() { other.close(); return 1; } }),
    { code: 'INVALID_ARGUMENT' });
  assert.equal((await daemon.status()).accepted, accepted);
});

test('what a script does to the built-in functions changes nothing', async () => {
  const { stringify } = JSON;
  const { hasOwnProperty } = Object.prototype;
  const [{ message, headers }] = await arriving(1, () => {
    JSON.stringify = () => '!';
    Object.prototype.inherited = 'by every object';
    Object.prototype.hasOwnProperty = () => true;
    try {
      publish({ a: 1 }, 'k', { h: 1 });
    } finally {
      JSON.stringify = stringify;
      delete Object.prototype.inherited;
      Object.defineProperty(Object.prototype, 'hasOwnProperty', { value: hasOwnProperty, enumerable: false });
    }
  });
  assert.deepEqual([message, headers], ['{"a":1}', [{ name: 'h', value: '1' }]]);
});

// The key, a header with a name of two bytes and a value of two, and the text's quotes.
const kAround = 1 + (6 + 2 + 2) + 2;

// Texts of one, two and three bytes a unit, around each bound of the addon and of the topic.
test('every size around the bounds arrives whole, or is too large', async () => {
  const bounds = [0, 680, 1022, 1023, 1024, 2046, 2047, 2048, 2049, 4096, 65536, 1048576, kLimit - kAround - 1, kLimit - kAround];
  const texts = bounds.flatMap((bytes) => [['x', 1], ['ż', 2], ['€', 3], ['\u{10418}', 4]].map(([one, size]) => {
    const count = Math.floor(bytes / size);
    return one.repeat(count) + 'x'.repeat(bytes - count * size);
  }));
  const records = await arriving(texts.length, () => texts.forEach((text, at) => {
    for (const end = Date.now() + 60_000; ;) {
      try {
        return publish(text, 'k', { at });
      } catch (error) {
        if (error.code !== 'BUFFER_FULL' || Date.now() > end) throw new Error(`text ${at}: ${error.message}`);
      }
    }
  }));
  texts.forEach((text, at) => assert.ok(records[at].message === JSON.stringify(text), `text ${at} of ${text.length} units`));
  // A lane that somebody still holds counts as full.
  await waitUntil(() => connection.instances().every(({ roomBytes, lanes, largestRoomBytes }) => roomBytes === lanes * largestRoomBytes), undefined, 10_000);
});

test('one byte over the limit, and 30 MB, are refused with the figures', () => {
  for (const [text, bytes] of [['x'.repeat(kLimit - 1), kLimit + 1], ['€'.repeat(10_000_000), 30_000_002], [`${'x'.repeat(30_000_000)}ż`, 30_000_004]]) {
    assert.throws(() => publish(text), (error) => {
      assert.equal(error.code, 'MESSAGE_TOO_LARGE');
      assert.match(error.message, new RegExp(`have ${bytes} bytes; at most ${kLimit} are allowed`));
      return true;
    });
  }
});

test('long keys, names and values, and many headers', async () => {
  const headers = Object.fromEntries(Array.from({ length: 1024 }, (_, at) => [`h${at}${'n'.repeat(at % 40)}`, at % 3 === 0 ? null : 'ż'.repeat(at)]));
  const key = '\u{10418}'.repeat(20_000);
  const [record] = await arriving(1, () => publish(1, key, headers));
  assert.equal(record.key, key);
  assert.deepEqual(record.headers, Object.entries(headers).map(([name, value]) => ({ name, value })));
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at & 0xff));
  const [second] = await arriving(1, () => publish(1, bytes, { ['ń'.repeat(2048)]: bytes.buffer }));
  assert.deepEqual(second.key, bytes);
  assert.equal(second.headers[0].name, 'ń'.repeat(2048));
  assert.throws(() => publish(1, 'k', { ['n'.repeat(4097)]: '' }), { code: 'INVALID_ARGUMENT' });
});
