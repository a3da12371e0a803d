// A watcher that learns of logins and logouts by callbacks at once, and of the rest by polling.
//
//     npm install easemob-presence express
//     EASEMOB_WEBHOOK_SECRET=… PORT=8080 node webhook-watcher.mjs wzy c2 c3
//
// The first user asks, the others are watched. The environment says for which app: see `PresenceClient.fromEnv`. Make the
// rule for callbacks as `webhook-express.mjs` says, which lies beside this file.

import { PresenceClient, Webhook } from 'easemob-presence';

import { create } from './webhook-express.mjs';

const [asking, ...ids] = process.argv.slice(2);
const team = await PresenceClient.fromEnv().user(asking).watch(ids);
const webhook = new Webhook(process.env.EASEMOB_WEBHOOK_SECRET ?? '');
const server = create(webhook, (callback) => team.feed(callback)).listen(process.env.PORT ?? 8080, () => {
  console.log(`listening on port ${server.address().port}`);
});

for await (const { kind, userId = '', source = '' } of team) console.log(kind, userId, source);
