// One contender in a process of its own: what it costs to start, in memory and in threads, what a call costs, and how long
// the event loop stands still while it sends. Speaks with bench.js by messages.
'use strict';

const fs = require('node:fs');
const { performance, monitorEventLoopDelay } = require('node:perf_hooks');
const contenders = require('./contenders.js');

// The page's example. A new object for each call, as a script makes it.
const event = () => ({
  message: {
    id: '123',
    status: { code: 'OK', message: 'Everything is fine!' },
    list: [1, 2, 3],
    boolean: true,
    date: new Date(),
  },
  key: 'key',
  headers: { header1: 'header1-value', header2: 'header2-value' },
});

const threads = () => Number(/^Threads:\s+(\d+)/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
const rssKb = () => Number(/^VmRSS:\s+(\d+)/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);

let contender;

// One slice of so many calls, each on an object that was made before the clock started. Nanoseconds a call; and of
// processor time, of all threads of the process, until all that was called is out of the way: what a client puts off.
async function slice({ calls }) {
  const events = Array.from({ length: calls }, event);
  const cpuBefore = process.cpuUsage();
  const begin = process.hrtime.bigint();
  for (let at = 0; at < calls; ++at) contender.call(events[at]);
  const ns = Number(process.hrtime.bigint() - begin) / calls;
  await contender.rest();
  const { user, system } = process.cpuUsage(cpuBefore);
  return { ns, cpuNs: (1000 * (user + system)) / calls };
}

// Calls at a steady rate, in ticks of 5 ms, for so long: the longest time for which the event loop stood still.
async function stall({ perSecond, ms }) {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  const begin = performance.now();
  for (let done = 0; performance.now() - begin < ms; ) {
    const due = ((performance.now() - begin) / 1000) * perSecond;
    for (; done < due; ++done) contender.call(event());
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  histogram.disable();
  await contender.rest();
  return { maxMs: histogram.max / 1e6, p99Ms: histogram.percentile(99) / 1e6 };
}

const kQuestions = {
  async start({ name, setting }) {
    const before = { threads: threads(), rssKb: rssKb() };
    const begin = performance.now();
    contender = await contenders[name](setting);
    contender.call(event());
    const ms = performance.now() - begin;
    await contender.rest();
    return { coldStartMs: ms, threadsMore: threads() - before.threads, rssMoreKb: rssKb() - before.rssKb };
  },
  slice,
  stall,
  memory: async () => ({ threads: threads(), rssKb: rssKb() }),
};

process.on('message', async ({ question, ...details }) => {
  if (question === 'stop') {
    await contender?.stop();
    process.exit(0);
  }
  try {
    process.send({ answer: await kQuestions[question](details) });
  } catch (error) {
    process.send({ failed: error.stack });
  }
});
