// What a get of 100 users costs the JavaScript thread, beside what JSON.parse and mapping of the same body cost there.
//
// Figures to compare need the client on one core and the server on another (`taskset`): where the system moves them
// about, waking another core is charged to this thread and is most of what is measured.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { PresenceClient } from 'easemob-presence';

import { shown, threadTime } from './support/measure.mjs';
import { BODY, IDS } from './support/server.mjs';

const ROUNDS = 9;
const CALLS = 4_000;

const server = fork(fileURLToPath(new URL('support/server.mjs', import.meta.url)));
const [port] = await once(server, 'message');
const client = new PresenceClient({ host: `http://127.0.0.1:${port}`, appKey: 'org#app', appToken: 'token' });
const user = client.user('wzy');

/** What a careful program makes of the parsed body: numbers and dates, a map of users, lists of devices. */
function mapped(body) {
  const users = new Map();
  for (const { uid, last_time, ext, status } of JSON.parse(body).result) {
    const devices = Object.entries(status).map(([resource, number]) => ({
      resource,
      platform: resource.split('_', 1)[0],
      status: Number(number),
    }));
    const isOnline = devices.some((device) => device.status > 0);
    users.set(uid.toLowerCase(), { userId: uid, lastSeen: new Date(Number(last_time) * 1_000), ext, devices, isOnline });
  }
  return users;
}

/** Reads every field of every user and device, of either kind of answer. */
function touch(users) {
  let sum = 0;
  for (const { userId, lastSeen, ext, isOnline, devices } of users.values()) {
    sum += userId.length + lastSeen.getTime() + ext.length + Number(isOnline);
    for (const { resource, platform, status } of devices) sum += resource.length + platform.length + Number(status.number ?? status);
  }
  return sum;
}

function few(users) {
  return Number(users.get(IDS[3]).isOnline) + Number(users.get(IDS[70]).isOnline);
}

const bytes = Buffer.from(BODY);
const WAYS = {
  'JSON.parse and mapping': () => mapped(bytes.toString('utf8')),
  'JSON.parse and mapping, every field read': () => touch(mapped(bytes.toString('utf8'))),
  'get of 100, nothing read': () => user.getMany(IDS),
  'get of 100, two users read': async () => few(await user.getMany(IDS)),
  'get of 100, made plain objects': async () => (await user.getMany(IDS)).toJSON(),
  'get of 100, every field read': async () => touch(await user.getMany(IDS)),
};

async function perCall(callers, act) {
  let left = CALLS;
  const caller = async () => {
    while (left-- > 0) await act();
  };
  const begin = threadTime();
  await Promise.all(Array.from({ length: callers }, caller));
  return (threadTime() - begin) / CALLS;
}

for (const callers of [1, 64]) {
  const found = Object.fromEntries(Object.keys(WAYS).map((way) => [way, []]));
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [way, act] of Object.entries(WAYS)) {
      const cost = await perCall(callers, act);
      if (round >= 0) found[way].push(cost);
    }
  }
  for (const [way, costs] of Object.entries(found)) {
    console.log(JSON.stringify({ measure: 'JavaScript thread, µs', callers, way, rounds: ROUNDS, ...shown(costs) }));
  }
}
server.disconnect();
