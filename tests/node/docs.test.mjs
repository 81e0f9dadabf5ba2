// docs/node.md: each of its programs runs.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon } from './support/daemon.mjs';
import { packageFolder, sources } from './support/package.mjs';
import { runWell } from './support/process.mjs';

test('every program of docs/node.md runs, and what it publishes arrives', async () => {
  const daemon = await Daemon.start();
  const project = path.join(daemon.folder, 'project');
  fs.mkdirSync(path.join(project, 'node_modules'), { recursive: true });
  fs.symlinkSync(packageFolder, path.join(project, 'node_modules', 'ringpost'));
  const programs = [...fs.readFileSync(path.join(sources, 'docs', 'node.md'), 'utf8').matchAll(/```(m?js)\n(.*?)```/gs)];
  const outputs = [];
  for (const [at, [, type, text]] of programs.entries()) {
    const file = path.join(project, `program-${at}.${type}`);
    fs.writeFileSync(file, text);
    outputs.push(await runWell([process.execPath, file], { cwd: project, env: { RINGPOST_SOCKET: daemon.socket } }));
  }
  await daemon.delivered(2);
  const arrived = (await daemon.consume()).map(({ message }) => JSON.parse(message).id).sort();
  assert.deepEqual(arrived, ['123', '124']);
  assert.match(outputs[1], /^kafkaid ACCEPTING true \d+ \d+\n$/);
  assert.equal(outputs[2], 'true UNKNOWN_TOPIC 404\n');
  assert.equal(outputs[3], '');
  await daemon.end();
});

test('the errors that it lists are the errors that there are', () => {
  const text = fs.readFileSync(path.join(sources, 'docs', 'node.md'), 'utf8');
  const types = fs.readFileSync(path.join(packageFolder, 'index.d.ts'), 'utf8');
  for (const [, code] of types.matchAll(/^ {2}\| '([A-Z_]+)'/gm)) assert.ok(text.includes(`\`${code}\``), code);
});
