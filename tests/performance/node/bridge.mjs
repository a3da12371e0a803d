// What an await of nothing costs through the whole package: to the runtime's thread and back, with no request.
//
// Run it on one core (`taskset -c 1`): waking another one, on a virtual machine, takes several times what is measured.

import { PresenceClient } from 'easemob-presence';

import { shown } from './support/measure.mjs';

const ROUNDS = 9;
const CALLS = 100_000;

const user = new PresenceClient({ emulator: '127.0.0.1:1' }).user('wzy');

async function microsecondsPerCall(callers, calls) {
  let left = calls;
  const caller = async () => {
    while (left-- > 0) await user.unsubscribe([]);
  };
  const begin = performance.now();
  await Promise.all(Array.from({ length: callers }, caller));
  return ((performance.now() - begin) * 1_000) / calls;
}

const found = { 1: [], 64: [] };
await microsecondsPerCall(64, CALLS / 4);
for (let round = 0; round < ROUNDS; round += 1) {
  for (const callers of [1, 64]) found[callers].push(await microsecondsPerCall(callers, CALLS));
}
for (const callers of [1, 64]) {
  console.log(JSON.stringify({ measure: 'await of nothing, µs', callers, rounds: ROUNDS, ...shown(found[callers]) }));
}
