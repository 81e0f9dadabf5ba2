// npm's install step: nothing to do where an addon of the package loads; else it is built from the package's sources,
// with node-gyp and a C++20 compiler. Downloads nothing: the headers that it needs are in the package.
//
//     npm install ringpost --build-from-source      does so in any case
'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { loadAddon } = require('./addon.js');

const root = path.join(__dirname, '..');

function loads() {
  try {
    loadAddon();
    return true;
  } catch {
    return false;
  }
}

function build() {
  const nodeGyp = process.env.npm_config_node_gyp;
  const words = ['rebuild', `--nodedir=${path.join(root, 'source')}`];
  const { status, error } =
    nodeGyp === undefined
      ? spawnSync('node-gyp', words, { cwd: root, stdio: 'inherit' })
      : spawnSync(process.execPath, [nodeGyp, ...words], { cwd: root, stdio: 'inherit' });
  if (error !== undefined) console.error(`ringpost: node-gyp: ${error.message}`);
  return status === 0;
}

if (process.platform !== 'linux') {
  console.log('ringpost: connect() needs Linux; connect.recording() and connect.disabled() work here');
} else if (process.env.npm_config_build_from_source !== undefined || !loads()) {
  process.exitCode = build() ? 0 : 1;
}
