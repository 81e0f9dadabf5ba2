// The package as a user gets it: `npm pack`'s file installed into an empty project, on several versions of Node.js, with
// the prebuilt addon and built from source; CommonJS, ESM and TypeScript.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon } from './support/daemon.mjs';
import { modules, packageFolder, sources } from './support/package.mjs';
import { runWell } from './support/process.mjs';

const kVersions = ['node-18', 'node-20', 'node-newest'];
const version = (name) => path.join(modules(), 'node_modules', name, 'bin', 'node');
// Nothing may be downloaded: there is no registry, and no place for headers.
const kOffline = { npm_config_offline: 'true', npm_config_registry: 'http://127.0.0.1:1/', npm_config_disturl: 'http://127.0.0.1:1/' };
const npm = (words, cwd) => runWell(['npm', ...words, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, env: kOffline });

let folder;
let tarball;
let daemon;
before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ringpost-install-'));
  await npm(['pack', packageFolder, '--pack-destination', folder]);
  tarball = path.join(folder, fs.readdirSync(folder).find((name) => name.endsWith('.tgz')));
  daemon = await Daemon.start();
});
after(async () => {
  await daemon?.end();
  fs.rmSync(folder, { recursive: true });
});

async function emptyProject(name, ...words) {
  const project = path.join(folder, name);
  fs.mkdirSync(project);
  fs.writeFileSync(path.join(project, 'package.json'), '{"private": true}');
  await npm(['install', tarball, ...words], project);
  return project;
}

const kUses = {
  'commonjs.js': `const { connect } = require('ringpost');
    connect().api.events.v1.publishAsync('kafkaid', 'topicName', process.version, 'commonjs');`,
  'esm.mjs': `import ringpost, { connect, PublishError } from 'ringpost';
    if (ringpost.PublishError !== PublishError) throw new Error('two of them');
    connect().api.events.v1.publishAsync('kafkaid', 'topicName', process.version, 'esm');`,
};

async function uses(project, node) {
  const { accepted } = await daemon.status();
  for (const [file, script] of Object.entries(kUses)) {
    fs.writeFileSync(path.join(project, file), script);
    await runWell([node, file], { cwd: project, env: { RINGPOST_SOCKET: daemon.socket } });
  }
  await daemon.delivered(accepted + Object.keys(kUses).length);
}

test('installed from the file, with the prebuilt addon, on each version', async () => {
  const project = await emptyProject('prebuilt');
  assert.ok(!fs.existsSync(path.join(project, 'node_modules/ringpost/build')), 'it was built');
  for (const name of kVersions) await uses(project, version(name));
});

test('built from the package\'s sources, downloading nothing', async () => {
  const project = await emptyProject('source', '--build-from-source');
  const installed = path.join(project, 'node_modules/ringpost');
  assert.ok(fs.existsSync(path.join(installed, 'build/Release/ringpost.node')));
  fs.rmSync(path.join(installed, 'prebuilds'), { recursive: true });
  for (const name of kVersions) await uses(project, version(name));
});

test('the types: the page\'s call compiles, wrong ones do not', async () => {
  const project = path.join(folder, 'prebuilt');
  fs.writeFileSync(path.join(project, 'good.ts'), `
    import { connect, PublishError, type Connection, type Recording } from 'ringpost';
    const connection: Connection = connect({ socketPath: '/s', clientName: 'c', connectTimeoutMs: 0 });
    try {
      connection.api.events.v1.publishAsync('kafkaid', 'topicName', { id: '123', list: [1], date: new Date() }, 'key', { header1: 'v', h: [1, null, new Date()] });
    } catch (e) {
      if (e instanceof PublishError && e.code === 'BUFFER_FULL' && e.retryable) console.log(e.status.code + 1);
    }
    connection.api.events.v1.publishAsync('kafkaid', 'topicName', null, 12n);
    const recording: Recording = connect.recording({ instances: { kafkaid: ['orders'] } });
    recording.refuseWith('NOT_CONNECTED');
    const texts: string[] = recording.events.map((event) => event.message);
    connect.disabled().close();
    for (const { name, state, roomBytes } of connection.instances()) console.log(name, state === 'ACCEPTING', roomBytes, texts);
  `);
  fs.writeFileSync(path.join(project, 'bad.ts'), `
    import { connect } from 'ringpost';
    connect().api.events.v1.publishAsync(1, 'topicName', null);
    connect().api.events.v1.publishAsync('kafkaid', 'topicName', null, true);
    connect().api.events.v1.publishAsync('kafkaid', 'topicName', null, 'k', new Map());
    connect({ socketpath: '' });
  `);
  const types = path.join(project, 'node.d.ts');  // as much of Node's own types as ours mention
  fs.writeFileSync(types, 'declare interface Buffer extends Uint8Array {}\n');
  const tsc = path.join(modules(), 'node_modules/typescript/bin/tsc');
  const compile = (file) => runWell([process.execPath, tsc, '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', types, file], { cwd: project });
  await compile('good.ts');
  const failure = await compile('bad.ts').then(() => '', (error) => error.message);
  for (const line of [3, 4, 5, 6]) assert.ok(failure.includes(`bad.ts(${line},`), `line ${line} compiles: ${failure}`);
});

test('what is packed is what is needed, and names no machine', () => {
  const files = fs.readdirSync(packageFolder, { recursive: true, withFileTypes: false });
  for (const name of ['index.js', 'index.mjs', 'index.d.ts', 'LICENSE', 'NOTICE', 'README.md']) assert.ok(files.includes(name), name);
  for (const name of ['ringpost.h', 'publish.cpp']) assert.ok(files.some((file) => file.startsWith('source/client-lib/') && file.endsWith(name)), name);
  const { version: ours } = JSON.parse(fs.readFileSync(path.join(packageFolder, 'package.json')));
  const header = fs.readFileSync(path.join(sources, 'client-lib/ringpost.h'), 'utf8');
  const number = (part) => header.match(new RegExp(`RINGPOST_VERSION_${part} (\\d+)`))[1];
  assert.equal(ours, ['MAJOR', 'MINOR', 'PATCH'].map(number).join('.'));
});
