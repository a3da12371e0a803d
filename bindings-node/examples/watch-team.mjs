// Watches a team: who comes, goes and changes, as it happens, and how many are there.
//
//     npm install easemob-presence
//     node watch-team.mjs wzy c2 c3 c4
//
// The first user asks, the others are watched. The environment says for which app: see `PresenceClient.fromEnv`. Ctrl-C
// ends it.

import { PresenceClient } from 'easemob-presence';

/** One line for each event. */
function line(event, team) {
  switch (event.kind) {
    case 'enter':
      return `${event.userId} ${event.initial ? 'is here' : 'came'}`;
    case 'leave':
      return `${event.userId} left`;
    case 'update':
      return `${event.userId} changed: ${event.presence.ext}`;
    case 'synced': {
      const { online, watched } = team.occupancy();
      return `${online} of ${watched} are here`;
    }
    case 'stale':
      return 'no contact: this may be old';
    case 'warning':
      return `warning: ${event.message}`;
    default:
      return event.kind;
  }
}

const [asking, ...ids] = process.argv.slice(2);
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

const client = PresenceClient.fromEnv();
const team = await client.user(asking).watch(ids, { signal: stop.signal });
for await (const event of team) console.log(line(event, team));
await client.close();
