// Publishes 1,000 events with one key, and ends in the way that it is told, in the next statement.
//
//   publish_and_end.cjs PACKAGE SOCKET KEY HOW
'use strict';
const [packageFolder, socketPath, key, how] = process.argv.slice(2);
const { api } = require(packageFolder).connect({ socketPath, connectTimeoutMs: 60_000 });

const kWays = {
  exit: () => process.exit(0),
  exitCode: () => { process.exitCode = 3; },
  end: () => {},
  throw: () => { throw new Error('uncaught'); },
  reject: () => { Promise.reject(new Error('unhandled')); },
  SIGKILL: () => process.kill(process.pid, 'SIGKILL'),
  SIGTERM: () => process.kill(process.pid, 'SIGTERM'),
  abort: () => process.abort(),
};

for (let n = 0; n < 1000; ++n) api.events.v1.publishAsync('kafkaid', 'topicName', { n }, key);
kWays[how]();
