// Reads the presence of a million users, in memory that does not grow.
//
//     npm install easemob-presence
//     node page-users.mjs wzy 1000000
//
// The first argument is the user who asks, the second how many are asked for: user0, user1, … The environment says for
// which app: see `PresenceClient.fromEnv`.

import { PresenceClient } from 'easemob-presence';

/** Where the ids come from: a query, a file, anything that gives one after another. */
function* everyone(users) {
  for (let number = 0; number < users; number += 1) yield `user${number}`;
}

/** Users by what became of them. */
async function count(asking, users) {
  const counts = { online: 0, offline: 0, missing: 0, failed: 0 };
  const answers = asking.iterMany(everyone(users));
  for (;;) {
    try {
      for await (const presences of answers) {
        for (const { isOnline } of presences.values()) counts[isOnline ? 'online' : 'offline'] += 1;
        counts.missing += presences.missing.length;
      }
      return counts;
    } catch (error) {
      // It goes on behind the request that failed.
      console.error(String(error));
      counts.failed += error.partial?.failed.size ?? 1;
    }
  }
}

const [asking, users] = process.argv.slice(2);
const client = PresenceClient.fromEnv();
console.log(await count(client.user(asking), Number(users)));
await client.close();
