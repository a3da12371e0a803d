// One part of the scale run with the Node client: `scale.mjs PART HOST USERS`, one line of JSON. `make scale` runs it.

import { setTimeout as sleep } from 'node:timers/promises';

import { PresenceClient } from 'easemob-presence';

const WARM_UP = 20;
const SWEEPS = 2;
const [part, host, users] = process.argv.slice(2);

const resident = () => process.memoryUsage.rss() / 2 ** 20;

function* ids() {
  for (let n = 0; n < Number(users); n += 1) yield `user${n}`;
}

const told = (start, before, read, more) => {
  const seconds = (performance.now() - start) / 1000;
  return { read, seconds, grown_mib: resident() - before, ...more };
};

const parts = {
  async gets(user) {
    const [start, before] = [performance.now(), resident()];
    const read = await Promise.all(Array.from(ids(), (id) => user.get(id)));
    return told(start, before, read.length);
  },

  async get_many(user) {
    const [start, before] = [performance.now(), resident()];
    const read = await user.getMany(ids());
    return told(start, before, read.size);
  },

  async iter_many(user) {
    const start = performance.now();
    let [place, read, begin, most] = [0, 0, 0, 0];
    for await (const presences of user.iterMany(ids())) {
      read += presences.size;
      if (place === WARM_UP) begin = resident();
      else if (place > WARM_UP && place % 100 === 0) most = Math.max(most, resident() - begin);
      place += 1;
    }
    return { ...told(start, 0, read), grown_mib: most };
  },

  async watch(user) {
    const [start, before] = [performance.now(), resident()];
    const watcher = await user.watch(ids());
    for await (const { kind } of watcher) if (kind === 'synced') break;
    const sweep = performance.now() - start;
    // The clock is what is measured here: a sweep has no event of its own.
    await sleep(Math.max(sweep * (SWEEPS - 1), 1000));
    const stats = watcher.stats();
    const seconds = (ms) => (ms === undefined ? null : ms / 1000);
    const p = { p50: seconds(stats.refreshIntervalP50Ms), p99: seconds(stats.refreshIntervalP99Ms) };
    const result = told(start, before, watcher.occupancy().known, { ...p, polls: stats.polls });
    await watcher.close();
    return result;
  },
};

const options = part === 'iter_many' ? { rateLimits: 'off' } : {};
const client = new PresenceClient({ emulator: host, timeoutMs: 60_000, ...options });
await client.appToken();
console.log(JSON.stringify(await parts[part](client.user('wzy'))));
await client.close();
