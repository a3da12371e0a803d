// What the Node programs of the benchmarks measure, and how. Those of Rust and Python do the same.
//
// A program is called with `CLIENT WORKLOAD CALLERS SECONDS URL CA_FILE` and writes one line of JSON. It warms up for
// half of the seconds, but as long as the compiler of this language needs, counts calls, processor time and the time of
// the JavaScript thread for the seconds, and only then, for half of the seconds, measures how late a timer of a
// millisecond is, so that the timer costs the calls nothing.

import { readFileSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';

import { threadTime } from './measure.mjs';

/** In milliseconds: what comes earlier runs code that is still to be compiled. */
const LEAST_WARM_UP = 600;

export function readJob() {
  const [client, workload, callers, seconds, url, authority] = process.argv.slice(2);
  return { client, workload, callers: Number(callers), seconds: Number(seconds), url, authority, secure: url.startsWith('https') };
}

/** Makes the workload's calls and writes down what they cost. `call` is given the caller's number. */
export async function run(job, call, close) {
  // Connections are opened before anything is counted.
  await Promise.all(Array.from({ length: job.callers }, (_, number) => call(number)));
  let calls = 0;
  let over = false;
  const caller = async (number) => {
    while (!over) {
      await call(number);
      calls += 1;
    }
  };
  const callers = Promise.all(Array.from({ length: job.callers }, (_, number) => caller(number)));
  // One that fails ends the run.
  const unlessOneFails = (ms) => Promise.race([after(ms), callers]);
  await unlessOneFails(Math.max(job.seconds * 500, LEAST_WARM_UP));
  const [before, wall, processor, thread] = [calls, performance.now(), process.cpuUsage(), threadTime()];
  await unlessOneFails(job.seconds * 1_000);
  // A slow client, or a machine that is busy with something else, is measured until each has had a call on average.
  while (calls - before < job.callers) await unlessOneFails(50);
  const [made, took, used, busy] = [calls - before, performance.now() - wall, process.cpuUsage(processor), threadTime() - thread];
  const late = job.callers > 1 ? await lateness(job.seconds * 500) : null;
  over = true;
  await callers;
  const line = {
    calls: made,
    per_second: (made / took) * 1_000,
    cpu_us: (used.user + used.system) / made,
    loop_us: busy / made,
    timer_p99_ms: late,
    peak_mb: megabytes('VmHWM'),
  };
  console.log(JSON.stringify(line));
  await close();
}

/** How late a timer of a millisecond is, the 99th of a hundred. */
async function lateness(during) {
  const late = [];
  const end = performance.now() + during;
  for (let now = performance.now(); now < end; now = performance.now()) {
    await after(1);
    late.push(performance.now() - now - 1);
  }
  late.sort((a, b) => a - b);
  return late[Math.floor((late.length * 99) / 100)];
}

/** What the system says of this process's memory. */
export function megabytes(name) {
  const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'latin1'));
  return Number(kilobytes) / 1_024;
}
