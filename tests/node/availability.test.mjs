// The daemon away, restarted and back; buffers full and empty again; who may do what.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon, kOneTopic } from './support/daemon.mjs';
import { PublishError, connect, packageFolder, program } from './support/package.mjs';
import { Process, run, waitUntil } from './support/process.mjs';

const publish = (connection, message) => connection.api.events.v1.publishAsync('kafkaid', 'topicName', message, 'key');

function codeOf(call) {
  try {
    call();
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof PublishError, error.stack);
    return error.code;
  }
}

test('no daemon: connect says so with path and advice, or does not wait', async () => {
  const daemon = await Daemon.start();
  await daemon.stop();
  assert.throws(() => daemon.connect({ connectTimeoutMs: 50 }), { name: 'PublishError', code: 'DAEMON_UNAVAILABLE', retryable: true });
  const connection = daemon.connect({ connectTimeoutMs: 0 });
  assert.equal(codeOf(() => publish(connection, 1)), 'DAEMON_UNAVAILABLE');
  assert.deepEqual(connection.instances(), []);
  // Who asks to wait does not get that one, which has no daemon.
  assert.throws(() => daemon.connect({ connectTimeoutMs: 50 }), { code: 'DAEMON_UNAVAILABLE' });
  await daemon.startAgain();
  await waitUntil(() => codeOf(() => publish(connection, 1)) === 'accepted');
  await daemon.delivered(1);
  connection.close();
  await daemon.end();
});

test('wrong options are refused by name', () => {
  for (const options of [null, 5, { socketpath: 'x' }, { socketPath: 5 }, { socketPath: '' }, { clientName: 'a\0b' }, { connectTimeoutMs: -1 }, { connectTimeoutMs: '5' }]) {
    assert.equal(codeOf(() => connect(options)), 'INVALID_ARGUMENT', JSON.stringify(options));
  }
});

// Numbers, without end and without a pause, until it is stopped; `codes` says what became of them.
function publishNumbers(connection) {
  const codes = { accepted: 0 };
  let n = 0;
  const load = setInterval(() => {
    for (let i = 0; i < 50; ++i) {
      const code = codeOf(() => publish(connection, n++));
      codes[code] = (codes[code] ?? 0) + 1;
    }
  }, 1);
  return { codes, stop: () => clearInterval(load) };
}

// Without a keeper what the daemon had not delivered when it was killed is lost, and calls fail meanwhile. What must hold
// all the same: each call says what became of it at once, and the client finds the new daemon by itself.
for (const how of ['SIGTERM', 'SIGKILL']) {
  test(`restarted under load by ${how}: calls fail with DAEMON_UNAVAILABLE and go on with the next daemon`, async () => {
    const daemon = await Daemon.start();
    const connection = daemon.connect();
    const { codes, stop } = publishNumbers(connection);
    try {
      await waitUntil(() => codes.accepted > 1000);
      await daemon.stop(how);
      await waitUntil(() => codes.DAEMON_UNAVAILABLE > 100);
      await daemon.startAgain();
      const { accepted } = codes;
      await waitUntil(() => codes.accepted > accepted + 1000);
    } finally {
      stop();
    }
    await waitUntil(async () => (await daemon.status()).waiting === 0);
    const seen = (await daemon.consume()).map(({ message }) => Number(message));
    assert.ok(seen.length > 1000);
    assert.ok(seen.every((number, at) => at === 0 || number > seen[at - 1]), 'in order');
    for (const code of Object.keys(codes)) assert.ok(['accepted', 'DAEMON_UNAVAILABLE', 'NOT_CONNECTED'].includes(code), code);
    connection.close();
    await daemon.end();
  });
}

for (const how of ['SIGTERM', 'SIGKILL']) {
  test(`upgraded under load, with a keeper, by ${how}: no call fails, and all arrive in order`, async () => {
    const kafka = new Process([program('mock_cluster'), '1', '1', 'topicName']);
    await waitUntil(() => kafka.output.includes('\n'));
    const instance = `[instance.kafkaid]\nbrokers = ["${kafka.output.trim()}"]\ntopics = ["topicName"]\n`;
    const daemon = await Daemon.start(instance, ['kafkaid'], '', { keeper: true });
    const connection = daemon.connect();
    const { codes, stop } = publishNumbers(connection);
    try {
      for (let times = 0; times < 5; ++times) {
        const { accepted } = codes;
        await waitUntil(() => codes.accepted > accepted + 1000);
        daemon.replaceProgram();
        await daemon.stop(how);
        await waitUntil(() => codes.accepted > accepted + 2000);
        await daemon.startAgain();
      }
    } finally {
      stop();
    }
    assert.deepEqual(Object.keys(codes), ['accepted'], daemon.log);
    await daemon.delivered(codes.accepted);
    // A killed daemon's last events come twice; by their first occurrences all are there, in order.
    const seen = new Set((await daemon.consume()).map(({ message }) => Number(message)));
    assert.deepEqual([...seen], Array.from({ length: codes.accepted }, (_, number) => number));
    connection.close();
    await daemon.end();
    kafka.closeInput();
    assert.equal(await kafka.ended(), 0);
  });
}

test('a full buffer refuses at once, shows no room, and takes events again when Kafka does', async () => {
  const kafka = new Process([program('mock_cluster'), '1', '1', 'topicName']);
  await waitUntil(() => kafka.output.includes('\n'));
  const daemon = await Daemon.start(`
[instance.kafkaid]
brokers = ["${kafka.output.trim()}"]
topics = ["topicName"]
lane_size = "64KiB"
buffer_size = "1MiB"
spool = "0"
`);
  const connection = daemon.connect();
  kafka.signal('SIGSTOP');
  let accepted = 0;
  let refused;
  await waitUntil(() => {
    for (let i = 0; i < 1000; ++i) {
      try {
        publish(connection, 'x'.repeat(200));
        ++accepted;
      } catch (error) {
        refused = error;
        return true;
      }
    }
    return false;
  });
  assert.equal(refused.code, 'BUFFER_FULL');
  assert.equal(refused.status.code, 429);
  assert.equal(refused.retryable, true);
  assert.match(refused.message, /^publishAsync\("kafkaid", "topicName"\): the .*buffer.*The event was not queued; retry later\.$/);
  assert.ok(connection.instances()[0].bufferBytes >= 1024 * 1024);
  await waitUntil(() => connection.instances()[0].waitingEvents > 0);  // the daemon notes it a moment later
  kafka.signal('SIGCONT');
  await waitUntil(() => codeOf(() => publish(connection, 'again')) === 'accepted');
  await daemon.delivered(accepted + 1);
  connection.close();
  await daemon.end();
  kafka.closeInput();
  assert.equal(await kafka.ended(), 0);
});

// Root may use everything, so root's test becomes somebody else; for whom package and socket must be within reach.
test('a user who is not on the list is told', async () => {
  const daemon = await Daemon.start(`${kOneTopic}allow = { users = ["daemon"] }`);
  fs.cpSync(packageFolder, path.join(daemon.folder, 'ringpost'), { recursive: true });
  fs.chmodSync(daemon.folder, 0o755);
  const script = `
    if (process.getuid() === 0) { process.setgroups([]); process.setgid(54321); process.setuid(54321); }
    const connection = require(${JSON.stringify(path.join(daemon.folder, 'ringpost'))}).connect({ socketPath: ${JSON.stringify(daemon.socket)} });
    try { connection.api.events.v1.publishAsync('kafkaid', 'topicName', 'private'); } catch (error) {
      console.log(JSON.stringify([error.code, error.status.code, error.message.includes('private'), connection.instances()]));
    }`;
  const { output, errors } = await run([process.execPath, '-e', script], { cwd: '/' });
  assert.equal(output, '["DENIED",403,false,[{"name":"kafkaid","state":"DENIED"}]]\n', errors);
  await daemon.end();
});
