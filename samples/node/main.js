// Runs order.bpmn once in bpmn-engine; its script task publishes the event. The daemon is the one that RINGPOST_SOCKET
// names.
'use strict';

const { EventEmitter } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { Engine } = require('bpmn-engine');
const { connect } = require('ringpost');
const { ScriptTasks } = require('./script_tasks.js');

const { api } = connect({ clientName: 'order-process' });
const engine = new Engine({
  name: 'order',
  source: fs.readFileSync(path.join(__dirname, 'order.bpmn')),
  scripts: new ScriptTasks(api),
});

const listener = new EventEmitter();
listener.on('activity.end', (activity) => console.log(`${activity.type} ${activity.id}: ${activity.name}`));

engine.execute({ listener }, (error) => {
  if (error) throw error;
});
