// Growth of memory while `iterMany` reads a million users, and how long it takes.
//
// Usage: easemob-presence-emulator --rate off --port 8088 & node tests/performance/scale_iter_many.mjs [host] [users]

import { PresenceClient } from 'easemob-presence';

const WARM_UP = 20;
const [host = '127.0.0.1:8088', users = '1000000'] = process.argv.slice(2);

function* ids() {
  for (let n = 0; n < Number(users); n += 1) yield `user${n}`;
}

const client = new PresenceClient({ emulator: host, rateLimits: 'off', timeoutMs: 60_000 });
const start = performance.now();
let [place, read, begin, most] = [0, 0, 0, 0];
for await (const presences of client.user('wzy').iterMany(ids())) {
  read += presences.size;
  if (place === WARM_UP) begin = process.memoryUsage.rss();
  else if (place > WARM_UP && place % 100 === 0) most = Math.max(most, process.memoryUsage.rss());
  place += 1;
}
const took = ((performance.now() - start) / 1000).toFixed(1);
console.log(`node: ${read} users in ${took} s, resident memory grew by ${((most - begin) / 2 ** 20).toFixed(1)} MiB`);
await client.close();
