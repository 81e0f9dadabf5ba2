// What publishAsync accepted arrives, once and in order, however the process ends that called it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Daemon } from './support/daemon.mjs';
import { here, packageFolder } from './support/package.mjs';
import { run } from './support/process.mjs';

const kEnds = { exit: 0, exitCode: 3, end: 0, throw: 1, reject: 1, SIGKILL: 'SIGKILL', SIGTERM: 'SIGTERM', abort: 'SIGABRT' };

let daemon;
before(async () => (daemon = await Daemon.start()));
after(() => daemon.end());

test('all 1,000 of each arrive, in order', async () => {
  for (const [how, end] of Object.entries(kEnds)) {
    const { status, errors } = await run([process.execPath, here('support/publish_and_end.cjs'), packageFolder, daemon.socket, how, how]);
    assert.equal(status, end, `${how}: ${errors}`);
  }
  await daemon.delivered(1000 * Object.keys(kEnds).length);
  const next = Object.fromEntries(Object.keys(kEnds).map((how) => [how, 0]));
  for (const { key, message } of await daemon.consume()) assert.equal(JSON.parse(message).n, next[key]++, key);
  for (const [how, count] of Object.entries(next)) assert.equal(count, 1000, how);
});

test('an open connection does not keep the process alive', async () => {
  const script = `require(${JSON.stringify(packageFolder)}).connect({ socketPath: ${JSON.stringify(daemon.socket)} })`;
  const { status, errors } = await run([process.execPath, '-e', script]);
  assert.equal(status, 0, errors);
});
