// What one client adds to the interpreter's memory, in MB: importing it, building it, and one get of 100 users.

import { megabytes } from './support/run.mjs';
import { IDS } from './support/workloads.mjs';

const bare = megabytes('VmRSS');
const { PresenceClient } = await import('easemob-presence');
const imported = megabytes('VmRSS');
const client = new PresenceClient({ host: process.argv[2], appKey: 'org#app', clientId: 'id', clientSecret: 'secret' });
const presences = await client.user('c1').getMany(IDS);
const used = megabytes('VmRSS');
if (presences.size !== 100) throw new Error(`${presences.size} presences`);
console.log(JSON.stringify({ import: imported - bare, client: used - bare }));
await client.close();
