// Programs as children of the test; conditions instead of sleeps.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export const kDeadlineMs = 60_000;

// Until the condition (which may be asynchronous) gives something true: that. Throws what `describe` says otherwise.
export async function waitUntil(condition, describe = () => condition.toString(), deadlineMs = kDeadlineMs) {
  for (const end = Date.now() + deadlineMs; ; await sleep(10)) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${deadlineMs / 1000} s: ${describe()}`);
  }
}

// A sanitizer's library is for this process alone.
const { LD_PRELOAD: _, ...environment } = process.env;

export class Process {
  output = '';
  errors = '';
  #child;
  #ended;

  constructor(command, { env = {}, cwd, input } = {}) {
    this.#child = spawn(command[0], command.slice(1), { env: { ...environment, ...env }, cwd, stdio: 'pipe' });
    this.#child.stdout.setEncoding('utf8');
    this.#child.stderr.setEncoding('utf8');
    this.#child.stdout.on('data', (data) => (this.output += data));
    this.#child.stderr.on('data', (data) => (this.errors += data));
    this.#child.stdin.on('error', () => {});
    // A test that failed must end, whatever it has left running.
    process.once('exit', this.#kill);
    for (const held of [this.#child, this.#child.stdin, this.#child.stdout, this.#child.stderr]) held.unref();
    if (input !== undefined) this.#child.stdin.end(input);
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (status, signal) => resolve(signal ?? status));
    });
    this.#ended.catch(() => {});
    this.#ended.finally(() => process.off('exit', this.#kill)).catch(() => {});
  }

  #kill = () => this.#child.kill('SIGKILL');

  get pid() {
    return this.#child.pid;
  }
  get running() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }
  write(text) {
    this.#child.stdin.write(text);
  }
  closeInput() {
    this.#child.stdin.end();
  }
  signal(name) {
    this.#child.kill(name);
  }
  // The exit code, or the name of the signal that ended it.
  ended() {
    for (const held of [this.#child, this.#child.stdout, this.#child.stderr]) held.ref();
    return this.#ended;
  }
}

// Runs a program to its end.
export async function run(command, options) {
  const child = new Process(command, { input: '', ...options });
  const status = await child.ended();
  return { status, output: child.output, errors: child.errors };
}

export async function runWell(command, options) {
  const outcome = await run(command, options);
  if (outcome.status !== 0) throw new Error(`${command.join(' ')} ended with ${outcome.status}:\n${outcome.output}${outcome.errors}`);
  return outcome.output;
}
