#!/usr/bin/env node
// What publishAsync costs in Node.js, beside JSON.stringify alone and beside clients that talk to Kafka from the process.
// Prints Markdown. All contenders run in the same minutes, in turns, each in a process of its own, against one Apache
// Kafka (tests/kafka-cluster): ringpostd's events go there too.
//
//   bench.js --build BUILD --modules FOLDER [--peers FOLDER] [--smoke]
//     --smoke  shows that it runs, against librdkafka's mock cluster, which @platformatic/kafka can't talk to
//     BUILD    with bin/ringpostd, bin/mock_cluster and node/ringpost
//     FOLDER   of scripts/node-modules (@platformatic/kafka needs Node.js 20); --peers: with node_modules/node-rdkafka, built
'use strict';

const { execFileSync, fork, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { values: options } = parseArgs({
  options: { build: { type: 'string' }, modules: { type: 'string' }, peers: { type: 'string' }, smoke: { type: 'boolean', default: false } },
});

const kSlices = options.smoke ? 3 : 60;
const kWarmUps = options.smoke ? 1 : 10;
const kCalls = options.smoke ? 200 : 2000;
const kStall = options.smoke ? { perSecond: 200, ms: 300 } : { perSecond: 5000, ms: 5000 };

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ringpost-bench-'));
const socketPath = path.join(folder, 'ringpost.sock');
const children = [];
const program = (name) => path.join(options.build, 'bin', name);

function start(command, words) {
  const child = spawn(program(command), words, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

const kafkaCluster = (...words) => execFileSync(path.join(__dirname, '../../../tests/kafka-cluster/kafka-cluster'), [path.join(folder, 'kafka'), ...words], { encoding: 'utf8' }).trim();

async function mockBrokers() {
  const cluster = start('mock_cluster', ['1', '4', 'topicName']);
  return String(await new Promise((resolve) => cluster.stdout.once('data', resolve))).trim();
}

function kafkaBrokers() {
  const brokers = kafkaCluster('up');
  kafkaCluster('topic', 'topicName', '-p', '4');
  return brokers;
}

async function startBrokers() {
  const brokers = options.smoke ? await mockBrokers() : kafkaBrokers();
  const file = path.join(folder, 'ringpost.toml');
  fs.writeFileSync(file, `[daemon]\nsocket = "${socketPath}"\nstate_dir = "${path.join(folder, 'state')}"\nlog = "stderr"\nlog_level = "error"\n[instance.kafkaid]\nbrokers = ["${brokers}"]\ntopics = ["topicName"]\n`);
  start('ringpostd', ['--config', file]);
  return brokers;
}

class Contender {
  #child = fork(path.join(__dirname, 'process.js'));
  constructor(name) {
    this.name = name;
    this.slices = [];
    this.cpu = [];
    children.push(this.#child);
  }
  ask(question, details = {}) {
    return new Promise((resolve, reject) => {
      this.#child.once('message', ({ answer, failed }) => (failed === undefined ? resolve(answer) : reject(new Error(`${this.name}: ${failed}`))));
      this.#child.send({ question, ...details });
    });
  }
  stop() {
    this.#child.send({ question: 'stop' });
  }
}

const quantile = (numbers, share) => [...numbers].sort((a, b) => a - b)[Math.floor(share * (numbers.length - 1))];
const median = (numbers) => quantile(numbers, 0.5);

async function whenConnected(setting) {
  const connection = require(setting.packageFolder).connect({ socketPath, connectTimeoutMs: 60_000 });
  while (!connection.instances().some(({ name, connected }) => name === 'kafkaid' && connected)) await new Promise((resolve) => setTimeout(resolve, 10));
  connection.close();
}

async function measure(contenders, setting) {
  for (const one of contenders) Object.assign(one, await one.ask('start', { name: one.name, setting }));
  for (let round = -kWarmUps; round < kSlices; ++round) {
    for (const one of [...contenders].sort(() => Math.random() - 0.5)) {
      const { ns, cpuNs } = await one.ask('slice', { calls: kCalls });
      if (round < 0) continue;
      one.slices.push(ns);
      one.cpu.push(cpuNs);
    }
  }
  for (const one of contenders) {
    Object.assign(one, await one.ask('memory'));
    if (one.name !== 'JSON.stringify') Object.assign(one, await one.ask('stall', kStall));
  }
}

function print(contenders) {
  const [stringify, messageOnly, ringpost, ...peers] = contenders;
  const us = (ns) => (ns / 1000).toFixed(2);
  const cells = (cellsOfRow) => console.log(`| ${cellsOfRow.join(' | ')} |`);
  console.log(`Node.js ${process.version}, ${os.cpus()[0].model}, ${os.cpus().length} processors, load before ${loadBefore.toFixed(1)}; ${kSlices} slices of ${kCalls} calls each, in turns\n`);
  cells(['', 'call µs (median)', 'fastest tenth', 'slowest tenth', 'CPU µs', 'longest stall ms', 'cold start ms', 'threads', 'memory MB']);
  cells(['---', '---', '---', '---', '---', '---', '---', '---', '---']);
  for (const one of contenders) {
    cells([one.name, us(median(one.slices)), us(quantile(one.slices, 0.1)), us(quantile(one.slices, 0.9)),
      us(median(one.cpu)), one.maxMs?.toFixed(1) ?? '', one.coldStartMs.toFixed(1), `${one.threads} (+${one.threadsMore})`, (one.rssKb / 1024).toFixed(0)]);
  }
  const best = peers.reduce((a, b) => (median(a.slices) < median(b.slices) ? a : b));
  const kafkajs = peers.find(({ name }) => name === 'kafkajs');
  const ratio = (one, other, of = median) => (of(one.slices) / of(other.slices)).toFixed(2);
  const fastest = (numbers) => quantile(numbers, 0.1);
  console.log(`\nringpost / JSON.stringify: **${ratio(ringpost, stringify)}** (fastest tenths ${ratio(ringpost, stringify, fastest)}); message only: ${ratio(messageOnly, stringify)} (${ratio(messageOnly, stringify, fastest)})`);
  console.log(`ringpost / best peer's call (${best.name}): **${ratio(ringpost, best)}**`);
  const leastCpu = peers.reduce((a, b) => (median(a.cpu) < median(b.cpu) ? a : b));
  console.log(`CPU, ringpost / best peer's (${leastCpu.name}): **${(median(ringpost.cpu) / median(leastCpu.cpu)).toFixed(2)}**`);
  console.log(`longest stall, ringpost / kafkajs: **${(ringpost.maxMs / kafkajs.maxMs).toFixed(3)}**`);
}

const loadBefore = os.loadavg()[0];

async function main() {
  const setting = { packageFolder: path.resolve(options.build, 'node/ringpost'), modules: options.modules, peers: options.peers, socketPath };
  setting.brokers = await startBrokers();
  await whenConnected(setting);
  const names = ['JSON.stringify', 'ringpost, message only', 'ringpost', 'kafkajs'];
  if (!options.smoke && Number(process.versions.node.split('.')[0]) >= 20) names.push('@platformatic/kafka');
  if (options.peers !== undefined) names.push('node-rdkafka');
  const contenders = names.map((name) => new Contender(name));
  await measure(contenders, setting);
  print(contenders);
  for (const one of contenders) one.stop();
}

main()
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => {
    for (const child of children) child.kill();
    if (!options.smoke) kafkaCluster('down');
    fs.rmSync(folder, { recursive: true, force: true });
  });
