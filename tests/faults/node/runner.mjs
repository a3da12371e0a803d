// Makes the calls of the fault suite with the Node client.

import { make } from './call.mjs';
import { build, forget } from './client.mjs';
import { forgetPeak, now, settled } from './held.mjs';
import { read, write } from './lines.mjs';
import { failed, ms, show } from './tell.mjs';

const complaints = [];
process.on('unhandledRejection', (reason) => complaints.push(`unhandled rejection: ${reason}`));
process.on('warning', (warning) => complaints.push(`warning: ${warning}`));

async function run(job) {
  const before = now();
  forgetPeak();
  const outcomes = [];
  const began = performance.now();
  let closeMs = 0;
  let client;
  try {
    client = build(job);
  } catch (error) {
    const calls = job.phases.flatMap((phase) => phase.calls);
    outcomes.push(...calls.map((call) => failed(call.item, began, error)));
  }
  if (client !== undefined) {
    show(client);
    for (const [number, phase] of job.phases.entries()) {
      outcomes.push(...(await all(client, phase)));
      if (number + 1 < job.phases.length) {
        write({ phase_done: number });
        await read();
      }
    }
    const closing = performance.now();
    await client.close();
    closeMs = ms(closing);
    client = undefined;
  }
  forget();
  const after = await settled(before);
  return { id: job.id, outcomes, close_ms: closeMs, before, after, complaints: complaints.splice(0) };
}

/** All calls of a phase, so many at once. */
async function all(client, { concurrency, calls }) {
  const outcomes = [];
  const waiting = calls.values();
  const line = async () => {
    for (const call of waiting) outcomes.push(await make(client, call));
  };
  await Promise.all(Array.from({ length: concurrency || calls.length }, line));
  return outcomes;
}

for (let job = await read(); job !== undefined; job = await read()) {
  console.error('===', job.case);
  write(await run(job));
}
