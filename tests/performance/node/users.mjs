// What one user of a read costs, in µs of processor time, by how many are read in one call: `SIZE URL`.

import { PresenceClient } from 'easemob-presence';

import { megabytes } from './support/run.mjs';

const MILLISECONDS = 500;

const [size, host] = [Number(process.argv[2]), process.argv[3]];
const ids = Array.from({ length: size }, (_, number) => `user${String(number).padStart(7, '0')}`);
const client = new PresenceClient({ host, appKey: 'org#app', clientId: 'id', clientSecret: 'secret', rateLimits: 2 ** 32 - 1 });
const user = client.user('c1');
if ((await user.getMany(ids)).size !== size) throw new Error('a user is missing');
let calls = 0;
const [began, wall] = [process.cpuUsage(), performance.now()];
while (performance.now() - wall < MILLISECONDS || calls === 0) {
  await user.getMany(ids);
  calls += 1;
}
const { user: own, system } = process.cpuUsage(began);
console.log(JSON.stringify({ cpu_us: (own + system) / calls / size, peak_mb: megabytes('VmHWM') }));
await client.close();
