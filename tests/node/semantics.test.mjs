// Every row of the contract (tests/semantics/cases.json): against ringpostd, in the recording, and from a sandbox.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import vm from 'node:vm';
import { Daemon } from './support/daemon.mjs';
import { PublishError, connect, packageFolder, sources } from './support/package.mjs';

const table = JSON.parse(fs.readFileSync(path.join(sources, 'tests/semantics/cases.json'), 'utf8'));
const kStatus = {
  INVALID_ARGUMENT: 400, INVALID_JSON: 400, DISABLED: 403, DENIED: 403, UNKNOWN_INSTANCE: 404, UNKNOWN_TOPIC: 404,
  MESSAGE_TOO_LARGE: 413, BUFFER_FULL: 429, NOT_CONNECTED: 503, DAEMON_UNAVAILABLE: 503,
};
const kRetryable = ['BUFFER_FULL', 'NOT_CONNECTED', 'DAEMON_UNAVAILABLE'];

let daemon;
let connection;
before(async () => {
  daemon = await Daemon.start(table.configuration.join('\n'));
  connection = daemon.connect();
});
after(async () => {
  connection.close();
  await daemon.end();
});

// undefined, or what was thrown.
const callOf = ({ before = '', call }) =>
  `(function () { ${before}\ntry { api.events.v1.publishAsync(${call}); } catch (error) { return error; } }())`;

const inHost = (api) => (source) => new Function('api', `return ${source}`)(api);
const inSandbox = (api) => (source) => vm.runInNewContext(source, { api, Buffer });

function checkRefusal(row, error) {
  assert.equal(error.name, 'PublishError');
  assert.equal(error.code, row.refused);
  assert.equal(error.retryable, kRetryable.includes(row.refused));
  assert.deepEqual({ ...error.status }, { code: kStatus[row.refused], message: error.message });
  assert.match(error.message, /^publishAsync(: |\("[^"]*"(, "[^"]*")?\): )/);
  assert.ok(error.message.includes(row.says), error.message);
  assert.ok(error.message.endsWith(error.retryable ? 'The event was not queued; retry later.' : 'The event was not queued.'));
  if (row.cause !== undefined) assert.ok(error.cause.message.includes(row.cause), error.cause.message);
}

const bytesOf = (value) => (value === null ? null : Buffer.isBuffer(value) ? value.toString('hex') : Buffer.from(value).toString('hex'));
const expectedBytes = (value) => (value?.bytes !== undefined ? value.bytes : bytesOf(value ?? null));

// Comparable, and readable in a difference. An event without a key has no order, so they are compared as a set.
const line = (message, key, headers) => JSON.stringify({ message, key, headers });
const lineOf = ({ message, key, headers }) => line(message, bytesOf(key), headers.map(({ name, value }) => [name, bytesOf(value)]));
const expectedLine = ({ accepted: { message, messageIs, key, headers = [] } }) =>
  line(messageIs === undefined ? message : (0, eval)(messageIs), expectedBytes(key), headers.map(([name, value]) => [name, expectedBytes(value)]));

// All rows through `evaluate`; `arrived()` gives the records of those that were accepted, in order.
async function checkRows(rows, evaluate, checkError, arrived) {
  const accepted = [];
  for (const row of rows) {
    const error = evaluate(callOf(row));
    try {
      if (row.accepted !== undefined) {
        assert.equal(error, undefined);
        accepted.push(row);
      } else {
        assert.notEqual(error, undefined, 'it was accepted');
        checkRefusal(row, error);
        checkError(error);
      }
    } catch (failure) {
      failure.message = `${row.row}: publishAsync(${row.call}): ${failure.message} [${error}]`;
      throw failure;
    }
  }
  const records = await arrived(accepted.length);
  assert.deepEqual(records.map(lineOf).sort(), accepted.map(expectedLine).sort());
}

async function throughDaemon(evaluate, checkError) {
  const before = await daemon.status();
  await checkRows(table.cases, evaluate, checkError, async (count) => {
    await daemon.delivered(before.accepted + count);
    return (await daemon.consume('texts')).slice(before.accepted);
  });
}

test('in the host, through ringpostd', () => throughDaemon(inHost(connection.api), (error) => assert.ok(error instanceof PublishError)));

test('in a sandbox, through ringpostd', () =>
  throughDaemon(inSandbox(connection.api), (error) => assert.ok(!(error instanceof Error), 'it is of the host')));

test('in the recording', async () => {
  const recording = connect.recording({ instances: { kafkaid: ['orders', 'texts', 'crm.*'] }, maxEventBytes: 4096 });
  const rows = table.cases.filter((row) => !row.daemon);
  await checkRows(rows, inHost(recording.api), (error) => assert.ok(error instanceof PublishError), () => recording.events);
});

test('a first call without arguments is refused like any other', () => {
  const { status, stderr } = spawnSync(process.execPath, ['-e',
    `require(${JSON.stringify(packageFolder)}).connect.recording().api.events.v1.publishAsync()`], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /the instance's name is undefined/);
});

test('the recording refuses with the code that it is told', () => {
  const recording = connect.recording();
  recording.refuseWith('BUFFER_FULL');
  assert.throws(() => recording.api.events.v1.publishAsync('kafkaid', 'orders', 1), { code: 'BUFFER_FULL', retryable: true });
  recording.refuseWith(undefined);
  assert.equal(recording.api.events.v1.publishAsync('kafkaid', 'orders', 1), undefined);
  assert.equal(recording.events.length, 1);
  assert.throws(() => recording.refuseWith('FULL'), { code: 'INVALID_ARGUMENT' });
});

test('a disabled handle refuses everything and needs nothing', () => {
  const disabled = connect.disabled();
  for (const call of ['"kafkaid", "texts", 1', '', 'null, {}, undefined']) {
    checkRefusal({ refused: 'DISABLED', says: 'switched off' }, inHost(disabled.api)(callOf({ call })));
  }
  assert.deepEqual(disabled.instances(), []);
  disabled.close();
});
