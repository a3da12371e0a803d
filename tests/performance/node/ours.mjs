// The workloads through the Node client: `ours` as it ships, `ours-unlimited` without the rate limiter.

import { readFileSync } from 'node:fs';

import { PresenceClient, Status } from 'easemob-presence';

import { readJob, run } from './support/run.mjs';
import { DEVICE, EXT, IDS, fewIsRight, oneIsRight, touchedIsRight } from './support/workloads.mjs';

// As it ships, the limiter does all that it always does; at this rate no call ever waits.
const RATES = { ours: 2 ** 32 - 1, 'ours-unlimited': 'off' };

const job = readJob();
const client = new PresenceClient({
  host: job.url,
  appKey: 'org#app',
  clientId: 'id',
  clientSecret: 'secret',
  rateLimits: RATES[job.client],
  rootCertificates: job.secure ? readFileSync(job.authority, 'utf8') : undefined,
});
const users = IDS.map((id) => client.user(id));

function few(presences) {
  fewIsRight(presences.get(IDS[3]).devices.length, presences.get(IDS[69]).ext);
}

function touched(presences) {
  let total = 0;
  for (const { userId, lastSeen, ext, devices } of presences.values()) {
    total += userId.length + lastSeen.getTime() / 1_000 + ext.length;
    for (const { resource, status } of devices) total += resource.length + status.number;
  }
  touchedIsRight(total);
}

const CALLS = {
  set: (caller) => users[caller].set(Status.Online, { resource: DEVICE, ext: EXT }),
  get: async (caller) => oneIsRight((await users[caller].get(IDS[caller])).devices.length),
  get100: async (caller) => few(await users[caller].getMany(IDS)),
  touched: async (caller) => touched(await users[caller].getMany(IDS)),
};

await run(job, CALLS[job.workload], () => client.close());
