// The package as this build made it, and the programs of this build.
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

function fromEnvironment(name) {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the tests with ctest, or see tests/node/README.md`);
  return value;
}

export const sources = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const packageFolder = path.join(fromEnvironment('RINGPOST_BUILD'), 'node', 'ringpost');
export const require = createRequire(import.meta.url);
export const { connect, PublishError } = require(packageFolder);
export const program = (name) => path.join(fromEnvironment('RINGPOST_BUILD'), 'bin', name);
export const here = (name) => path.join(sources, 'tests', 'node', name);

// What scripts/node-modules installed from tests/node/package-lock.json.
export const modules = () => fromEnvironment('RINGPOST_NODE_MODULES');
export const requireModule = (name) => createRequire(path.join(modules(), 'package.json'))(name);
