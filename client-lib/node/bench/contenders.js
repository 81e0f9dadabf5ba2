// Who is measured: each publishes the page's example once a call, in its own fastest documented way, and waits for
// nothing. {name, start(setting), call(event), rest(), stop()}; rest() resolves when what was called is out of the way.
'use strict';

const path = require('node:path');
const { createRequire } = require('node:module');

const kTopic = 'topicName';

function stringify() {
  let text;
  return { call: ({ message }) => { text = JSON.stringify(message); }, rest: async () => text, stop() {} };
}

function ringpostWith(callOf, { packageFolder, socketPath }) {
  const connection = require(packageFolder).connect({ socketPath, connectTimeoutMs: 60_000 });
  return {
    call: callOf(connection.api.events.v1),
    async rest() {
      const isEmpty = () => connection.instances().every(({ waitingEvents, roomBytes, lanes, largestRoomBytes }) =>
        waitingEvents === 0 && roomBytes === lanes * largestRoomBytes);
      while (!isEmpty()) await new Promise((resolve) => setTimeout(resolve, 1));
    },
    stop: () => connection.close(),
  };
}

const ringpost = (setting) =>
  ringpostWith((v1) => ({ message, key, headers }) => v1.publishAsync('kafkaid', kTopic, message, key, headers), setting);

// What the call costs by itself.
const ringpostMessage = (setting) => ringpostWith((v1) => ({ message }) => v1.publishAsync('kafkaid', kTopic, message), setting);

// What is under way, for clients with promises.
class Pending {
  #count = 0;
  failed;
  add(promise) {
    this.#count += 1;
    promise.then(() => this.done(), (error) => { this.failed ??= error; this.done(); });
  }
  more() {
    this.#count += 1;
  }
  done() {
    this.#count -= 1;
  }
  async rest() {
    while (this.#count > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    if (this.failed) throw this.failed;
  }
}

async function kafkajs({ modules, brokers }) {
  const { Kafka, Partitioners, logLevel } = createRequire(path.join(modules, 'package.json'))('kafkajs');
  const producer = new Kafka({ brokers: [brokers], logLevel: logLevel.ERROR })
    .producer({ createPartitioner: Partitioners.DefaultPartitioner, allowAutoTopicCreation: false });
  await producer.connect();
  const pending = new Pending();
  return {
    call({ message, key, headers }) {
      pending.add(producer.send({ topic: kTopic, acks: -1, messages: [{ key, value: JSON.stringify(message), headers }] }));
    },
    rest: () => pending.rest(),
    stop: () => producer.disconnect(),
  };
}

async function platformatic({ modules, brokers }) {
  const { Producer, stringSerializers } = createRequire(path.join(modules, 'package.json'))('@platformatic/kafka');
  const producer = new Producer({ clientId: 'bench', bootstrapBrokers: [brokers], serializers: stringSerializers, autocreateTopics: false });
  const pending = new Pending();
  return {
    call({ message, key, headers }) {
      pending.add(producer.send({ acks: -1, messages: [{ topic: kTopic, key, value: JSON.stringify(message), headers }] }));
    },
    rest: () => pending.rest(),
    stop: () => producer.close(),
  };
}

// Its own poll at the interval that its documentation shows.
async function nodeRdkafka({ peers, brokers }) {
  const { Producer } = createRequire(path.join(peers, 'package.json'))('node-rdkafka');
  const producer = new Producer({ 'metadata.broker.list': brokers, dr_cb: true, 'queue.buffering.max.ms': 5, 'enable.idempotence': true });
  const pending = new Pending();
  producer.setPollInterval(100);
  producer.on('delivery-report', (error) => {
    pending.failed ??= error;
    pending.done();
  });
  await new Promise((resolve, reject) => producer.on('ready', resolve).on('event.error', reject).connect());
  return {
    call({ message, key, headers }) {
      pending.more();
      producer.produce(kTopic, null, Buffer.from(JSON.stringify(message)), key, Date.now(), undefined, Object.entries(headers).map(([name, value]) => ({ [name]: value })));
    },
    async rest() {
      producer.poll();
      await pending.rest();
    },
    stop: () => new Promise((resolve) => producer.disconnect(resolve)),
  };
}

module.exports = { 'JSON.stringify': stringify, 'ringpost, message only': ringpostMessage, ringpost, kafkajs, '@platformatic/kafka': platformatic, 'node-rdkafka': nodeRdkafka };
