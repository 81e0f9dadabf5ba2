// samples/node: the BPMN process, with a daemon and with everything that publishing may fail with.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { connect, modules, require, requireModule, sources } from './support/package.mjs';
import { runWell } from './support/process.mjs';

const sample = path.join(sources, 'samples', 'node');
const page = fs.readFileSync(path.join(sources, 'docs', 'page_example.js'), 'utf8');

test('one command runs the process, and the event arrives', async () => {
  const output = await runWell([path.join(sample, 'run')], { env: { RINGPOST_NODE_MODULES: modules() } });
  assert.match(output, /bpmn:ScriptTask publish: Notify the CRM\nbpmn:EndEvent done: Published\n/);
  assert.match(output, /header +header1 = header1-value\n +header +header2 = header2-value/);
  assert.match(output, /message +\{"id":"123","status":\{"code":"OK","message":"Everything is fine!"\},"list":\[1,2,3\],"boolean":true,"date":"\d{4}-\d\d-\d\dT[\d:.]+Z"\}/);
});

test('the script task has the page\'s call word for word', () => {
  const call = page.slice(page.indexOf('api.events'), page.indexOf(');') + 2);
  assert.ok(fs.readFileSync(path.join(sample, 'order.bpmn'), 'utf8').includes(call));
});

async function activitiesOf(api) {
  const { Engine } = requireModule('bpmn-engine');
  const { ScriptTasks } = require(path.join(sample, 'script_tasks.js'));
  const engine = new Engine({ name: 'order', source: fs.readFileSync(path.join(sample, 'order.bpmn')), scripts: new ScriptTasks(api) });
  const listener = new EventEmitter();
  const ended = [];
  listener.on('activity.end', ({ id }) => ended.push(id));
  await new Promise((resolve, reject) => {
    engine.execute({ listener }, (error) => (error ? reject(error) : resolve()));
  });
  return ended;
}

test('what publishAsync throws goes to the boundary event', async () => {
  const recording = connect.recording();
  assert.deepEqual(await activitiesOf(recording.api), ['received', 'publish', 'done']);
  assert.equal(recording.events.length, 1);
  for (const code of ['BUFFER_FULL', 'NOT_CONNECTED', 'DENIED']) {
    recording.refuseWith(code);
    assert.deepEqual(await activitiesOf(recording.api), ['received', 'refused', 'notPublished'], code);
  }
  assert.deepEqual(await activitiesOf(connect.disabled().api), ['received', 'refused', 'notPublished']);
  assert.equal(recording.events.length, 1);
});
