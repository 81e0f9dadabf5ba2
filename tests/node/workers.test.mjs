// Worker threads: one connection for all or one each, ended by themselves or from outside, loaded and unloaded.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Daemon } from './support/daemon.mjs';
import { here, packageFolder } from './support/package.mjs';
import { run, waitUntil } from './support/process.mjs';

const kWorkers = 8;
const kEvents = 20_000;

let daemon;
before(async () => (daemon = await Daemon.start()));
after(() => daemon.end());

const startWorker = (workerData) => new Worker(here('support/worker.mjs'), { workerData });

// Asks for both at once: a worker's last message and its end may come in one turn of the event loop.
async function finished(worker) {
  const [[state], [code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  assert.equal(state, 'ACCEPTING');
  assert.equal(code, 0);
}

async function checkOrder(prefix) {
  const next = new Map();
  for (const { key, message } of await daemon.consume()) {
    if (!key.startsWith(prefix)) continue;
    assert.equal(JSON.parse(message).n, next.get(key) ?? 0, key);
    next.set(key, (next.get(key) ?? 0) + 1);
  }
  assert.equal(next.size, kWorkers);
  for (const [key, count] of next) assert.equal(count, kEvents, key);
}

for (const shared of [true, false]) {
  test(`8 workers × 20,000, ${shared ? 'one connection' : 'a connection each'}: in order per key`, async () => {
    const { accepted } = await daemon.status();
    const prefix = shared ? 'shared' : 'own';
    const workers = Array.from({ length: kWorkers }, (_, at) =>
      startWorker({ socketPath: daemon.socket, clientName: shared ? 'all' : `one-${at}`, key: `${prefix}-${at}`, count: kEvents }));
    await Promise.all(workers.map(finished));
    await daemon.delivered(accepted + kWorkers * kEvents);
    await checkOrder(prefix);
    await waitUntil(async () => (await daemon.status()).clients === 0);
  });
}

test('workers that ask for the same share one connection', async () => {
  const first = daemon.connect({ clientName: 'shared' });
  const second = daemon.connect({ clientName: 'shared' });
  const other = daemon.connect({ clientName: 'other' });
  assert.equal((await daemon.status()).clients, 2);
  first.close();
  assert.throws(() => first.api.events.v1.publishAsync('kafkaid', 'topicName', 1), { code: 'INVALID_ARGUMENT' });
  assert.equal(second.api.events.v1.publishAsync('kafkaid', 'topicName', 1), undefined);
  second.close();
  await waitUntil(async () => (await daemon.status()).clients === 1);
  other.close();
  await waitUntil(async () => (await daemon.status()).clients === 0);
});

test('terminated in the middle of publishing: the daemon forgets it, others go on', async () => {
  const worker = startWorker({ socketPath: daemon.socket, key: 'ended', count: Infinity });
  const before = (await daemon.status()).accepted;
  await waitUntil(async () => (await daemon.status()).accepted > before + 1000);
  await worker.terminate();
  await waitUntil(async () => (await daemon.status()).clients === 0);
  const next = daemon.connect();
  next.api.events.v1.publishAsync('kafkaid', 'topicName', 1);
  next.close();
});

test('unloaded with the last environment, and loaded again', async () => {
  const script = `
    const { Worker, isMainThread, workerData } = require('node:worker_threads');
    const fs = require('node:fs');
    const loaded = () => fs.readFileSync('/proc/self/maps', 'utf8').includes('node.napi.glibc.node');
    async function main() {
      for (let time = 0; time < 20; ++time) {
        const worker = new Worker(__filename);
        await new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject));
        if (loaded()) throw new Error('still loaded');
      }
    }
    if (isMainThread) main(); else {
      const { api } = require(${JSON.stringify(packageFolder)}).connect({ socketPath: ${JSON.stringify(daemon.socket)} });
      for (let n = 0; n < 100; ++n) api.events.v1.publishAsync('kafkaid', 'topicName', n);
      if (!loaded()) throw new Error('not loaded');
    }`;
  const { accepted } = await daemon.status();
  const file = `${daemon.folder}/unload.cjs`;
  fs.writeFileSync(file, script);
  const { status, errors } = await run([process.execPath, file]);
  assert.equal(status, 0, errors);
  await daemon.delivered(accepted + 2000);
});
