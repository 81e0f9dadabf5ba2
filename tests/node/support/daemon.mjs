// ringpostd as users run it, with a configuration, a socket and a folder of its own; tests/support/daemon.hpp for
// JavaScript.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Process, run, runWell, waitUntil } from './process.mjs';
import { connect, program } from './package.mjs';

export const kOneTopic = `
[instance.kafkaid]
brokers = "embedded"
topics = ["topicName"]
`;

export class Daemon {
  #process;
  #keeper;
  #environment = {};

  // Starts it and waits until `connected`, the names of instances, have a broker. With a ringpost-keeper the next one goes on with
  // what it leaves.
  static async start(configuration = kOneTopic, connected = ['kafkaid'], daemonKeys = '', { keeper = false } = {}) {
    const daemon = new Daemon();
    daemon.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ringpost-'));
    daemon.socket = path.join(daemon.folder, 'ringpost.sock');
    const file = path.join(daemon.folder, 'ringpost.toml');
    const stateDir = daemonKeys.includes('state_dir') ? '' : `state_dir = "${path.join(daemon.folder, 'state')}"\n`;
    fs.writeFileSync(file, `[daemon]\nsocket = "${daemon.socket}"\n${stateDir}log = "stderr"\n${daemonKeys}\n${configuration}`);
    daemon.file = file;
    daemon.connected = connected;
    // A copy, so that it can be replaced.
    daemon.program = path.join(daemon.folder, 'ringpostd');
    fs.copyFileSync(program('ringpostd'), daemon.program);
    if (keeper) await daemon.#startKeeper();
    await daemon.startAgain();
    return daemon;
  }

  async #startKeeper() {
    const socket = path.join(this.folder, 'keeper.sock');
    this.#keeper = new Process([program('ringpost-keeper'), '--socket', socket]);
    await waitUntil(() => fs.existsSync(socket), () => this.#keeper.errors);
    this.#environment.RINGPOST_KEEPER = socket;
  }

  async startAgain() {
    this.#process = new Process([this.program, '--config', this.file], { env: this.#environment });
    await waitUntil(async () => !this.#process.running || (await this.#answers()), () => this.log);
    if (!this.#process.running) throw new Error(`ringpostd did not start:\n${this.log}`);
    for (const name of this.connected) {
      await waitUntil(async () => (await this.status(name)).state === 'connected', () => this.log);
    }
  }

  async #answers() {
    return (await run([program('ringpost'), 'status', '--socket', this.socket])).status === 0;
  }

  get log() {
    return this.#process.errors;
  }
  get pid() {
    return this.#process.pid;
  }

  // What `ringpost status --json` says of an instance; its counts add up.
  async status(name = 'kafkaid') {
    const { instances } = JSON.parse(await runWell([program('ringpost'), 'status', '--json', '--socket', this.socket]));
    const found = instances.find((instance) => instance.name === name);
    if (found === undefined) throw new Error(`status shows no instance ${name}`);
    if (found.accepted !== found.delivered + found.waiting + found.dead_letters) {
      throw new Error(`the counts do not add up: ${JSON.stringify(found)}`);
    }
    return found;
  }

  // Until everything that was accepted is delivered, and that is so much.
  async delivered(count, name = 'kafkaid') {
    let now;
    await waitUntil(
      async () => (now = await this.status(name)).delivered === count && now.waiting === 0,
      () => `${count} delivered: ${JSON.stringify(now)}\n${this.log}`,
    );
  }

  // Everything in a topic of an embedded cluster, by partition and offset. Bytes that are not UTF-8 are Buffers.
  async consume(topic = 'topicName', name = 'kafkaid') {
    const words = ['consume', '--socket', this.socket, name, topic, '--from', 'beginning', '--until-end', '--json'];
    const lines = (await runWell([program('ringpost'), ...words])).split('\n').filter((line) => line !== '');
    return lines.map((line) => recordOf(JSON.parse(line)));
  }

  connect(options = {}) {
    return connect({ socketPath: this.socket, connectTimeoutMs: 60_000, ...options });
  }

  // Another file of that name, while the old one runs: what a package manager does.
  replaceProgram() {
    fs.copyFileSync(program('ringpostd'), `${this.program}.new`);
    fs.renameSync(`${this.program}.new`, this.program);
  }

  // SIGTERM, or another one; gives how it ended.
  stop(signal = 'SIGTERM') {
    this.#process.signal(signal);
    return this.#process.ended();
  }

  async end() {
    await this.stop();
    if (this.#keeper !== undefined) {
      this.#keeper.signal('SIGTERM');
      await this.#keeper.ended();
    }
    fs.rmSync(this.folder, { recursive: true });
  }
}

function bytesOr(object, name) {
  return object[`${name}_base64`] === undefined ? object[name] : Buffer.from(object[`${name}_base64`], 'base64');
}

function recordOf(object) {
  const headers = object.headers
    .map((header) => ({ name: header.name, value: bytesOr(header, 'value') }))
    .filter(({ name }) => name !== 'ringpost-id');
  return { partition: object.partition, offset: object.offset, key: bytesOr(object, 'key'), message: bytesOr(object, 'message'), headers };
}
