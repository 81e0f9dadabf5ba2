// A worker thread that publishes `count` events under its own key, then says so.
import { parentPort, workerData } from 'node:worker_threads';
import { connect } from './package.mjs';

const { socketPath, clientName, key, count } = workerData;
const connection = connect({ socketPath, clientName, connectTimeoutMs: 60_000 });
for (let n = 0; n < count; ) {
  try {
    connection.api.events.v1.publishAsync('kafkaid', 'topicName', { n }, key, { worker: key });
    ++n;
  } catch (error) {
    if (!error.retryable) throw error;
  }
}
parentPort.postMessage(connection.instances()[0].state);
