// Finds and loads the addon: the one that was built here, else the prebuilt one for this platform and libc.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');

// node-gyp-build's layout.
function places() {
  const { platform, arch } = process;
  const libc = fs.existsSync('/etc/alpine-release') ? 'musl' : 'glibc';
  return [
    path.join(root, 'build', 'Release', 'ringpost.node'),
    path.join(root, 'prebuilds', `${platform}-${arch}`, `node.napi.${libc}.node`),
  ];
}

let addon;

function loadAddon() {
  if (addon !== undefined) return addon;
  const tried = [];
  for (const place of places()) {
    try {
      addon = require(place);
      return addon;
    } catch (error) {
      tried.push(error.code === 'MODULE_NOT_FOUND' ? `${place}: not there` : error.message);
    }
  }
  throw new Error(`no addon for ${process.platform}-${process.arch} (build it with: npm rebuild ringpost): ${tried.join('; ')}`);
}

module.exports = { loadAddon };
